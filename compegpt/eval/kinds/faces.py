"""Photographs of none to four frontal faces on photographed backgrounds, in ten kinds of damage.

Faces are the 100 of scikit-image's subset of Labeled Faces in the Wild (25 x 25 pixels, grey, enlarged and tinted here)
and two portraits. Development and test have different faces; some persons of the subset may be in both.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.photographs import (
    Half,
    Pixels,
    Random,
    blurred,
    clipped,
    crop,
    flat,
    half,
    jpeg,
    moved,
    noisy,
    photograph,
    resized,
    shaded,
    written,
)
from compegpt.judge.similarity import overlap
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 7_403, "test": 20_661, "fresh": 31_815}
PER_CATEGORY = 24
NO_FACE = "no face"
BACKGROUNDS: Mapping[Half, tuple[str, ...]] = {
    "dev": ("motorcycle_left", "china", "ihc", "gravel", "hubble_deep_field", "coins"),
    "test": ("chelsea", "coffee", "rocket", "flower", "brick", "grass", "retina")}
FACES: Mapping[Half, Sequence[int]] = {"dev": range(50), "test": range(50, 100)}
"""Places in the subset."""
OTHERS: Mapping[Half, Sequence[int]] = {
    "dev": range(100, 120), "test": [place for place in range(120, 140) if place not in (125, 127, 130)]}
"""Places of patches that are no faces (a few others of the subset hold parts of one)."""
COUNTED = 0.5
"""Overlap (intersection over union) from which on a face is found."""
Box = tuple[float, float, float, float]


class Portrait(NamedTuple):
    name: str
    face: tuple[int, int, int, int]
    """Box from ear to ear and from the hairline to the chin, drawn by hand, in pixels of the photograph."""
    part: tuple[int, int, int, int]
    """Box that may be seen."""


PORTRAITS: Mapping[Half, Portrait] = {"dev": Portrait("hopper", (162, 128, 376, 336), (10, 10, 500, 560)),
                                      "test": Portrait("astronaut", (172, 70, 280, 182), (20, 0, 420, 300))}


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the list of boxes x0, y0, x1, y1, empty where there is no face."""
    folder.mkdir(parents=True, exist_ok=True)
    random, material = np.random.default_rng(SEEDS[part]), half(part)
    for category in (*DAMAGE, NO_FACE):
        for number in range(PER_CATEGORY):
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            sizes = (26, 42) if category == "small" else (44, 110)
            count = 0 if category == NO_FACE else int(random.choice([1, 2, 3, 4], p=[0.45, 0.3, 0.15, 0.1]))
            angle = 30.0 if category == "rotation" else 6.0
            picture, boxes = _scene(count, material, sizes, angle, random)
            picture = DAMAGE.get(category, _as_it_is)(picture, boxes, random)
            truth = [[round(value, 1) for value in box] for box in boxes]
            yield Case(name, category, {"image": written(picture, folder / f"{name}.png")}, truth,
                       {0: "none", 1: "one face"}.get(count, "several faces"))


@functools.cache
def _patches() -> Pixels:
    """The subset, shape (200, 25, 25): 100 faces, then 100 other patches."""
    from skimage.data import lfw_subset

    return clipped(lfw_subset() * 255)  # type: ignore[no-untyped-call]


def _scene(count: int, material: Half, sizes: tuple[int, int], angle: float, random: Random
           ) -> tuple[Pixels, list[Box]]:
    """A background with faces that do not touch, other patches pasted like faces, and now and then a portrait."""
    height, width = int(random.integers(240, 321)), int(random.integers(400, 461))
    picture = crop(BACKGROUNDS[material], height, width, random)
    boxes: list[Box] = []
    taken: list[Box] = []
    if count and random.random() < 0.2:
        boxes.append(_portrayed(picture, PORTRAITS[material], sizes, random, taken))
    wanted = [True] * (count - len(boxes)) + [False] * int(random.integers(0, 3) if count else random.integers(1, 5))
    for is_face in wanted:
        side = int(random.integers(*sizes))
        patch = _patches()[int(random.choice(FACES[material] if is_face else OTHERS[material]))]
        place = _free(height, width, side, taken, random)
        if place is not None:
            _paste(picture, patch, side, place, random.uniform(-angle, angle), random)
            box = (float(place[1]), float(place[0]), float(place[1] + side), float(place[0] + side))
            taken.append(box)
            boxes += [box] if is_face else []
    return picture, boxes


def _free(height: int, width: int, side: int, taken: Sequence[Box], random: Random) -> tuple[int, int] | None:
    """Top left corner of a square that touches nothing that is taken; None where fifty tries find none."""
    for _ in range(50):
        top, left = (int(random.integers(4, length - side - 4)) for length in (height, width))
        if all(left + side < box[0] or left > box[2] or top + side < box[1] or top > box[3] for box in taken):
            return top, left
    return None


