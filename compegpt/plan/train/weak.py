"""Weak labels: what a network thinks of requests without plans, made surer by what is known of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from compegpt.plan.train.losses import batch, called_for, sources_of
from compegpt.plan.train.net import Net
from compegpt.plan.train.targets import Example

Floats = NDArray[np.floating[Any]]
_LONGEST = 7
"""Types of a chain whose orders are all tried."""


def labelled(example: Example, odds: Floats, shape: str | None) -> Example | None:
    """The example with types that are likely called for; None where too little is clear.

    `odds` are probabilities of types; `shape` is single, chain, dag or unknown: a single request has one task, a chain
    and a dag two or more.
    """
    order = np.argsort(-odds)
    if shape == "single":
        if odds[order[0]] < 0.2:
            return None
        soft = np.zeros_like(odds)
        soft[order[0]] = 1.0
        return replace(example, counts={int(order[0]): 1}, soft=soft)
    likely = [int(number) for number in order if odds[number] > 0.5]
    if shape in ("chain", "dag") and len(likely) < 2:
        likely = [int(number) for number in order[:2]]
        if odds[likely[1]] < 0.1:
            return None
    if not likely or ((odds > 0.25) & (odds < 0.75)).sum() > 2:
        return None
    soft = np.where(odds > 0.5, np.maximum(odds, 0.5) ** 0.5, odds**2 * 2)
    soft[likely] = np.maximum(soft[likely], 0.8)
    return replace(example, counts=dict.fromkeys(likely, 1), soft=np.clip(soft, 0, 1))


@torch.no_grad()
def with_arcs(net: Net, examples: Sequence[Example], shapes: Sequence[str | None]) -> list[Example]:
    """The examples with what their types take: a chain is the likeliest order of them all."""
    net.eval()
    made: list[Example] = []
    for start in range(0, len(examples), 32):
        some = examples[start : start + 32]
        given = batch(some)
        read = net.read(given.ids, given.mask)
        types, members = called_for(read.present, some)
        scores = net.arcs(read, types, *sources_of(some)).numpy()
        for row, example in enumerate(some):
            made.append(_connected(example, members[row], scores[row], types.shape[1], shapes[start + row]))
    return made


def _connected(example: Example, members: list[int], scores: Floats, wide: int, shape: str | None) -> Example:
    """The example with the arcs that `scores` speak for; the sources' columns begin at `wide`."""
    count = len(members)
    brings = {(members[place], source) for place in range(count) for source in range(len(example.sources))
              if scores[place, wide + source] > 0}
    if shape == "chain" and 1 < count <= _LONGEST:
        best = max(permutations(range(count)),
                   key=lambda order: sum(scores[after, before] for before, after in pairwise(order)))
        arcs = {(members[after], members[before]) for before, after in pairwise(best)}
    else:
        arcs = {(members[after], members[before]) for after in range(count) for before in range(count)
                if after != before and scores[after, before] > 0 and scores[after, before] > scores[before, after]}
    return replace(example, arcs=arcs, brings=brings)
