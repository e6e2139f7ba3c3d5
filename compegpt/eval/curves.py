"""Regressions from what was said to what it was worth: isotonic curves and a logistic one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compegpt.eval.collecting import Row
from compegpt.learned import Curve

Numbers = NDArray[np.float64]


def curves(rows: Sequence[Row], given: str, measure: str) -> dict[str, Curve]:
    """By family, what candidates' `given` (a number of theirs) is worth by a measure; families that vary in it only."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for one in row["candidates"]:
            value = one.get(given)
            if isinstance(value, float | int) and one["status"] == "ok":
                pairs.setdefault(one["family"], []).append((float(value), row["quality"][measure][one["expert"]]))
    return {family: isotonic(np.array(each)) for family, each in pairs.items() if len({x for x, _ in each}) > 2}


def isotonic(pairs: Numbers) -> Curve:
    """pairs: n x 2 (given, quality). Isotonic regression, read off smoothly at its quantiles, at most 14 points."""
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(pairs[:, 0], pairs[:, 1])
    places = np.quantile(pairs[:, 0], (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98))
    knots = np.unique(np.round([0.0, *places, 1.0], 3))
    around = [np.linspace(max(0.0, knot - 0.02), min(1.0, knot + 0.02), 9) for knot in knots]
    return tuple((float(knot), float(curve.predict(near).mean())) for knot, near in zip(knots, around, strict=True))


def logistic(rows: Numbers, right: Numbers, free: int) -> Numbers:
    """Logistic regression on targets in [0, 1], slightly regularised; all but the last `free` only count for."""
    from scipy.optimize import minimize

    def loss(coefficients: Numbers) -> tuple[float, Numbers]:
        chance = np.clip(1 / (1 + np.exp(-np.clip(rows @ coefficients, -30, 30))), 1e-9, 1 - 1e-9)
        cross = -(right * np.log(chance) + (1 - right) * np.log(1 - chance)).mean()
        slope = rows.T @ (chance - right) / len(rows) + 0.002 * coefficients
        return float(cross + 0.001 * coefficients @ coefficients), slope

    held = rows.shape[1] - free
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B",
                     bounds=[(0, None)] * held + [(None, None)] * free)
    return np.asarray(found.x)
