"""Compare: n outputs in, an n x n matrix of similarities in [0, 1] out.

To compare a new kind of output: write a function `(outputs, encoder) -> matrix` over non-empty outputs, add a row to
COMPARISONS. Each output is read or encoded once: n readings, then n (n - 1) / 2 comparisons of small values. The matrix
is the pairwise utility of minimum Bayes risk decoding (Kumar and Byrne, HLT-NAACL 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import Encoder, folded
from compegpt.judge.pairing import overlap_in_time, overlaps, shared_words
from compegpt.judge.perception import Hearing, Look, listen_to, look_at, mask_of
from compegpt.schema import Output
from compegpt.tasks import Comparison

T = TypeVar("T")
Matrix = NDArray[np.float64]
EDITED = 20_000
"""Edit distance looks at this many characters of each text: two of them take 10 ms."""
MASKS = 40
"""So many masks of one output are compared."""


def compare(outputs: Sequence[Output], how: Comparison, encoder: Encoder) -> Matrix:
    """Similarities, shape (n, n): symmetric, diagonal 1, in [0, 1].

    Two outputs that found nothing are alike (1), one that did and one that did not are unlike (0).
    """
    matrix = np.eye(len(outputs))
    empty = np.array([is_empty(output) for output in outputs], dtype=bool)
    matrix[np.ix_(empty, empty)] = 1.0
    found = np.flatnonzero(~empty).tolist()
    if len(found) > 1:
        similarities = COMPARISONS[how]([outputs[i] for i in found], encoder)
        matrix[np.ix_(found, found)] = np.clip((similarities + similarities.T) / 2, 0.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def is_empty(output: Mapping[str, Any]) -> bool:
    """Whether an output says "nothing found": no key of it holds anything."""
    if output.get("boxes") == [] or output.get("data") == []:
        return True
    return not any(not isinstance(value, str) or value.strip() for value in output.values() if value not in (None, []))


def _pairwise(items: Sequence[T], similar: Callable[[T, T], float]) -> Matrix:
    matrix = np.eye(len(items))
    for i, one in enumerate(items):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = similar(one, items[j])
    return matrix


def meaning(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Cosine of sentence embeddings; opposite meanings count as 0."""
    vectors = np.asarray(encoder.encode([folded(output.get("text", "")) for output in outputs]), dtype=float)
    return np.asarray(vectors @ vectors.T)


