"""Intervals by resampling: Efron, Bootstrap methods, Annals of Statistics 7 (1979)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
RESAMPLES = 4000
LEVEL = 95.0
"""Per cent."""


def interval(values: Numbers, of: Callable[[Numbers], Numbers] | None = None, resamples: int = RESAMPLES,
             seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean over cases, or of `of` (drawn means, resamples x columns -> resamples).

    values: n, or n x columns where `of` combines several means of the same cases (paired). Nan where there is nothing
    to take the mean of.
    """
    if len(values) == 0:
        return (float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(resamples, len(values)))
    means = np.stack([values[rows].mean(axis=0) for rows in drawn]) if values.ndim > 1 else values[drawn].mean(axis=1)
    told = of(means) if of else means
    known = told[~np.isnan(told)]
    if len(known) == 0:
        return (float("nan"), float("nan"))
    edge = (100 - LEVEL) / 2
    low, high = np.percentile(known, (edge, 100 - edge))
    return float(low), float(high)
