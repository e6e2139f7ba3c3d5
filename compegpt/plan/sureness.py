"""How sure the embedded planner is that a plan is exactly right: a calibrated probability.

What goes wrong is a type too many or too few, a type taking the wrong thing, or something that had to be put in. A
logistic regression over how sure the network is of each was fitted on development requests (`plan.train`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from compegpt.plan.network import Network, Reading
from compegpt.plan.supplying import Supply

FEATURES = ("types", "weakest type", "arcs", "weakest arc", "more", "put in", "missing", "tasks", "unused", "long")


def features(reading: Reading, supply: Supply) -> list[float]:
    """What the confidence is made of, in the order of FEATURES."""
    chosen = {each.number for each in supply.found}
    odds = np.array([each.odds for each in supply.found])
    others = np.array([value for number, value in enumerate(reading.present) if number not in chosen])
    doubt = float(np.logaddexp(0, -odds).sum() + np.logaddexp(0, others[others > -6]).sum())
    weakest = float(min(odds.min(initial=9), -others.max(initial=-9)))
    arcs = np.abs([value for each in supply.found for value in each.odds_of.values()] or [9.0])
    files = {at for at, source in enumerate(supply.sources) if not source.is_text and source.position >= 0}
    unused = len(files - supply.used)
    return [math.log1p(doubt), weakest, math.log1p(float(np.logaddexp(0, -arcs).sum())), float(min(arcs.min(), 6)),
            float(min(abs(each.more[0]) for each in supply.found)) if supply.found else 0.0, float(supply.put_in),
            float(supply.missing), math.log(max(len(supply.tasks), 1)), float(unused > 0),
            math.log(len(reading.pieces))]


def confidence(network: Network, numbers: Sequence[float]) -> float:
    """In [0, 1], from the features of a plan."""
    fitted = network.card["confidence"]
    value = fitted["bias"] + sum(weight * number for weight, number in zip(fitted["weights"], numbers, strict=True))
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, value)))), 3)
