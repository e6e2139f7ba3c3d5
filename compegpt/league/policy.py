"""What follows from the league for the next competition: who competes, how many begin, how many more are sent out.

Pure functions. With nothing recorded they give the sources' own order and the usual k.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from compegpt.league.form import SURE, Form, Record, Trust, doubt
from compegpt.league.match import TIED
from compegpt.league.strength import Array, bradley_terry, wilson
from compegpt.schema import Candidate, Expert, Verdict

RANK = 0.15
"""What one place in the sources' order is worth before anything is known, in log-strength."""
TRUST = 30.0
"""Competitions of a task between several after which the noise has half its full size: nobody gambles on nothing."""
BOLD = 0.5
"""How much of what is not known is drawn: less than all of it wins more in as few competitions as a person has."""
KIN = 6.0
"""What a sibling of a chosen expert is worth less, in log-strength, unless it wins where that one does not, or both
were measured as members of one team."""
SLOW, SLOWEST = 0.1, 10.0
"""What an expert that takes e times as long is worth less, in log-strength, up to this many times the usual."""
COST = 0.1
"""What an expert of cost c is worth less per log(1 + c), in log-strength."""
HOPELESS = 0.6
"""An expert that fails at least so often, as far as is sure, rests: it stands behind all others until that fades."""
KNOWN = 10.0
"""Competitions of a task from which on fewer than k may begin."""
NEARLY = 0.9
"""An expert that gives the winning answer at least so often, as far as is sure, begins alone."""
ALONE, NEAR, OFTEN = 0.92, 40, 0.25
"""An expert needs nobody beside it where it gave the winning answer in this part of the NEAR latest in which it was
about as sure; it begins alone where it is so sure at least so OFTEN."""
EASY = 0.2
"""Where at least so many first rounds leave no doubt, two begin."""
EVEN = 0.8
"""A verdict below this confidence is doubted whatever the league says."""
TOLD = 0.8
"""Where at least so many verdicts say how likely they are right, one begins, and who follows depends on that alone."""
MORE = 0.45
"""The part of these competitions that more than one is spent on: those in which the first is least likely right."""
ENOUGH, LEAST = 20, 0.3
"""So many such beginnings tell where that part ends; a verdict below the second number is doubted anyway."""
FEW = 5
"""So many calls of an expert are worth telling."""
WIDER = 2
"""So many more than the usual k are called at most."""


def trust(form: Form, first: Expert, count: int) -> Trust:
    """What is trusted in a competition that `count` begin, `first` the first of them."""
    if form.told >= TOLD * form.competitions:
        return Trust(sure_from(form))
    return Trust(alone=alone_from(form.records.get(first.id)) if count == 1 else None)


def ordered(experts: Sequence[Expert], form: Form, chance: random.Random, team: Sequence[str] = ()) -> list[Expert]:
    """The experts in selection order, by Thompson sampling: each as strong as one draw from what is known of it.

    experts: in the order without a league, which is the prior and, with nothing recorded, the result. `chance` makes
    the draws; `team`: ids of those that were measured together (`learned.Learned.team`). O(n^3).
    """
    if not form.competitions or not experts:
        return list(experts)
    if all(expert.id in team for expert in experts):  # what the truth said counts more than what verdicts say since
        return sorted(experts, key=lambda expert: resting(form.records.get(expert.id)))
    worth = _draw(experts, form, chance)
    rests = [resting(form.records.get(expert.id)) for expert in experts]
    waiting, seen = set(range(len(experts))), set[str]()
    order: list[Expert] = []
    while waiting:
        kin = [0.0 if expert.id in team else _kinship(expert, form, seen) for expert in experts]
        best = min(waiting, key=lambda i: (rests[i], kin[i] - worth[i], i))
        waiting.remove(best)
        seen.add(experts[best].family)
        order.append(experts[best])
    return order


def _draw(experts: Sequence[Expert], form: Form, chance: random.Random) -> Array:
    """One draw of every expert's log-strength, less what its failures, its slowness and its price take off; (n)."""
    n = len(experts)
    beats = np.array([[form.beats.get((one.id, other.id), 0.0) for other in experts] for one in experts])
    strength, covariance = bradley_terry(beats, -RANK * np.arange(n, dtype=float))
    noise = np.linalg.cholesky(covariance) @ np.array([chance.gauss(0.0, 1.0) for _ in experts])
    records = [form.records.get(expert.id) for expert in experts]
    known = [record.seconds for record in records if record and record.seconds]
    usual = float(np.median(known)) if known else 0.0
    drag = np.array([_drag(expert, record, usual) for expert, record in zip(experts, records, strict=True)])
    return np.asarray(strength - drag + BOLD * noise * form.compared / (form.compared + TRUST))


