"""Learns from recorded competitions what the judge needs to know about a task type (`learned.json`).

1. Curves: per family, isotonic regression of an output's quality on the engine's own confidence, and of being right on
   the confidence of its weakest part. Per expert: how good it is on the whole, and when it says what it says (the
   diagonal of Dawid and Skene 1979, Applied Statistics 28).
2. Weights of the signals: those that make a soft choice (softmax of the summed log odds) as good as can be, none below
   0, with a penalty on their size that cross-validation chooses; where they are no better than the best
   expert always, it is that.
3. Confidence, where an output is right or wrong: logistic regression of being right on how the winner
   stands (`learned.Standing`), on held-out folds, and isotonic regression of what comes of it.

Every competition is learned from twice: with all experts, and with some of them drawn at random, since few compete when
it counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import Encoder
from compegpt.eval.case import Kind
from compegpt.eval.collecting import Row
from compegpt.eval.curves import curves, isotonic, logistic
from compegpt.eval.teams import headroom, team_of
from compegpt.eval.ways import Contest, contest
from compegpt.judge.similarity import is_empty
from compegpt.learned import Curve, Learned, Standing, odds, saying

Numbers = NDArray[np.float64]
SIGNALS = ("support", "echo", "confidence", "weakest", "record", "precedent", "validity", "familiarity",
           "completeness", "alignment", "fidelity")
FEWEST, MOST = 1, 5
"""How many experts a drawn competition has."""
FOLDS = 5
SEEN, SAYINGS = 4, 60
"""A saying counts as if so many more had been heard; experts that say more different things have no precedents."""
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
BY_RECORD = -1.0
"""Stands for no weights but the record's."""


@dataclass(frozen=True)
class Lesson:
    """One competition to learn from."""

    signals: Numbers
    """Log odds, candidates x SIGNALS; what a candidate lacks is the mean of those that have it."""
    quality: Numbers
    """Candidates: the measures summed, each in units of its headroom."""
    right: Numbers
    """Candidates: the measure that the confidence foretells."""
    experts: list[str]
    standing: list[Standing]
    """Candidates: how each would stand as the winner, but for its score."""


@dataclass(frozen=True)
class Fit:
    learned: dict[str, Any]
    """As it stands in learned.json."""
    penalty: float
    told: dict[float, float]
    """By penalty, what cross-validation gained, in units of headroom."""


