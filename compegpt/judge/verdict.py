"""Compare, score, choose: three pure steps from candidates to a verdict.

Score = weighted geometric mean of the signals that apply (a product, so that no signal buys off a bad one), with the
weights of the task's comparison. A signal that some candidates lack counts for them as the mean of those that have it.
The chosen output is always one candidate's own, unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import Encoder, folded
from compegpt.judge.signals import agreement, alignment, completeness, confidences, substance, support
from compegpt.judge.similarity import compare, is_empty
from compegpt.judge.validity import validity
from compegpt.judge.vocabulary import familiarities
from compegpt.schema import Candidate, Output, Verdict
from compegpt.tasks import TASKS, Comparison, TaskType

Signals = Mapping[str, float]
Weights = Mapping[str, float]

WEIGHTS: dict[Comparison, Weights] = {
    "edit": {"support": 1.0, "confidence": 2.0, "validity": 0.5, "familiarity": 0.8, "completeness": 0.5},
    "meaning": {"support": 2.0, "confidence": 0.5, "validity": 1.0, "alignment": 0.5},
    "labels": {"support": 2.0, "confidence": 1.0, "validity": 1.0},
    "spans": {"support": 2.0, "confidence": 0.5, "validity": 0.5},
    "boxes": {"support": 2.0, "confidence": 0.5, "validity": 1.0},
    "masks": {"support": 2.0, "confidence": 0.5, "validity": 1.0},
    "scores": {"support": 2.0, "confidence": 0.5, "validity": 1.0},
    "vectors": {"validity": 1.0},
    "pictures": {"support": 1.0, "confidence": 0.5, "validity": 1.0},
    "sound": {"support": 1.0, "confidence": 0.5, "validity": 1.0},
}
"""What each signal counts, by how outputs are compared. Those of `edit` were chosen on the development pictures of
benchmarks/judge.py; the others are set by judgement: agreement leads, what is unsound
loses. Vectors of different spaces cannot agree, so the first that is sound wins."""

FLOOR = 0.05
"""A signal counts at least this much: one that is 0 must not make all others meaningless."""
READINGS = frozenset({"ocr"})
"""Task types whose texts are read off something: familiarity and completeness were measured on these."""


def score(signals: Sequence[Signals], weights: Weights) -> list[float]:
    """One score in [0, 1] for each candidate's signals: their weighted geometric mean, each at least FLOOR."""
    known = {name: [each[name] for each in signals if name in each] for name in weights}
    used = {name: weight for name, weight in weights.items() if known[name] and weight > 0}
    if not used:
        return [1.0] * len(signals)
    usual = {name: sum(known[name]) / len(known[name]) for name in used}
    total = sum(used.values())
    return [math.exp(sum(weight * math.log(max(FLOOR, each.get(name, usual[name]))) for name, weight in used.items())
                     / total) for each in signals]


def choose(scores: Sequence[float]) -> int:
    """Index of the best score; the first of equals (to 9 digits), which is the order of selection."""
    best = max(scores)
    return next(index for index, value in enumerate(scores) if value > best - 1e-9)


def judge(task: str, args: Mapping[str, Any], candidates: Sequence[Candidate],
          encoder: Encoder) -> tuple[Verdict, list[Candidate]]:
    """The verdict over all candidates of one task, and the candidates with their signals and scores filled in.

    Candidates that failed, abstained or, where that is no answer, found nothing are out before anything is compared.
    """
    row = TASKS[task]
    standing = [index for index, one in enumerate(candidates) if _stands(one, row)]
    judged: list[Candidate] = [{**one, "signals": {}, "score": None} for one in candidates]
    if not standing:
        return {"winner": None, "agreement": None, "similarity": [], "reason": _why_none(candidates)}, judged
    compared = [judged[index] for index in standing]
    outputs: list[Output] = [one["output"] or {} for one in compared]
    matrix = compare(outputs, row.compare, encoder)
    signals = _signals(row, args, compared, outputs, matrix, encoder)
    scores = score(signals, WEIGHTS[row.compare])
    for one, own, value in zip(compared, signals, scores, strict=True):
        one["signals"], one["score"] = own, value
    best = choose(scores)
    return {"winner": compared[best]["expert"], "agreement": signals[best].get("agreement"),
            "similarity": [[float(value) for value in line] for line in matrix],
            "reason": _reason(compared, best, WEIGHTS[row.compare])}, judged