def _paste(picture: Pixels, patch: Pixels, side: int, place: tuple[int, int], angle: float, random: Random) -> None:
    """The patch, tinted like skin, turned about its middle, its rim melting into the picture."""
    large = resized(np.repeat(patch[..., None], 3, axis=2), side, side)
    tint = np.array([1.0, random.uniform(0.74, 0.88), random.uniform(0.55, 0.78)])
    light = large * tint * 1.1
    if random.random() < 0.5:
        light = light[:, ::-1]
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    stencil = np.clip((1.02 - np.maximum(abs(x), abs(y)) ** 6 - 0.12 * (x**2 + y**2)) * 4, 0, 1)
    turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), angle, 1.0)
    light = cv2.warpAffine(light, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
    stencil = cv2.warpAffine(stencil, turn, (side, side))[..., None]
    window = picture[place[0] : place[0] + side, place[1] : place[1] + side]
    window[:] = clipped(window * (1 - stencil) + light * stencil)


def _portrayed(picture: Pixels, portrait: Portrait, sizes: tuple[int, int], random: Random, taken: list[Box]) -> Box:
    """A portrait as if pinned to the picture, in its upper left or right; the box of its face."""
    x0, y0, x1, y1 = portrait.face
    factor = float(random.integers(*sizes)) / (x1 - x0)
    left, top, right, bottom = (int(side + random.uniform(0.1, 0.9) * (limit - side))
                                for side, limit in zip(portrait.face, portrait.part, strict=True))
    source = photograph(portrait.name)[top:bottom, left:right]
    high, wide = (min(int(side * factor), limit - 4) for side, limit in zip(source.shape, picture.shape[:2],
                                                                            strict=False))
    factor = min(high / source.shape[0], wide / source.shape[1])
    pinned = resized(source, int(source.shape[0] * factor), int(source.shape[1] * factor))
    face = [(x0 - left) * factor, (y0 - top) * factor, (x1 - left) * factor, (y1 - top) * factor]
    if random.random() < 0.5:
        pinned, (face[0], face[2]) = pinned[:, ::-1], (pinned.shape[1] - face[2], pinned.shape[1] - face[0])
    high, wide = pinned.shape[:2]
    at = 2 if random.random() < 0.5 else picture.shape[1] - wide - 2
    picture[2 : 2 + high, at : at + wide] = pinned
    taken.append((float(at), 2.0, float(at + wide), 2.0 + high))
    return face[0] + at, face[1] + 2, face[2] + at, face[3] + 2


# damage: picture, boxes of the faces, random numbers


def _as_it_is(picture: Pixels, boxes: Sequence[Box], random: Random) -> Pixels:
    return picture


def _covered(picture: Pixels, boxes: Sequence[Box], random: Random) -> Pixels:
    """A bar, a hand's breadth, over the mouth, the eyes or a side of each face."""
    covered = picture.copy()
    for x0, y0, x1, y1 in boxes:
        wide, high = x1 - x0, y1 - y0
        left, top, right, bottom = [(0.0, 0.66, 1.0, 1.1), (0.0, 0.2, 1.0, 0.44), (-0.1, 0.0, 0.36, 1.0),
                                    (0.3, 0.45, 0.75, 0.75)][int(random.integers(4))]
        colour = tuple(int(value) for value in random.integers(20, 236, size=3))
        cv2.rectangle(covered, (int(x0 + left * wide), int(y0 + top * high)),
                      (int(x0 + right * wide), int(y0 + bottom * high)), colour, -1)
    return covered


def _dark(picture: Pixels, boxes: Sequence[Box], random: Random) -> Pixels:
    return noisy(clipped(picture * random.uniform(0.08, 0.3)), random.uniform(2, 6), random)


DAMAGE: Mapping[str, Callable[[Pixels, Sequence[Box], Random], Pixels]] = {
    "as it is": _as_it_is, "small": _as_it_is, "rotation": _as_it_is, "dark": _dark, "covered": _covered,
    "blur": lambda picture, boxes, random: blurred(picture, random.uniform(1.5, 4.0)),
    "motion": lambda picture, boxes, random: moved(picture, int(random.integers(5, 15)), random),
    "noise": lambda picture, boxes, random: noisy(picture, random.uniform(20, 60), random),
    "shadow": lambda picture, boxes, random: shaded(picture, random.uniform(0.03, 0.3), random),
    "low contrast": lambda picture, boxes, random: noisy(
        flat(jpeg(picture, 30), random.uniform(0.06, 0.25)), random.uniform(1, 4), random),
}


def found(output: Output, truth: Sequence[Box]) -> float:
    """F1 of the faces, paired greedily, found from an overlap of COUNTED on; 1 where none was found and none is."""
    pairs = _paired(output, truth)
    count = len(output.get("boxes", []))
    if not count and not truth:
        return 1.0
    return 2 * sum(shared >= COUNTED for shared in pairs) / (count + len(truth))


def placed(output: Output, truth: Sequence[Box]) -> float:
    """Mean overlap of the paired boxes; what has no partner counts as 0; 1 where none was found and none is."""
    pairs = _paired(output, truth)
    most = max(len(output.get("boxes", [])), len(truth))
    return sum(pairs) / most if most else 1.0


def _paired(output: Output, truth: Sequence[Box]) -> list[float]:
    """Overlaps of boxes and faces, the greatest first, each box and face once."""
    shared = np.array([[overlap(box["box"], face) for face in truth] for box in output.get("boxes", [])])
    pairs = []
    while shared.size and shared.max() > 0:
        row, column = np.unravel_index(int(shared.argmax()), shared.shape)
        pairs.append(float(shared[row, column]))
        shared[row, :] = shared[:, column] = 0.0
    return pairs


KIND = Kind("face-detection", cases, {"F1 at IoU 0.5": found, "mean IoU": placed},
            "one to four frontal faces (100 small grey ones of Labeled Faces in the Wild and two portraits, 51 in "
            "dev and 51 in test) pasted on photographs in 10 kinds of damage, and pictures without a face")
