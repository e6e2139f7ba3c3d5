"""How good the network plans: by the measures of `eval planning`, on requests that it was not taught."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.eval.planning_scores import counts, figured, shape_of_gold, shape_of_plan
from compegpt.plan import sureness
from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.plan.network import Network
from compegpt.plan.train.export import written
from compegpt.plan.train.known import Known
from compegpt.plan.train.net import Net
from compegpt.schema import Request

THRESHOLDS: dict[str, Any] = {"threshold": 0.0, "likely": -12.0, "arc_threshold": 0.0, "sure": 1.0}
_UNFITTED = {"bias": 0.0, "weights": [0.0] * len(sureness.FEATURES)}
Floats = NDArray[np.float64]
_EXACT = 12
"""The column of `planning_scores.counts` that says whether a plan is exact."""
_NINE_IN_TEN = 0.9
Said = tuple[list[float], list[float]]
"""Of one plan: its counts, and the features of its confidence."""


def read(net: Net, rows: Sequence[Known]) -> dict[str, Said]:
    """What the network, as it would be shipped, makes of requests, by id."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        written(net, path, {**THRESHOLDS, "confidence": _UNFITTED})
        planner = EmbeddedPlanner(Network(path))
        found = {}
        for row in rows:
            request: Request = {"text": row.gold.request, "files": list(row.files), "thread": ""}
            plan, numbers = planner.looked(request, [], row.allowed)
            found[row.gold.id] = (counts(shape_of_plan(plan.tasks), shape_of_gold(row.gold)),
                                  numbers or [0.0] * len(sureness.FEATURES))
        return found


def fitted(rows: Sequence[Known], said: Mapping[str, Said]) -> dict[str, Any]:
    """The card's figures: the confidence fitted on all of `said`, and from where on nine plans in ten are right."""
    if not said:
        return {**THRESHOLDS, "confidence": _UNFITTED}
    features = np.array([said[row.gold.id][1] for row in rows])
    exact = np.array([said[row.gold.id][0][_EXACT] for row in rows])
    bias, *weights = _logistic(features, exact)
    sure = _sure_outside(rows, said)
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum(exact[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= _NINE_IN_TEN)
    limit = round(float(sure[order][enough[-1]]), 3) if len(enough) else 1.0
    return {**THRESHOLDS, "sure": limit, "confidence": {"bias": bias, "weights": weights}}


def _logistic(features: Floats, exact: Floats, ridge: float = 1.0) -> list[float]:
    """Bias and weights of a ridge logistic regression, by Newton's method on standardised features."""
    mean, scale = features.mean(0), features.std(0) + 1e-6
    x = np.concatenate([np.ones((len(features), 1)), (features - mean) / scale], 1)
    weights = np.zeros(x.shape[1])
    penalty = np.diag([0.0] + [ridge] * features.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        step = np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + penalty, x.T @ (exact - p) - penalty @ weights)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    own = weights[1:] / scale
    return [float(weights[0] - own @ mean), *map(float, own)]


def report(rows: Sequence[Known], said: Mapping[str, Said], tell: Callable[[str], None]) -> None:
    """Print the figures by source, the confidence's by five-fold cross-validation."""
    if not said:
        return
    sure = _sure_outside(rows, said)
    for source in dict.fromkeys(row.gold.source for row in rows):
        mine = np.array([row.gold.source == source for row in rows])
        numbers = np.array([said[row.gold.id][0] for row in rows])[mine]
        exact, own = numbers[:, _EXACT], sure[mine]
        most = np.argsort(-own, kind="stable")[: max(1, len(own) // 2)]
        figures = {name: figured(name, numbers).value for name in ("node F1", "edge F1", "exact")}
        figures |= {"exact among the surer half": exact[most].mean(), "calibration error": calibration(own, exact)}
        listed = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        tell(f"{source}: {len(numbers)} requests: {listed}")


def _sure_outside(rows: Sequence[Known], said: Mapping[str, Said], parts: int = 5) -> Floats:
    """How sure of each row's plan the confidence is that was fitted on the other parts."""
    features = np.array([said[row.gold.id][1] for row in rows])
    exact = np.array([said[row.gold.id][0][_EXACT] for row in rows])
    sure, part = np.zeros(len(rows)), np.arange(len(rows)) // 3 % parts
    for number in range(parts):
        bias, *weights = _logistic(features[part != number], exact[part != number])
        sure[part == number] = 1 / (1 + np.exp(-(bias + features[part == number] @ np.array(weights))))
    return sure


def calibration(sure: Floats, exact: Floats, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    at = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum(abs(exact[at == number].mean() - sure[at == number].mean()) * (at == number).mean()
                     for number in range(bins) if (at == number).any()))
