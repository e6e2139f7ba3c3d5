"""Criteria of different kinds as one value in [0, 1]."""

from __future__ import annotations

import math


def pooled(*criteria: tuple[float, float], centre: float, spread: float) -> float:
    """The logistic function of a sum of (weight, value); centre: the sum that counts as .5; spread: what makes it .73.

    Only differences within one competition decide, and what they are worth is learned (`eval.fitting`).
    """
    total = sum(weight * value for weight, value in criteria)
    return 1 / (1 + math.exp(-min(max((total - centre) / spread, -30.0), 30.0)))