def fitted(rows: Sequence[Row], kind: Kind, encoder: Encoder, seed: int = 0) -> Fit:
    """What is learned from rows of the development set."""
    known = _known(rows, kind)
    lessons = _lessons(rows, kind, known, encoder, np.random.default_rng(seed))
    present = np.array([bool(np.ptp(np.concatenate([one.signals[:, i] for one in lessons])) > 1e-9)
                        for i in range(len(SIGNALS))])
    folds = [np.arange(len(lessons)) // 2 % FOLDS == fold for fold in range(FOLDS)]  # both lessons of a row together
    gained = {penalty: _gained(lessons, folds, penalty, present) for penalty in (BY_RECORD, *PENALTIES)}
    told = {penalty: float(values.mean()) for penalty, values in gained.items()}
    penalty = max(PENALTIES, key=lambda each: (round(told[each], 3), each))  # of equals the strongest
    ahead = gained[penalty] - gained[BY_RECORD]
    if ahead.mean() <= 0:  # no better than the best expert always
        penalty = BY_RECORD
    weights = _weights(lessons, penalty, present)
    sure, curve = _sure(lessons, folds, penalty, present) if kind.right else ({}, ())
    told_weights = {name: round(float(weight / max(weights.sum(), 1e-9)), 4)
                    for name, weight in zip(SIGNALS, weights, strict=True) if weight > 1e-4}
    return Fit({"weights": told_weights, "confidence": _plain(known.confidence), "weakest": _plain(known.weakest),
                "record": {name: round(value, 4) for name, value in known.record.items()},
                "precedent": known.precedent, "sure": sure,
                "team": team_of(rows, kind, replace(known, weights=told_weights), encoder),
                "told": _plain({"": curve})[""]}, penalty, told)


def _plain(curves: Mapping[str, Curve]) -> dict[str, list[list[float]]]:
    return {family: [[round(x, 4), round(y, 4)] for x, y in curve] for family, curve in curves.items()}


# curves and records


def _known(rows: Sequence[Row], kind: Kind) -> Learned:
    judged = [row for row in rows if row["category"] not in kind.unjudged]
    main = next(iter(kind.measures))
    record: dict[str, list[float]] = {}
    said: dict[str, dict[str, list[float]]] = {}
    for row in judged:
        for one in row["candidates"]:
            quality = float(np.mean([row["quality"][name][one["expert"]] for name in kind.weighed]))
            record.setdefault(one["expert"], []).append(quality)
            if key := saying(one["output"] or {}):
                said.setdefault(one["expert"], {}).setdefault(key, []).append(quality)
    usual = {name: float(np.mean(each)) for name, each in record.items()}
    return Learned(dict.fromkeys(SIGNALS, 1.0), curves(judged, "confidence", main),
                   curves(judged, "weakest", kind.right or main), usual, _precedents(said, usual))


def _precedents(said: Mapping[str, Mapping[str, Sequence[float]]],
                usual: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Mean quality by expert and saying, as if SEEN more had been as usual; sayings that are a few of few."""
    return {expert: {key: round((sum(each) + SEEN * usual[expert]) / (len(each) + SEEN), 4)
                     for key, each in sorted(sayings.items())}
            for expert, sayings in said.items() if len(sayings) <= SAYINGS}


# lessons


def _lessons(rows: Sequence[Row], kind: Kind, known: Learned, encoder: Encoder,
             random: np.random.Generator) -> list[Lesson]:
    scale = {measure: headroom(rows, kind, measure) for measure in kind.weighed}
    lessons = []
    for row in rows:
        names = [one["expert"] for one in row["candidates"]]
        few = min(len(names), int(random.integers(FEWEST, MOST + 1)))
        for experts in (names, list(random.choice(names, size=few, replace=False))):
            lessons.append(_lesson(contest(row, encoder, experts, known), scale, kind.right))
    return lessons


def _lesson(one: Contest, scale: Mapping[str, float], right: str) -> Lesson:
    given = np.array([[each["signals"].get(name, np.nan) for name in SIGNALS] for each in one.standing]).reshape(
        len(one.standing), len(SIGNALS))
    has = ~np.isnan(given)
    usual = np.where(has, given, 0).sum(axis=0) / np.maximum(has.sum(axis=0), 1)
    whole = np.where(has, given, np.where(has.any(axis=0), usual, 0.5))
    families = len({each["family"] for each in one.standing})
    quality = [sum(one.quality(each["expert"], name) / unit for name, unit in scale.items()) for each in one.standing]
    return Lesson(np.vectorize(odds, otypes=[float])(whole), np.array(quality, dtype=float),
                  np.array([one.quality(each["expert"], right) if right else 0.0 for each in one.standing]),
                  [each["expert"] for each in one.standing],
                  [Standing(0.5, each["signals"].get("agreement"), is_empty(each["output"] or {}), families)
                   for each in one.standing])


# weights


def _weights(lessons: Sequence[Lesson], penalty: float, present: NDArray[np.bool_]) -> Numbers:
    """Weights of SIGNALS, at least 0: the expected quality of a softmax choice, less the penalty, at its greatest."""
    from scipy.optimize import minimize

    if penalty == BY_RECORD:
        return np.array([float(name == "record") for name in SIGNALS])
    several = [one for one in lessons if len(one.quality) > 1]

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        total, slope = 0.0, np.zeros(len(SIGNALS))
        for one in several:
            pooled = one.signals @ weights
            chance = np.exp(pooled - pooled.max())
            chance /= chance.sum()
            expected = float(chance @ one.quality)
            total -= expected
            slope -= one.signals.T @ (chance * (one.quality - expected))
        return total / len(several) + penalty * float(weights @ weights), slope / len(several) + 2 * penalty * weights

    bounds = [(0.0, None if here else 0.0) for here in present]
    found = minimize(loss, present.astype(float) * 0.5, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x) if float(np.sum(found.x)) > 1e-6 else _weights(lessons, BY_RECORD, present)


def _gained(lessons: Sequence[Lesson], folds: Sequence[NDArray[np.bool_]], penalty: float,
            present: NDArray[np.bool_]) -> Numbers:
    """Quality of the choices on held-out folds, lesson by lesson."""
    gained = np.zeros(len(lessons))
    for held in folds:
        others = [one for one, out in zip(lessons, held, strict=True) if not out]
        weights, usual = _weights(others, penalty, present), _usual(others)
        for number, one in enumerate(lessons):
            if held[number] and len(one.quality):
                by_record = np.array([usual.get(name, 0.0) for name in one.experts])
                worth = by_record if penalty == BY_RECORD else one.signals @ weights
                gained[number] = one.quality[int(np.argmax(worth))]
    return gained


def _usual(lessons: Sequence[Lesson]) -> Mapping[str, float]:
    """Mean quality by expert, of these lessons alone."""
    known: dict[str, list[float]] = {}
    for one in lessons:
        for name, quality in zip(one.experts, one.quality, strict=True):
            known.setdefault(name, []).append(float(quality))
    return {name: float(np.mean(each)) for name, each in known.items()}


# confidence


def _sure(lessons: Sequence[Lesson], folds: Sequence[NDArray[np.bool_]], penalty: float,
          present: NDArray[np.bool_]) -> tuple[dict[str, float], Curve]:
    """Coefficients of `Learned.probability`, from winners that were chosen by weights fitted without them, and what the
    chances that come of them are worth."""
    rows, right = [], []
    for held in folds:
        weights = _weights([one for one, out in zip(lessons, held, strict=True) if not out], penalty, present)
        for one, out in zip(lessons, held, strict=True):
            if not out or not len(one.quality):
                continue
            pooled = one.signals @ weights / max(float(weights.sum()), 1e-9)
            best = int(np.argmax(pooled))
            winner = replace(one.standing[best], score=1 / (1 + math.exp(-float(pooled[best]))))
            rows.append(winner.features())
            right.append(float(one.right[best]))
    features = np.array([list(row.values()) for row in rows])
    found = logistic(features, np.array(right), free=len(rows[0]) - 3)
    chances = 1 / (1 + np.exp(-features @ found))
    named = zip(rows[0], (round(float(each), 4) for each in found), strict=True)
    return dict(named), isotonic(np.stack([chances, np.array(right)], axis=1))