def _stands(candidate: Candidate, row: TaskType) -> bool:
    if candidate["status"] == "empty":
        return row.empty_counts
    return candidate["status"] == "ok" and (row.empty_counts or not is_empty(candidate["output"] or {}))


def _signals(row: TaskType, args: Mapping[str, Any], compared: Sequence[Candidate], outputs: Sequence[Output],
             matrix: NDArray[np.float64], encoder: Encoder) -> list[dict[str, float]]:
    families = [one["family"] for one in compared]
    empty = [is_empty(output) for output in outputs]
    sure = confidences([one["confidence"] for one in compared], families, [substance(output) for output in outputs])
    aligned = _alignments(row, args, outputs, encoder)
    texts = [output.get("text", "") for output in outputs] if row.name in READINGS else [""] * len(outputs)
    familiar, complete = familiarities(texts, args.get("language")), completeness(texts, sure)
    return [{name: round(float(value), 6) for name, value in (
        ("support", support(matrix, families, sure, index)), ("agreement", agreement(matrix, families, index)),
        ("confidence", sure[index]), ("alignment", aligned[index]),
        ("familiarity", familiar[index]), ("completeness", complete[index]),
        ("validity", None if empty[index] else validity(row.name, row.output, outputs[index], args)),
    ) if value is not None} for index in range(len(compared))]


def _alignments(row: TaskType, args: Mapping[str, Any], outputs: Sequence[Output],
                encoder: Encoder) -> Sequence[float | None]:
    asked = str(args.get(row.about, "")) if row.about else ""
    if not asked or len(outputs) < 2:
        return [None] * len(outputs)
    texts = [folded(output.get("text", "")) for output in outputs]
    vectors = dict(zip([asked, *texts], encoder.encode([asked, *texts]), strict=True))
    return [alignment(vectors, asked, text) for text in texts]


# the reason, in one plain sentence


def _reason(compared: Sequence[Candidate], best: int, weights: Weights) -> str:
    if len(compared) == 1:
        nothing = is_empty(compared[0]["output"] or {})
        return f"only one expert {'looked, and found nothing' if nothing else 'answered'}; nothing to compare"
    if all(is_empty(one["output"] or {}) for one in compared):
        return f"{'both' if len(compared) == 2 else f'all {len(compared)}'} found nothing"
    return (f"highest score {compared[best]['score']:.2f} of {len(compared)}: {_decided(compared, best, weights)}"
            f"{_kin(compared)}")


def _decided(compared: Sequence[Candidate], best: int, weights: Weights) -> str:
    """The signal that sets the winner apart from the runner-up most."""
    others = [one for index, one in enumerate(compared) if index != best]
    winner, second = compared[best], max(others, key=lambda one: one["score"] or 0.0)
    if (winner["score"] or 0.0) - (second["score"] or 0.0) < 1e-9:
        same = "the same" if winner["output"] == second["output"] else "an equally good"
        return f"{second['expert']} gave {same} answer, and the first in order of selection wins"
    gains = {name: weight * math.log(max(FLOOR, winner["signals"][name]) / max(FLOOR, second["signals"][name]))
             for name, weight in weights.items() if name in winner["signals"] and name in second["signals"]}
    lead = max(gains, key=lambda name: gains[name], default="")
    if not lead or gains[lead] <= 0:
        return f"ahead of {second['expert']} {second['score']:.2f}"
    return (f"decided by {lead} ({winner['signals'][lead]:.2f}; runner-up {second['expert']} "
            f"{second['signals'][lead]:.2f})")


def _kin(compared: Sequence[Candidate]) -> str:
    """Says which candidates share a vote."""
    families: dict[str, list[str]] = {}
    for one in compared:
        families.setdefault(one["family"], []).append(one["expert"].partition(":")[2] or one["expert"])
    shared = [f"{', '.join(names[:-1])} and {names[-1]} are one family and count as one vote"
              for names in families.values() if len(names) > 1]
    return "".join(f"; {sentence}" for sentence in shared)


def _why_none(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return "no expert took part"
    return "; ".join(f"{one['expert']} {_HOW[one['status']]}{': ' + one['error'][:160] if one['error'] else ''}"
                     for one in candidates)


_HOW = {"empty": "found nothing", "ok": "gave an empty answer", "abstained": "could not tell", "failed": "failed",
        "timeout": "ran out of time", "cancelled": "was not waited for"}
