"""From recorded competitions to figures: how good each way to pick is, what the judge gains of the headroom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compegpt.embed import Encoder
from compegpt.eval.bootstrap import Numbers, interval
from compegpt.eval.report import Table, between, figure
from compegpt.eval.ways import BEST, JUDGE, ORACLE, RANDOM, WAYS, Contest, alone, qualities, without
from compegpt.judge.verdict import weights_of

BINS = 10
"""At most, for the expected calibration error."""


@dataclass(frozen=True)
class Scores:
    """How every way to pick fares on one measure."""

    measure: str
    by_name: Mapping[str, Numbers]
    """Quality case by case: single experts, ways, judge, oracle."""

    @property
    def experts(self) -> list[str]:
        return [name for name in self.by_name if name not in (*WAYS, JUDGE, ORACLE, RANDOM)]

    @property
    def best(self) -> str:
        """The expert that is best on these very cases: what it takes hindsight to know."""
        return max(self.experts, key=lambda name: float(self.by_name[name].mean()))

    @property
    def headroom(self) -> float:
        """What the oracle gains over the best single expert."""
        return float((self.by_name[ORACLE] - self.by_name[self.best]).mean())

    @property
    def headroom_interval(self) -> tuple[float, float]:
        return interval(self.by_name[ORACLE] - self.by_name[self.best])

    def gain(self, name: str = JUDGE) -> float:
        """Of the headroom, the share that a way gains; nan where there is no headroom."""
        return _share(float((self.by_name[name] - self.by_name[self.best]).mean()), self.headroom)

    def gain_interval(self, name: str = JUDGE) -> tuple[float, float]:
        both = np.stack([self.by_name[name] - self.by_name[self.best],
                         self.by_name[ORACLE] - self.by_name[self.best]], axis=1)
        return interval(both, lambda means: np.divide(means[:, 0], means[:, 1], out=np.full(len(means), np.nan),
                                                      where=means[:, 1] > 1e-9))

    def over(self, other: str, name: str = JUDGE) -> tuple[float, float]:
        """95 % paired interval of what a way has over another."""
        return interval(self.by_name[name] - self.by_name[other])


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 1e-9 else float("nan")


def scores_of(contests: Sequence[Contest], measure: str, encoder: Encoder) -> Scores:
    return Scores(measure, qualities(contests, measure, encoder))


def standings(title: str, all_scores: Sequence[Scores]) -> Table:
    """One row per expert and way: mean quality and its interval, and what it has over the best single expert."""
    columns = ["", *(column for scores in all_scores for column in (scores.measure, "95 %", "over the best single"))]
    names = [*all_scores[0].experts, BEST, RANDOM, *WAYS, JUDGE, ORACLE]
    rows = [(name, *(cell for scores in all_scores for cell in _cells(scores, name))) for name in names]
    return Table(title, tuple(columns), rows, " ".join(map(_told, all_scores)))


def _cells(scores: Scores, name: str) -> tuple[str, str, str]:
    values = scores.by_name[scores.best if name == BEST else name]
    apart = scores.best if name == BEST else ("best" if name == scores.best else
                                              between(scores.over(scores.best, name), signed=True))
    return figure(float(values.mean())), between(interval(values)), apart


def _told(scores: Scores) -> str:
    low, high = scores.headroom_interval
    room = f"{scores.measure[:1].upper()}{scores.measure[1:]}: the oracle gains {scores.headroom:.3f} ({low:.3f} to " \
           f"{high:.3f}) over the best single expert"
    if scores.headroom < 1e-9:
        return f"{room}: there is no headroom."
    return f"{room}; of that the judge gains {scores.gain():.0%} ({_per_cent(scores.gain_interval())})."


def _per_cent(edges: tuple[float, float]) -> str:
    if edges[0] != edges[0]:
        return "unknown"
    return f"{edges[0]:.0%} to {edges[1]:.0%}"


def ablation(title: str, contests: Sequence[Contest], measures: Sequence[str]) -> Table:
    """What the judge's choice is worth without each of its signals, and by each alone."""
    weights = weights_of(contests[0].row["task"])
    rows: list[tuple[str, ...]] = []
    full = {measure: without(contests, measure, "") for measure in measures}
    rows.append(("all signals", *(cell for one in measures for cell in (figure(float(full[one].mean())), ""))))
    for name, weight in weights.items():
        if weight <= 0:
            continue
        for label, taken in ((f"without {name}", without), (f"only {name}", alone)):
            values = {measure: taken(contests, measure, name) for measure in measures}
            rows.append((label, *(cell for one in measures for cell in (
                figure(float(values[one].mean())), between(interval(values[one] - full[one]), signed=True)))))
    rows.sort(key=lambda row: (row[0].startswith("only"), row[0].startswith("without")))
    return Table(title, ("", *(cell for one in measures for cell in (one, "less all signals, 95 %"))), rows)


