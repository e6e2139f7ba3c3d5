"""A policy played over a stream of requests: select, execute and judge as a turn does them, without the waiting.

Order, widths and verdicts are those of a turn: `league.policy`, the league itself (in memory) and `judge.verdict`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from compegpt.embed import Encoder
from compegpt.eval.world import Posed
from compegpt.judge.verdict import judge
from compegpt.league.form import Form
from compegpt.league.league import League
from compegpt.league.ledger import Ledger
from compegpt.league.match import match_of
from compegpt.league.policy import ordered, trust, widening, width
from compegpt.learned import learned
from compegpt.schema import Candidate, Expert, Result, Verdict
from compegpt.select.ranking import ranked

USUAL = 3
"""The k that adaptive widths start from."""


@dataclass(frozen=True)
class Policy:
    name: str
    k: int = USUAL
    league: bool = False
    adaptive: bool = False


POLICIES = (Policy("k = 1", 1), Policy("k = 3", 3), Policy("k = 5", 5), Policy("k = 1 + league", 1, league=True),
            Policy("k = 3 + league", 3, league=True), Policy("k = 5 + league", 5, league=True),
            Policy("adaptive k", league=False, adaptive=True),
            Policy("adaptive k + league", league=True, adaptive=True))


@dataclass(frozen=True)
class Played:
    """What a policy came to on one stream; means per request."""

    quality: float
    calls: float
    rounds: float
    """How often experts were sent out."""


@dataclass
class Bench:
    """The judge, asked once for each set of candidates of a request, however many policies want to know."""

    encoder: Encoder
    _known: dict[tuple[str, tuple[str, ...]], tuple[Verdict, list[Candidate]]] = field(default_factory=dict)

    def verdict(self, posed: Posed, experts: Sequence[Expert]) -> tuple[Verdict, list[Candidate]]:
        key = (posed.name, tuple(expert.id for expert in experts))
        if key not in self._known:
            self._known[key] = judge(posed.task, posed.args, [posed.candidates[one] for one in key[1]], self.encoder)
        return self._known[key]


def played(policy: Policy, requests: Iterable[Posed], bench: Bench, seed: int) -> Played:
    """Play all requests in turn; what the league learns from one serves the next."""
    quality = calls = rounds = count = 0.0
    chance = random.Random(seed)
    with closing(Ledger(None)) as ledger:
        league = League(ledger) if policy.league else None
        for posed in requests:
            good, called, sent = _one(policy, posed, bench, league, chance)
            quality, calls, rounds, count = quality + good, calls + called, rounds + sent, count + 1
    return Played(quality / count, calls / count, rounds / count)


def oracle(requests: Iterable[Posed]) -> Played:
    """Who knows the best expert for each request calls that one alone."""
    best = [max(posed.quality.values()) for posed in requests]
    return Played(sum(best) / len(best), 1.0, 1.0)


def _one(policy: Policy, posed: Posed, bench: Bench, league: League | None,
         chance: random.Random) -> tuple[float, int, int]:
    """The quality of the winner, the calls and the rounds that one request took."""
    form = league.form(posed.task) if league else Form()
    team = learned(posed.task).team
    order = ordered(ranked(posed.experts, team), form, chance, team)
    count = width(form, order[0], policy.k) if policy.adaptive else policy.k
    trusted = trust(form, order[0], count)
    called = _answering(posed, order, [], count)
    rounds = 1
    verdict, judged = bench.verdict(posed, called)
    first = verdict["confidence"] if count == 1 else None
    while policy.adaptive and len(called) < len(order):
        more = widening(verdict, posed.task, judged, policy.k, trusted)
        if not more:
            break
        called, rounds = _answering(posed, order, called, more), rounds + 1
        verdict, judged = bench.verdict(posed, called)
    if league is not None:
        league.ledger.add([match_of(_result(posed, verdict, judged), verdict["confidence"], rounds, first)])
    return posed.quality.get(verdict["winner"] or "", 0.0), len(called), rounds


def _answering(posed: Posed, order: Sequence[Expert], called: Sequence[Expert], count: int) -> list[Expert]:
    """Who is called once `count` more are sent out: the next in order takes the place of each that fails."""
    all_called, waiting = list(called), list(order[len(called):])
    missing = count
    while missing and waiting:
        expert = waiting.pop(0)
        all_called.append(expert)
        missing -= posed.candidates[expert.id]["status"] in ("ok", "empty", "abstained")
    return all_called


def _result(posed: Posed, verdict: Verdict, judged: list[Candidate]) -> Result:
    return {"id": 0, "task": posed.task, "status": "ok" if verdict["winner"] else "failed", "error": None, "code": None,
            "args": {}, "winner": verdict["winner"], "output": None, "agreement": verdict["agreement"], "reason": "",
            "similarity": verdict["similarity"], "candidates": judged, "started": None, "settled": None}
