"""Every item of one list beside every item of another: words in common, time in common, surface in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Item = Mapping[str, Any]


def shared_words(one: Sequence[Item], other: Sequence[Item]) -> Matrix:
    """Dice's coefficient of the words of every two items, 0 where their labels differ; found by word, not by pair."""
    words, others = [_words(item) for item in one], [_words(item) for item in other]
    places: dict[str, list[int]] = {}
    for j, some in enumerate(others):
        for word in some:
            places.setdefault(word, []).append(j)
    shared = np.zeros((len(one), len(other)))
    for i, some in enumerate(words):
        for word in some & places.keys():
            shared[i, places[word]] += 1
    sizes = np.add.outer([len(some) for some in words], [len(some) for some in others])
    alike = np.where(sizes == 0, 1.0, 2 * shared / np.maximum(1, sizes))
    return np.where(_apart(one, other), 0.0, alike)


def _words(item: Item) -> set[str]:
    return set(str(item.get("text", item.get("label", ""))).casefold().split())


def _apart(one: Sequence[Item], other: Sequence[Item]) -> NDArray[np.bool_]:
    """Whether two items have labels that differ; items without a text are told apart by their label's words."""
    labels, names = ([item.get("label") for item in items] for items in (one, other))
    known = np.array(["label" in item and "text" in item for item in one], dtype=bool)
    differ = np.array([[a != b for b in names] for a in labels], dtype=bool).reshape(len(one), len(other))
    others_known = np.array(["label" in item for item in other], dtype=bool)
    return np.asarray(differ & known[:, None] & others_known)


def overlap_in_time(one: Sequence[Item], other: Sequence[Item]) -> float:
    """Seconds in both / seconds in either, by a sweep over the sorted edges."""
    edges = sorted([(float(item[key]), which, 1 if key == "start" else -1)
                    for which, items in enumerate((one, other)) for item in items for key in ("start", "end")])
    inside, both, either, last = [0, 0], 0.0, 0.0, 0.0
    for moment, which, step in edges:
        both += (moment - last) * (inside[0] > 0 and inside[1] > 0)
        either += (moment - last) * (inside[0] > 0 or inside[1] > 0)
        inside[which] += step
        last = moment
    return both / either if either else 1.0


def overlaps(boxes: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> Matrix:
    """Intersection over union of every two boxes x0, y0, x1, y1, shape (len(boxes), len(others))."""
    one, other = (np.array(some, dtype=float).reshape(-1, 4) for some in (boxes, others))
    sides = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    shared = np.prod(np.maximum(sides, 0.0), axis=2)
    areas, rest = (np.prod(some[:, 2:] - some[:, :2], axis=1) for some in (one, other))
    union = areas[:, None] + rest[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