def _drag(expert: Expert, record: Record | None, usual: float) -> float:
    """What an expert is worth less for failing, being slow and costing, in log-strength."""
    stands = 1.0 if record is None else (record.calls - record.failed + 4.5) / (record.calls + 5.0)
    seconds = record.seconds if record else None
    slower = min(max(seconds / usual, 1 / SLOWEST), SLOWEST) if seconds and usual else 1.0
    return SLOW * math.log(slower) + COST * math.log1p(expert.cost) - math.log(stands / 0.9 if record else 1.0)


def _kinship(expert: Expert, form: Form, seen: set[str]) -> float:
    """What being of a family that competes already takes off: all of KIN, less where it is known to win on its own."""
    if expert.family not in seen:
        return 0.0
    record = form.records.get(expert.id)
    share = record.added / (record.beside + 1.0) if record else 0.0
    return KIN * max(0.0, 1 - 4 * share)


def resting(record: Record | None) -> bool:
    """Whether it fails so surely that it had better not be called for a while."""
    return record is not None and wilson(record.failed, record.calls)[0] >= HOPELESS


def nearly_always(record: Record | None) -> bool:
    """Whether an expert gives the winning answer so surely that nobody need compete with it."""
    return record is not None and wilson(record.backed, record.played)[0] >= NEARLY


def alone_from(record: Record | None) -> float | None:
    """The confidence of its own from which on an expert needs nobody beside it: 0 where it gives nearly every winning
    answer, None where it always does.

    From the surest of its latest answers down, each with the NEAR surer ones before it, it has to have given the
    winning answer in ALONE of them. O(n log n).
    """
    if record is None:
        return None
    if nearly_always(record):
        return 0.0
    pairs = sorted(record.told, key=lambda pair: -pair[1])
    found = None
    for end in range(NEAR // 2, len(pairs) + 1):
        if end < len(pairs) and pairs[end][1] == pairs[end - 1][1]:
            continue  # of those that are as sure none is left out
        window = pairs[max(0, end - NEAR):end]
        if sum(backed for _, _, backed in window) < ALONE * len(window):
            break
        found = window[-1][1]
    return found


def width(form: Form, first: Expert, k: int) -> int:
    """How many begin, at most k: 1 where verdicts say how likely they are right or the first in order is often sure
    enough to need nobody, 2 where most verdicts are sure at once, else k."""
    if form.competitions < KNOWN:
        return k
    if form.told >= TOLD * form.competitions:
        return 1
    record = form.records.get(first.id)
    edge = alone_from(record)
    if record and edge is not None:
        sure = sum(confidence >= edge for _, confidence, _ in record.told)
        if edge == 0.0 or sure >= OFTEN * len(record.told):
            return 1
    return min(k, 2) if form.easy >= EASY * form.competitions else k


def sure_from(form: Form) -> float:
    """The confidence from which on a verdict is not doubted: so that MORE of the competitions that one begins widen."""
    if len(form.firsts) < ENOUGH:
        return SURE
    return max(LEAST, float(np.quantile(form.firsts, MORE)))


def widening(verdict: Verdict, task: str, candidates: Sequence[Candidate], k: int, trust: Trust) -> int:
    """How many more are sent out after a verdict: none where it is in no doubt; else up to k, then WIDER more.

    candidates: all that were called, judged; k: the usual number, WIDER more are the most. Where several
    families say the very same there is no doubt.
    """
    confidence, called = verdict.get("confidence"), len(candidates)
    if _unanimous(verdict, candidates):
        return 0
    if confidence is not None and trust.alone is None:
        doubted = confidence < trust.sure
    else:
        doubted = _doubted(verdict, task, candidates, trust.alone)
    return (k - called if called < k else max(0, k + WIDER - called)) if doubted else 0


def _unanimous(verdict: Verdict, candidates: Sequence[Candidate]) -> bool:
    """Whether several families stand and all say the same, so that whoever came would hardly change it."""
    families = {one["family"] for one in candidates if one["score"] is not None}
    alike = verdict["similarity"]
    return len(families) > 1 and len(alike) > 1 and all(min(line) >= TIED for line in alike)


def _doubted(verdict: Verdict, task: str, candidates: Sequence[Candidate], alone: float | None) -> bool:
    """Whether a verdict is in doubt, where the league tells from what own confidence on one needs nobody beside it."""
    confidence, called = verdict.get("confidence"), len(candidates)
    families = {one["family"] for one in candidates if one["score"] is not None}
    if not doubt(task, confidence, verdict["agreement"], len(families)):
        return False
    own = candidates[0]["confidence"] if called == 1 else None
    enough = called == 1 and alone is not None and (own or 0.0) >= alone
    return not (enough and (confidence is None or confidence >= EVEN))


def lately(record: Record | None) -> str:
    """What the league says of an expert, in a phrase; empty where it knows too little."""
    if record is None or round(record.calls) < FEW:
        return ""
    parts = [f"won {round(record.won)} of {round(record.played)} lately"] if round(record.played) else []
    if round(record.failed):
        parts.append(f"failed {round(record.failed)} of {round(record.calls)}")
    return ", ".join(parts)
