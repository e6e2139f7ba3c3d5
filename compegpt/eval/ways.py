"""Ways to pick one expert's answer, and what each gives: single experts, the judge, what it must beat, the oracle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import Encoder, folded
from compegpt.eval.collecting import Row
from compegpt.inputs import as_text
from compegpt.judge.similarity import is_empty
from compegpt.judge.verdict import judge, score, weights_of
from compegpt.learned import Learned, learned
from compegpt.schema import Candidate, Expert, Verdict
from compegpt.select.ranking import ranked
from compegpt.tasks import TASKS

Numbers = NDArray[np.float64]
SAME = 0.8
"""Outputs that are no text and no labels say the same from this similarity on."""
JUDGE, ORACLE, RANDOM, BEST = "**judge**", "oracle", "random choice", "best single"


@dataclass(frozen=True)
class Contest:
    """One recorded competition, judged: what every way to pick picks from."""

    row: Row
    judged: Sequence[Candidate]
    """All candidates, those that stand with signals and score."""
    standing: Sequence[Candidate]
    matrix: Numbers
    """Similarities of those that stand."""
    verdict: Verdict

    def quality(self, expert: str | None, measure: str) -> float:
        """0 where there is no answer."""
        return self.row["quality"][measure].get(expert, 0.0) if expert else 0.0


def contest(row: Row, encoder: Encoder, experts: Collection[str] | None = None,
            known: Learned | None = None) -> Contest:
    """The judge's verdict on a recorded competition, or on some of its experts only."""
    taking_part = [one for one in in_order(row) if experts is None or one["expert"] in experts]
    verdict, judged = judge(row["task"], row["args"], taking_part, encoder, known)
    standing = [one for one in judged if one["score"] is not None]
    matrix = np.array(verdict["similarity"]).reshape(len(standing), len(standing))
    return Contest(row, judged, standing, matrix, verdict)


def in_order(row: Row) -> list[Candidate]:
    """The candidates in the order in which they are selected where the league knows nothing."""
    known = {one["expert"]: one for one in row["candidates"]}
    experts = [Expert(one["expert"], row["task"], one["family"], one["source"]) for one in row["candidates"]]
    return [known[expert.id] for expert in ranked(experts, learned(row["task"]).team)]


# the ways: from the candidates that stand, in order of selection, and their similarities to the index of one


def first(contest: Contest, encoder: Encoder) -> int:
    answered = (index for index, one in enumerate(contest.standing) if not is_empty(one["output"] or {}))
    return next(answered, 0)


def most_confident(contest: Contest, encoder: Encoder) -> int:
    return int(np.argmax([one["confidence"] or 0.0 for one in contest.standing]))


def majority(contest: Contest, encoder: Encoder) -> int:
    """The answer that most give, one vote each; the first of equals."""
    said = [_said(one) for one in contest.standing]
    if said[0] is None:
        return int((contest.matrix >= SAME).sum(axis=1).argmax())
    return int(np.argmax([said.count(one) for one in said]))


def cosine_medoid(contest: Contest, encoder: Encoder) -> int:
    """The paper's way: the answer whose sentence embedding is nearest to all others'.

    Pictures, masks and sounds have none: there it is the medoid by perceptual features.
    """
    answered = [index for index, one in enumerate(contest.standing) if not is_empty(one["output"] or {})]
    if not answered:
        return 0
    if TASKS[contest.row["task"]].output in ("masks", "image", "audio", "video"):
        return int(answered[int(contest.matrix[np.ix_(answered, answered)].sum(axis=1).argmax())])
    texts = [folded(as_text(contest.standing[index]["output"] or {})) for index in answered]
    vectors = np.asarray(encoder.encode(texts), dtype=float)
    return answered[int((vectors @ vectors.T).sum(axis=1).argmax())]


def _said(candidate: Candidate) -> str | None:
    """What counts as the same answer; None for an output that has no words."""
    output: Mapping[str, Any] = candidate["output"] or {}
    if output.get("labels"):
        return str(output["labels"][0]["label"]).casefold()
    return folded(output["text"]) if "text" in output else None


WAYS: dict[str, Callable[[Contest, Encoder], int]] = {
    "majority vote": majority, "first that answers": first, "max confidence": most_confident,
    "cosine medoid (the paper's)": cosine_medoid}


def qualities(contests: Sequence[Contest], measure: str, encoder: Encoder) -> dict[str, Numbers]:
    """By name, the quality of every single expert, way, judge and oracle, case by case."""
    table: dict[str, list[float]] = {}
    experts = dict.fromkeys(each["expert"] for one in contests for each in one.judged)
    for one in contests:
        known = [one.quality(each["expert"], measure) for each in one.standing]
        found = {expert.partition(":")[2]: one.quality(expert, measure) for expert in experts}
        found[RANDOM] = float(np.mean(known)) if known else 0.0
        found |= {name: known[pick(one, encoder)] if known else 0.0 for name, pick in WAYS.items()}
        found |= {JUDGE: one.quality(one.verdict["winner"], measure), ORACLE: max(known, default=0.0)}
        for name, value in found.items():
            table.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in table.items()}


def without(contests: Sequence[Contest], measure: str, signal: str) -> Numbers:
    """Quality of the judge's choice where one signal is taken away."""
    left = {name: weight for name, weight in weights_of(contests[0].row["task"]).items() if name != signal}
    return _rescored(contests, measure, left)


def alone(contests: Sequence[Contest], measure: str, signal: str) -> Numbers:
    """Quality of the choice by one signal only."""
    return _rescored(contests, measure, {signal: 1.0})


def _rescored(contests: Sequence[Contest], measure: str, weights: Mapping[str, float]) -> Numbers:
    chosen = []
    for one in contests:
        scores = score([each["signals"] for each in one.standing], weights) if one.standing else []
        chosen.append(one.quality(one.standing[int(np.argmax(scores))]["expert"], measure) if scores else 0.0)
    return np.array(chosen)
