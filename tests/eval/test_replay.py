from __future__ import annotations

import pytest

from compegpt.eval.replay import POLICIES, Bench, Policy, oracle, played
from compegpt.eval.world import TASK, Posed, stream, world
from compegpt.schema import Candidate, Expert
from tests.fakes import FakeEncoder

BENCH = Bench(FakeEncoder())
ADAPTIVE = Policy("adaptive k + league", league=True, adaptive=True)


def posed(name: str, **answers: str | None) -> Posed:
    """One request; experts in this order with the answer of each, None for one that fails. "yes" is right."""
    experts = [Expert(f"sim:{one}", TASK, one, "sim") for one in answers]
    candidates: dict[str, Candidate] = {f"sim:{one}": {
        "expert": f"sim:{one}", "source": "sim", "family": one, "status": "failed" if text is None else "ok",
        "output": None if text is None else {"text": text}, "confidence": None, "signals": {}, "score": None,
        "seconds": 1.0, "error": None} for one, text in answers.items()}
    quality = {f"sim:{one}": float(text == "yes") for one, text in answers.items()}
    return Posed(name, TASK, {}, experts, candidates, quality)


SPLIT = posed("split", a="yes", b="42 north", c="purple", d="yes", e="seven", f="x")
UNITED = posed("united", a="yes", b="yes", c="yes", d="no idea", e="seven", f="x")
FAULTY = posed("faulty", a=None, b="yes", c=None, d="yes", e="seven", f="x")


@pytest.mark.parametrize(("policy", "request_", "quality", "calls", "rounds"), [
    (Policy("", 1), SPLIT, 1, 1, 1), (Policy("", 3), UNITED, 1, 3, 1), (Policy("", 3), FAULTY, 1, 5, 1),
    (Policy("", 5), SPLIT, 1, 5, 1), (ADAPTIVE, UNITED, 1, 3, 1), (ADAPTIVE, SPLIT, 1, 5, 2),
], ids=["one", "three", "reserves step in", "five", "agreement needs no more", "disagreement calls for more"])
def test_what_a_policy_makes_of_one_request(policy: Policy, request_: Posed, quality: float, calls: float,
                                            rounds: float) -> None:
    found = played(policy, [request_], BENCH, 0)
    assert (found.quality, found.calls, found.rounds) == (quality, calls, rounds)


def test_the_league_learns_who_is_right() -> None:
    requests = [posed(f"learn {n}", a="42 north", b=f"wrong {n}", c="yes", d="yes", e="yes", f="x") for n in range(60)]
    assert played(ADAPTIVE, requests, BENCH, 0).quality > 0.9
    assert played(Policy("", 1), requests, BENCH, 0).quality == 0.0


def test_the_oracle_is_right_where_anybody_is() -> None:
    assert oracle([SPLIT, posed("none", a="no", b=None)]).quality == 0.5


def test_a_seed_gives_the_same_world_stream_and_result() -> None:
    assert world(3) == world(3) != world(4)
    first, second = list(stream(3, 30)), list(stream(3, 30))
    assert first == second
    for policy in POLICIES:
        assert played(policy, first, BENCH, 1) == played(policy, second, Bench(FakeEncoder()), 1)


def test_no_policy_beats_the_oracle_or_calls_more_than_there_are() -> None:
    requests = list(stream(5, 40))
    best = oracle(requests).quality
    for policy in POLICIES:
        found = played(policy, requests, BENCH, 1)
        assert found.quality <= best
        assert 1 <= found.calls <= len(requests[0].experts)
