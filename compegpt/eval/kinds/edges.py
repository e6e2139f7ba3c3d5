"""Scenes whose regions are known, for finders of edges; the truth is where two regions meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.photographs import Pixels, Random, blurred, flat, half, jpeg, noisy, shaded, written
from compegpt.eval.kinds.scenes import LAYOUTS, Fills, Labels, alike, divided, filled, graded, plain, woven
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 7_603, "test": 20_861, "fresh": 32_015}
PER_CATEGORY = 24
NEAR = 2
"""Pixels that an edge may lie beside the true one."""
Lines = NDArray[np.bool_]


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the path of a grey PNG with the edges in white, one to two pixels wide."""
    folder.mkdir(parents=True, exist_ok=True)
    random, material = np.random.default_rng(SEEDS[part]), half(part)
    for category, (fills, damage) in CATEGORIES.items():
        for number in range(PER_CATEGORY):
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            layout = list(LAYOUTS)[number % len(LAYOUTS)]
            labels = divided(layout, random)
            picture = damage(filled(labels, fills(material, int(labels.max()) + 1, random)), random)
            yield Case(name, category, {"image": written(picture, folder / f"{name}.png")},
                       written(borders(labels).astype(np.uint8) * 255, folder / f"{name}-true.png"), layout)


def borders(labels: Labels) -> Lines:
    """Pixels whose right or lower neighbour belongs to another region."""
    lines = np.zeros(labels.shape, bool)
    lines[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    lines[:-1] |= labels[:-1] != labels[1:]
    return lines


CATEGORIES: Mapping[str, tuple[Fills, Callable[[Pixels, Random], Pixels]]] = {
    "plain": (plain, lambda picture, random: noisy(picture, random.uniform(1, 6), random)),
    "graded": (graded, lambda picture, random: noisy(picture, random.uniform(1, 6), random)),
    "shades of one colour": (alike, lambda picture, random: noisy(picture, random.uniform(1, 6), random)),
    "texture": (woven, lambda picture, random: picture),
    "light noise": (plain, lambda picture, random: noisy(picture, random.uniform(10, 25), random)),
    "heavy noise": (plain, lambda picture, random: noisy(picture, random.uniform(30, 60), random)),
    "blur": (plain, lambda picture, random: noisy(blurred(picture, random.uniform(1.5, 4)), 3, random)),
    "low contrast": (plain, lambda picture, random: noisy(flat(picture, random.uniform(0.06, 0.2)), 2, random)),
    "shadow": (plain, lambda picture, random: noisy(shaded(picture, random.uniform(0.2, 0.6), random), 3, random)),
    "JPEG": (plain, lambda picture, random: jpeg(noisy(picture, 6, random), int(random.integers(6, 25)))),
}


def boundary_f1(output: Output, truth: str) -> float:
    """F1 of the line pixels; one counts where the other picture has one within NEAR pixels (Martin et al. 2004)."""
    return _f1(output, truth, NEAR)


def boundary_f1_strict(output: Output, truth: str) -> float:
    """The same within one pixel."""
    return _f1(output, truth, 1)


def _f1(output: Output, truth: str, near: float) -> float:
    """Lines are what is at least half white; 0 for no line, no picture, or one in another size."""
    found, wanted = lines_of(output.get("image", "")), lines_of(truth)
    if found is None or wanted is None or found.shape != wanted.shape or not found.any() or not wanted.any():
        return 0.0
    precision = float((_distance(wanted)[found] <= near).mean())
    recall = float((_distance(found)[wanted] <= near).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def lines_of(path: str) -> Lines | None:
    """Where a picture is at least half white; None where it cannot be read."""
    picture = cv2.imread(path, cv2.IMREAD_GRAYSCALE) if path and Path(path).is_file() else None
    return None if picture is None else np.asarray(picture) >= 128


def _distance(lines: Lines) -> NDArray[np.float32]:
    """Of each pixel to the nearest line."""
    return np.asarray(cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


KIND = Kind("canny-control", cases,
            {"boundary F1 (2 pixels)": boundary_f1, "boundary F1 (1 pixel)": boundary_f1_strict},
            "scenes of 160 x 160 pixels with known regions, plain, shaded, textured, in noise, blur, shadow: edges "
            "against the borders of the regions")