def by_group(title: str, contests: Sequence[Contest], measures: Sequence[str], encoder: Encoder) -> Table:
    """Mean quality of the best single expert, judge and oracle by category and by group of the cases."""
    rows = []
    whole = {measure: scores_of(contests, measure, encoder) for measure in measures}
    for key in ("category", "group"):
        for value in dict.fromkeys(one.row[key] for one in contests):
            here = np.array([one.row[key] == value for one in contests])
            if not value:
                continue
            cells = []
            for measure in measures:
                own = Scores(measure, {name: values[here] for name, values in whole[measure].by_name.items()})
                cells += [figure(float(own.by_name[name].mean())) for name in (whole[measure].best, JUDGE, ORACLE)]
            rows.append((str(value), str(int(here.sum())), *cells))
    names = (f"best single, {measure}" if which == "best" else f"{which}" for measure in measures
             for which in ("best", "judge", "oracle"))
    return Table(title, ("", "cases", *names), rows)


@dataclass(frozen=True)
class Reliability:
    """Whether the confidence the judge reports is worth what it says."""

    error: float
    """Expected calibration error: mean distance of confidence and quality over BINS bins of about equal size."""
    edges: tuple[float, float]
    bins: list[tuple[float, float, int]]
    """Mean confidence, mean quality, cases."""
    abstained: float
    """Share of the verdicts that say not to rely on them."""
    right_then: float
    """Mean quality of those, and of the others."""
    right_else: float


def reliability(contests: Sequence[Contest], measure: str) -> Reliability | None:
    """None where the kind has no calibrated confidence."""
    told = [(one.verdict["confidence"], one.quality(one.verdict["winner"], measure), one.verdict["unsure"])
            for one in contests]
    known = np.array([(sure, right, unsure) for sure, right, unsure in told if sure is not None], dtype=float)
    if len(known) == 0:
        return None
    bins = _bins(known)
    unsure = known[:, 2] > 0
    return Reliability(
        _calibration_error(known), _error_interval(known),
        [(float(part[:, 0].mean()), float(part[:, 1].mean()), len(part)) for part in bins], float(unsure.mean()),
        float(known[unsure, 1].mean()) if unsure.any() else float("nan"),
        float(known[~unsure, 1].mean()) if (~unsure).any() else float("nan"))


def _bins(known: Numbers) -> list[Numbers]:
    """Rows by confidence in at most BINS bins of about equal size; equal confidences share one."""
    edges = np.unique(np.quantile(known[:, 0], np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.digitize(known[:, 0], edges)
    return [known[place == number] for number in np.unique(place)]


def _calibration_error(known: Numbers) -> float:
    return float(sum(len(part) * abs(part[:, 0].mean() - part[:, 1].mean()) for part in _bins(known)) / len(known))


def _error_interval(known: Numbers, resamples: int = 500) -> tuple[float, float]:
    random = np.random.default_rng(0)
    drawn = [_calibration_error(known[random.integers(0, len(known), len(known))]) for _ in range(resamples)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def as_record(scores: Sequence[Scores], sure: Reliability | None) -> dict[str, Any]:
    """The figures as plain data."""
    told: dict[str, Any] = {"measures": {}, "confidence": None}
    for one in scores:
        told["measures"][one.measure] = {
            "quality": {name: {"mean": float(values.mean()), "interval": interval(values)}
                        for name, values in one.by_name.items()},
            "best_single": one.best, "headroom": one.headroom, "headroom_interval": one.headroom_interval,
            "judge_gains": one.gain(), "judge_gains_interval": one.gain_interval(),
            "judge_over_best_single": one.over(one.best), "judge_over_max_confidence": one.over("max confidence")}
    if sure is not None:
        told["confidence"] = {"expected_calibration_error": sure.error, "interval": sure.edges, "bins": sure.bins,
                              "abstained": sure.abstained, "quality_when_abstained": sure.right_then,
                              "quality_otherwise": sure.right_else}
    return told
