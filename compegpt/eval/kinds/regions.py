"""Scenes of known regions with plain, shaded or photographed fills, spoilt or not; the truth is whose each pixel is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.photographs import Pixels, Random, blurred, flat, half, jpeg, noisy, shaded, written
from compegpt.eval.kinds.scenes import (
    LAYOUTS,
    Fills,
    Labels,
    alike,
    divided,
    filled,
    graded,
    photographed,
    plain,
    woven,
)
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 7_503, "test": 20_761, "fresh": 31_915}
PER_CATEGORY = 22


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the path of a grey PNG that holds each pixel's region."""
    folder.mkdir(parents=True, exist_ok=True)
    random, material = np.random.default_rng(SEEDS[part]), half(part)
    for category, (fills, damage) in CATEGORIES.items():
        for number in range(PER_CATEGORY):
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            layout = list(LAYOUTS)[number % len(LAYOUTS)]
            labels = divided(layout, random)
            picture = damage(filled(labels, fills(material, int(labels.max()) + 1, random)), random)
            yield Case(name, category, {"image": written(picture, folder / f"{name}.png")},
                       written(labels.astype(np.uint8), folder / f"{name}-true.png"), layout)


def _kept(picture: Pixels, random: Random) -> Pixels:
    return picture


CATEGORIES: Mapping[str, tuple[Fills, Callable[[Pixels, Random], Pixels]]] = {
    "plain": (plain, lambda picture, random: noisy(picture, random.uniform(1, 6), random)),
    "graded": (graded, lambda picture, random: noisy(picture, random.uniform(0, 5), random)),
    "texture and colour": (woven, _kept), "parts of photographs": (photographed, _kept),
    "shades of one colour": (alike, lambda picture, random: noisy(picture, random.uniform(0, 6), random)),
    "noise": (plain, lambda picture, random: noisy(picture, random.uniform(15, 45), random)),
    "blur": (plain, lambda picture, random: noisy(blurred(picture, random.uniform(1.5, 5)), 2, random)),
    "low contrast": (plain, lambda picture, random: noisy(flat(picture, random.uniform(0.08, 0.25)), 2, random)),
    "shadow": (plain, lambda picture, random: noisy(shaded(picture, random.uniform(0.25, 0.6), random), 2, random)),
    "JPEG": (woven, lambda picture, random: jpeg(picture, int(random.integers(8, 30)))),
}


# measures


def covering(output: Output, truth: str) -> float:
    """Best-match overlap (IoU) of masks and regions: harmonic mean of the two ways, each a mean over one side."""
    masks, labels = _masks(output), _labels(truth)
    masks = [mask for mask in masks if mask.shape == labels.shape and mask.any()]
    if not masks:
        return 0.0
    regions = np.array([(labels == number).ravel() for number in np.unique(labels)], dtype=float)
    found = np.array([mask.ravel() for mask in masks], dtype=float)
    shared = found @ regions.T
    both = shared / (found.sum(axis=1)[:, None] + regions.sum(axis=1)[None, :] - shared)
    precision, recall = float(both.max(axis=1).mean()), float(both.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def rand_index(output: Output, truth: str) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) over all pixels, those of no mask as one more region; at least 0."""
    from sklearn.metrics import adjusted_rand_score

    labels = _labels(truth)
    found = np.zeros(labels.shape, np.int64)
    for number, mask in enumerate(_masks(output), 1):
        if mask.shape == labels.shape:
            found[mask & (found == 0)] = number
    return max(0.0, float(adjusted_rand_score(labels.ravel(), found.ravel())))


def _labels(path: str) -> Labels:
    return np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE)).astype(np.int64)


def _masks(output: Output) -> list[NDArray[np.bool_]]:
    items: list[Mapping[str, Any]] = output.get("data") or []
    paths = [str(item.get("image", "")) for item in items]
    read = [cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in paths if path and Path(path).is_file()]
    return [np.asarray(mask) > 127 for mask in read if mask is not None]


KIND = Kind("image-segmentation", cases, {"best-match IoU": covering, "adjusted Rand index": rand_index},
            "scenes of 160 x 160 pixels with two to seven regions of known borders: plain, shaded, textured, "
            "photographed, in noise, blur, shadow")