def edit(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """1 - edit distance / length of the longer text (Levenshtein), white space folded."""
    return _pairwise([folded(output.get("text", ""))[:EDITED] for output in outputs], edit_similarity)


def edit_similarity(one: str, other: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(one, other))


def _labels(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Mean of whether the top labels are equal and 1 - total variation distance of the distributions."""
    return _pairwise([_distribution(output) for output in outputs], _label_similarity)


def _distribution(output: Output) -> dict[str, float]:
    """Scores by label, best first, scaled down to a sum of 1 where they exceed it."""
    scores: dict[str, float] = {}
    for item in output.get("labels", []):
        name = str(item["label"]).strip().casefold()
        scores[name] = scores.get(name, 0.0) + max(0.0, float(item.get("score") or 0.0))
    total = max(1.0, sum(scores.values()))
    return {name: score / total for name, score in scores.items()}


def _label_similarity(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    names = one.keys() | other.keys()
    rest = abs(sum(one.values()) - sum(other.values()))  # what a list leaves out counts as a label of its own
    apart = (sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in names) + rest) / 2
    return 0.5 * (next(iter(one)) == next(iter(other))) + 0.5 * (1 - min(1.0, apart))


def _scores(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """1 - mean absolute difference."""
    def similar(one: Sequence[float], other: Sequence[float]) -> float:
        return 1 - float(np.mean(np.abs(np.subtract(one, other)))) if len(one) == len(other) else 0.0

    return _pairwise([output.get("scores", []) for output in outputs], similar)


def _vectors(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Cosine; vectors of different lengths live in different spaces and count as unlike."""
    def similar(one: Matrix, other: Matrix) -> float:
        length = float(np.linalg.norm(one) * np.linalg.norm(other))
        return float(one @ other) / length if one.shape == other.shape and length else 0.0

    return _pairwise([np.ravel(np.asarray(output.get("data", []), dtype=float)) for output in outputs], similar)


# spans and boxes


def _spans(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Soft F1 of the items' texts and labels; overlap in time where the items have no text."""
    return _pairwise([output.get("data", []) for output in outputs], _span_similarity)


def _span_similarity(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> float:
    if not any("text" in item for item in (*one, *other)) and all("end" in item for item in (*one, *other)):
        return overlap_in_time(one, other)
    return soft_f1(shared_words(one, other))


def soft_f1(matches: Matrix) -> float:
    """F1 of best matches: matches[i, j] in [0, 1] says how far item i of the one is item j of the other."""
    if matches.size == 0:
        return 0.0
    precision, recall = float(matches.max(axis=1).mean()), float(matches.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boxes(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Decoded text where both have it (codes); else F1 of boxes paired greedily by overlap, labels being equal."""
    return _pairwise(list(outputs), _boxes_similarity)


def _boxes_similarity(one: Output, other: Output) -> float:
    if one.get("text") and other.get("text"):
        lines = [{line.strip() for line in output["text"].splitlines() if line.strip()} for output in (one, other)]
        return 2 * len(lines[0] & lines[1]) / max(1, len(lines[0]) + len(lines[1]))
    boxes, others = one.get("boxes", []), other.get("boxes", [])
    shares = overlaps([item["box"] for item in boxes], [item["box"] for item in others])
    labels, names = ([item["label"].casefold() for item in items] for items in (boxes, others))
    pairs = sorted(((float(shares[i, j]), i, j) for i, j in np.argwhere(shares > 0).tolist()
                    if labels[i] == names[j]), reverse=True)
    taken: tuple[set[int], set[int]] = (set(), set())
    total = 0.0
    for shared, i, j in pairs:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            total += shared
    return 2 * total / (len(boxes) + len(others))


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / union if union > 0 else 0.0


# masks, pictures, sound


def _masks(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Best-match mean overlap of the masks, both ways."""
    def similar(one: Matrix, other: Matrix) -> float:
        shared = one @ other.T
        union = one.sum(axis=1)[:, None] + other.sum(axis=1)[None, :] - shared
        return soft_f1(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))

    return _pairwise([_stack(output) for output in outputs], similar)


def _stack(output: Output) -> Matrix:
    masks = [mask_of(item["image"]) for item in output.get("data", [])[:MASKS] if item.get("image")]
    return np.array([np.ravel(mask) for mask in masks if mask is not None], dtype=float).reshape(-1, 64 * 64)


def _pictures(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Half correlation of lightness, a quarter correlation of edges, a quarter likeness of mean colour."""
    return _pairwise([look_at(output.get("image") or output.get("video") or "") for output in outputs], _look_alike)


def _look_alike(one: Look | None, other: Look | None) -> float:
    if one is None or other is None or one.light.shape != other.light.shape:
        return 0.0
    colour = 1 - float(np.abs(one.colour - other.colour).mean())
    return (0.5 * _correlation(one.light, other.light) + 0.25 * _correlation(one.edges, other.edges) + 0.25 * colour)


def _correlation(one: Matrix, other: Matrix) -> float:
    """Pearson, negative as 0; two flat arrays are alike."""
    a, b = one.ravel() - one.mean(), other.ravel() - other.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    if length < 1e-9:
        return float(max(np.ptp(one), np.ptp(other)) < 1e-6)
    return max(0.0, float(a @ b) / length)


def _sound(outputs: Sequence[Output], encoder: Encoder) -> Matrix:
    """Equal parts of spectral shape, loudness over time, and ratio of durations."""
    return _pairwise([listen_to(output.get("audio") or "") for output in outputs], _sound_alike)


def _sound_alike(one: Hearing | None, other: Hearing | None) -> float:
    if one is None or other is None:
        return 0.0
    ratio = min(one.seconds, other.seconds) / max(one.seconds, other.seconds)
    return (_correlation(one.spectrum, other.spectrum) + _correlation(one.envelope, other.envelope) + ratio) / 3


COMPARISONS: dict[Comparison, Callable[[Sequence[Output], Encoder], Matrix]] = {
    "meaning": meaning, "edit": edit, "labels": _labels, "spans": _spans, "boxes": _boxes, "masks": _masks,
    "scores": _scores, "vectors": _vectors, "pictures": _pictures, "sound": _sound,
}
