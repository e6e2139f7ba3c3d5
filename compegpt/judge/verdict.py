"""Compare, score, choose: three pure steps from candidates to a verdict.

Score = weighted mean of the log odds of the signals that apply (so that no signal buys off a bad one), with the weights
learned for the task type (`learned`). A signal that some candidates lack counts for them as the mean of
those that have it. The chosen output is always one candidate's own, unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import Encoder, folded
from compegpt.judge.fidelity import fidelity
from compegpt.judge.reasons import reason, why_none
from compegpt.judge.signals import (
    agreement,
    alignment,
    completeness,
    confidences,
    echo,
    size,
    substance,
    support,
)
from compegpt.judge.similarity import compare, is_empty
from compegpt.judge.validity import validity
from compegpt.judge.vocabulary import familiarities
from compegpt.learned import Learned, Standing, by_judgement, learned, odds, saying, worth
from compegpt.schema import Candidate, Output, Verdict
from compegpt.tasks import TASKS, TaskType

Signals = Mapping[str, float]
Weights = Mapping[str, float]

UNSURE = 0.5
"""A verdict that is less likely right than this says so: it is more often wrong than right."""
READINGS = frozenset({"ocr"})
"""Task types whose texts are read off something: how familiar the words are tells of misreadings there."""
MEASURED = frozenset({"record", "precedent"})
"""Signals that only experts have that took part in the measuring."""
COUNTED = frozenset({"edit", "boxes", "spans"})
"""Comparisons of outputs that can miss a part of what is there."""


def weights_of(task: str, compared: Sequence[Candidate] = (), known: Learned | None = None) -> Weights:
    """How much each signal counts for a task type among these candidates.

    Where one of them was never measured, what was measured of the others (`record`, `precedent`) says nothing against
    it; if that leaves nothing, the weights for its comparison hold.
    """
    known = known or learned(task)
    if all(one["expert"] in known.record for one in compared) or not known.record:
        return known.weights
    fair = {name: weight for name, weight in known.weights.items() if name not in MEASURED}
    return fair or by_judgement(task)


def score(signals: Sequence[Signals], weights: Weights) -> list[float]:
    """One score in [0, 1] for each candidate's signals: their log odds pooled, each between EDGE and 1 - EDGE.

    A logarithmic opinion pool (Genest and Zidek, Statistical Science 1, 1986): the weighted mean of the signals' log
    odds, as a probability. So .98 against .99 counts as much as .33 against .5.
    """
    known = {name: [each[name] for each in signals if name in each] for name in weights}
    used = {name: weight for name, weight in weights.items() if known[name] and weight > 0}
    if not used:
        return [1.0] * len(signals)
    usual = {name: sum(known[name]) / len(known[name]) for name in used}
    total = sum(used.values())
    pooled = (sum(weight * odds(each.get(name, usual[name])) for name, weight in used.items()) / total
              for each in signals)
    return [1 / (1 + math.exp(-value)) for value in pooled]


def choose(scores: Sequence[float]) -> int:
    """Index of the best score; the first of equals (to 9 digits), which is the order of selection."""
    best = max(scores)
    return next(index for index, value in enumerate(scores) if value > best - 1e-9)


def judge(task: str, args: Mapping[str, Any], candidates: Sequence[Candidate],
          encoder: Encoder, known: Learned | None = None) -> tuple[Verdict, list[Candidate]]:
    """The verdict over all candidates of one task, and the candidates with their signals and scores filled in.

    Candidates that failed, abstained or, where that is no answer, found nothing are out before anything is compared.
    known: what was learned about the task type, by default what the package holds.
    """
    row, known = TASKS[task], known or learned(task)
    standing = [index for index, one in enumerate(candidates) if _stands(one, row)]
    judged: list[Candidate] = [{**one, "signals": {}, "score": None} for one in candidates]
    if not standing:
        return {"winner": None, "agreement": None, "confidence": None, "unsure": False, "similarity": [],
                "reason": why_none(candidates)}, judged
    compared = [judged[index] for index in standing]
    outputs: list[Output] = [one["output"] or {} for one in compared]
    matrix = compare(outputs, row.compare, encoder)
    signals = _signals(row, known, args, compared, matrix, encoder)
    weights = weights_of(task, compared, known)
    scores = score(signals, weights)
    for one, own, value in zip(compared, signals, scores, strict=True):
        one["signals"], one["score"] = own, value
    best = choose(scores)
    agreed = signals[best].get("agreement")
    sure = known.probability(Standing(scores[best], agreed, is_empty(outputs[best]),
                                      len({one["family"] for one in compared})))
    return {"winner": compared[best]["expert"], "agreement": agreed,
            "confidence": None if sure is None else round(sure, 6), "unsure": sure is not None and sure < UNSURE,
            "similarity": [[float(value) for value in line] for line in matrix],
            "reason": reason(compared, best, weights)}, judged


def _stands(candidate: Candidate, row: TaskType) -> bool:
    if candidate["status"] == "empty":
        return row.empty_counts
    return candidate["status"] == "ok" and (row.empty_counts or not is_empty(candidate["output"] or {}))


def _signals(row: TaskType, known: Learned, args: Mapping[str, Any], compared: Sequence[Candidate],
             matrix: NDArray[np.float64], encoder: Encoder) -> list[dict[str, float]]:
    outputs: list[Output] = [one["output"] or {} for one in compared]
    families = [one["family"] for one in compared]
    empty = [is_empty(output) for output in outputs]
    record = [known.record.get(one["expert"]) for one in compared]
    sure = confidences([one["confidence"] for one in compared], families, [substance(output) for output in outputs],
                       known.confidence)
    precedent = [known.precedent.get(one["expert"], {}).get(saying(one["output"] or {}) or "") for one in compared]
    worths = _filled([next((each for each in told if each is not None), None)
                      for told in zip(sure, precedent, record, strict=True)])
    aligned = _alignments(row, args, outputs, encoder)
    texts = [output.get("text", "") for output in outputs] if row.name in READINGS else [""] * len(outputs)
    familiar = familiarities(texts, args.get("language"))
    sizes = [size(output) if row.compare in COUNTED else 0 for output in outputs]
    complete = completeness(sizes, sure)
    return [{name: round(float(value), 6) for name, value in (
        ("support", support(matrix, families, worths, index)), ("echo", echo(matrix, families, worths, index)),
        ("agreement", agreement(matrix, families, index)), ("confidence", sure[index]),
        ("weakest", _weakest(one, known)), ("record", record[index]),
        ("precedent", precedent[index]), ("alignment", aligned[index]),
        ("familiarity", familiar[index]), ("completeness", complete[index]),
        ("fidelity", None if empty[index] else fidelity(row.name, outputs[index], args)),
        ("validity", None if empty[index] else validity(row.name, row.output, outputs[index], args)),
    ) if value is not None} for index, one in enumerate(compared)]


def _filled(worths: Sequence[float | None]) -> list[float | None]:
    """What is not known to be worth anything is worth what the others are on average."""
    known = [worth for worth in worths if worth is not None]
    usual = sum(known) / len(known) if known else None
    return [usual if worth is None else worth for worth in worths]


def _weakest(candidate: Candidate, known: Learned) -> float | None:
    """How often an output is right that is so unsure of its weakest part; None where nothing was learned of that."""
    curve, weakest = known.weakest.get(candidate["family"]), candidate.get("weakest")
    return worth(weakest, curve) if curve and weakest is not None else None


def _alignments(row: TaskType, args: Mapping[str, Any], outputs: Sequence[Output],
                encoder: Encoder) -> Sequence[float | None]:
    asked = str(args.get(row.about, "")) if row.about else ""
    if not asked or len(outputs) < 2:
        return [None] * len(outputs)
    texts = [folded(output.get("text", "")) for output in outputs]
    vectors = dict(zip([asked, *texts], encoder.encode([asked, *texts]), strict=True))
    return [alignment(vectors, asked, text) for text in texts]
