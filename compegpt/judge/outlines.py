"""How well regions, edges and strokes explain the picture they were found in (`judge.fidelity`), without a reference.

Pictures are looked at with at most LONGEST pixels on their longer side. Slopes are in grey levels per pixel.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.judge.pooling import pooled
from compegpt.media.render import load, opencv, within
from compegpt.schema import Output

Args = Mapping[str, Any]
Plane = NDArray[np.float32]
Marks = NDArray[np.bool_]

LONGEST = 320
BESIDE = 2
"""Pixels that a line may lie beside the slope it marks."""


@dataclass(frozen=True)
class Scene:
    """What is asked of the picture in which something was found, each height x width."""

    lab: Plane
    """Lightness and colour, x 3, 8 bits each."""
    features: Plane
    """What regions differ in, x 5: smoothed `lab` and the log strength of the texture at two scales."""
    fine: Plane
    """Slope after a blur of 1 pixel (Di Zenzo 1986: all channels together)."""
    middle: Plane
    """After 1.5 pixels."""
    coarse: Plane
    """After 2 pixels."""
    contour: Marks
    """Where `middle` slopes are greatest across, and strong (Otsu 1979)."""
    dark: Plane
    """How much darker than what is within 7 pixels (a black hat: closing less picture)."""
    usual: float
    """Median over the picture of the variance of `lab` within 7 x 7 pixels: noise and texture."""


@functools.lru_cache(maxsize=4)
def _scene(path: str, changed: float) -> Scene:
    cv2 = opencv()
    picture, _ = within(load(path), LONGEST)
    pixels, lab = picture.astype(np.float32), cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    light = pixels.mean(axis=2)
    spread = (cv2.blur(lab * lab, (7, 7)) - cv2.blur(lab, (7, 7)) ** 2).sum(axis=2)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
    dark = cv2.morphologyEx(cv2.GaussianBlur(light, (0, 0), 1), cv2.MORPH_BLACKHAT, disc)
    features = np.dstack([cv2.GaussianBlur(lab, (0, 0), 2), 15 * _texture(light, 1.5, 3), 15 * _texture(light, 4, 4)])
    return Scene(lab, features, _slope(pixels, 1), _slope(pixels, 1.5), _slope(pixels, 2),
                 _contour(pixels), dark,
                 float(np.median(spread)) + 1)


def _texture(light: Plane, fine: float, around: float) -> Plane:
    cv2 = opencv()
    rest = light - cv2.GaussianBlur(light, (0, 0), fine)
    return np.asarray(np.log(np.sqrt(cv2.GaussianBlur(rest * rest, (0, 0), around)) + 1))


def _tensor(pixels: Plane, blur: float) -> tuple[Plane, Plane, Plane]:
    cv2 = opencv()
    smooth = cv2.GaussianBlur(pixels, (0, 0), blur)
    across, down = cv2.Sobel(smooth, -1, 1, 0) / 8, cv2.Sobel(smooth, -1, 0, 1) / 8
    return (across * across).sum(axis=2), (down * down).sum(axis=2), (across * down).sum(axis=2)


def _slope(pixels: Plane, blur: float) -> Plane:
    across, down, _ = _tensor(pixels, blur)
    return np.asarray(np.sqrt(across + down))


def _contour(pixels: Plane) -> Marks:
    """Ridges of the colour gradient (Di Zenzo 1986, Canny 1986) on the stronger side of Otsu's threshold of its log."""
    cv2 = opencv()
    across, down, both = _tensor(pixels, 1.5)
    strength = np.sqrt((across + down + np.sqrt((across - down) ** 2 + 4 * both**2)) / 2)
    angle = np.arctan2(2 * both, across - down) / 2
    y, x = np.mgrid[0 : strength.shape[0], 0 : strength.shape[1]].astype(np.float32)
    beside = [cv2.remap(strength, x + step * np.cos(angle), y + step * np.sin(angle), cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE) for step in (1, -1)]
    ridge = (strength >= beside[0]) & (strength >= beside[1])
    return np.asarray(ridge & _strong(np.log(strength + 0.05), ridge))


def _strong(values: Plane, where: Marks) -> Marks:
    """Above Otsu's threshold of the values at some places."""
    cv2 = opencv()
    low, high = (float(edge) for edge in np.percentile(values[where], (0, 100)))
    grey = np.clip((values - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(grey[where].reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    return np.asarray(grey > threshold)


def _seen(args: Args) -> Scene | None:
    path = str(args.get("image", ""))
    try:
        return _scene(path, Path(path).stat().st_mtime)
    except (InputError, OSError):
        return None


def _bright(path: str, size: tuple[int, int], thin: bool) -> Marks | None:
    """Where a picture is light, in (height, width) as given; thin lines are kept where it is shrunk."""
    cv2 = opencv()
    try:
        light = cv2.cvtColor(load(path), cv2.COLOR_RGB2GRAY)
    except (InputError, OSError):
        return None
    factor = size[0] / light.shape[0]
    if light.shape == size:
        return np.asarray(light > 127)
    small = cv2.resize(light, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small > 127 * (min(1.0, factor) if thin else 1.0))


def _distance(marks: Marks) -> Plane:
    """Of each pixel to the nearest mark."""
    cv2 = opencv()
    return np.asarray(cv2.distanceTransform((~marks).astype(np.uint8), cv2.DIST_L2, 3))


# edges and strokes


def edges(output: Output, args: Args) -> float | None:
    """Lines lie on the picture's contours, have more of its slopes than so much of it would, and miss no steep one.

    Supervised by the picture's own gradient, as Pratt (1978) and Heath et al. (1997) have it for human judges.
    """
    scene = _seen(args)
    marks = _bright(output.get("image", ""), scene.fine.shape, thin=True) if scene else None
    if scene is None or marks is None:
        return None
    if not marks.any():
        return 0.0
    away = _distance(marks)
    power = scene.coarse**2
    lift = float(power[away <= BESIDE].sum() / (power.sum() + 1e-6)) - float((away <= BESIDE).mean())
    on = float((_distance(scene.contour)[marks] <= BESIDE).mean())
    rest = scene.fine[away > 2 * BESIDE] if (away > 2 * BESIDE).any() else scene.fine.ravel()
    missed = float(np.log((np.quantile(rest, 0.99) + 0.1) / (np.median(scene.fine) + 0.3)))
    return pooled((16, lift), (11, on), (-0.5, missed), centre=20, spread=1.5)


def strokes(output: Output, args: Args) -> float | None:
    """Lines are long rather than specks, and the picture is darker under them than elsewhere.

    Continuity as in Kitchen and Rosenfeld (IEEE SMC 11, 1981); contrast in deviations of what is not marked.
    """
    scene = _seen(args)
    marks = _bright(output.get("image", ""), scene.fine.shape, thin=True) if scene else None
    if scene is None or marks is None:
        return None
    if not marks.any():
        return 0.0
    cv2 = opencv()
    parts = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)[2][1:].astype(float)
    length = float((parts[:, 4] * parts[:, 2:4].max(axis=1)).sum() / parts[:, 4].sum())
    away = _distance(marks) > BESIDE + 1
    paper = scene.dark[away] if away.any() else scene.dark.ravel()
    contrast = max(float(scene.dark[marks].mean() - paper.mean()) / (float(paper.std()) + 1), 0.0)
    share = length / max(marks.shape)
    return pooled((5.5, float(np.log(share))), (1.5, float(np.log(contrast + 0.1))), centre=-2, spread=2)


# regions


def partition(output: Output, args: Args) -> float | None:
    """Regions differ from each other, are even in themselves, and their borders lie where the picture changes.

    A silhouette of regions (Rousseeuw 1987) to the likest other one anywhere; the least even one, as Borsotti et al.
    (1998) punish it; the share of borders without a slope (Zhang et al. 2008 have a survey of such criteria).
    """
    scene = _seen(args)
    items: list[Mapping[str, Any]] = output.get("data") or []
    masks = [_bright(str(item.get("image", "")), scene.fine.shape, thin=False) for item in items] if scene else []
    if scene is None or not any(mask is not None and mask.any() for mask in masks):
        return None
    owner = np.zeros(scene.fine.shape, np.int64)
    for number, mask in enumerate(masks, 1):
        if mask is not None:
            owner[mask & (owner == 0)] = number
    owner = np.unique(owner, return_inverse=True)[1].reshape(owner.shape)
    border = np.zeros(owner.shape, bool)
    for axis in (0, 1):
        other = np.diff(owner, axis=axis) != 0
        border |= np.pad(other, [(0, int(axis == 0)), (0, int(axis == 1))])
        border |= np.pad(other, [(int(axis == 0), 0), (int(axis == 1), 0)])
    return pooled((4.5, _silhouette(scene, owner, border)), (-0.7, _unevenness(scene, owner, border)),
                  (-9.5, _unfounded(scene, border)), centre=-2, spread=2)


def _moments(values: Plane, owner: NDArray[np.int64], border: Marks) -> tuple[Any, Any]:
    """Mean and variance of each region, regions x features, borders hardly counted: they blend two regions."""
    weight = np.where(_distance(border) > 3, 1.01, 0.01).ravel() if border.any() else np.ones(owner.size)
    total = np.bincount(owner.ravel(), weight)
    planes = values.reshape(owner.size, -1).T
    mean = np.stack([np.bincount(owner.ravel(), plane * weight) / total for plane in planes], axis=1)
    square = np.stack([np.bincount(owner.ravel(), plane**2 * weight) / total for plane in planes], axis=1)
    return mean, np.maximum(square - mean**2, 0)


def _silhouette(scene: Scene, owner: NDArray[np.int64], border: Marks) -> float:
    """In [-1, 1], mean over the pixels: (distance to the likest other region - own deviation) / the larger of them."""
    mean, variance = _moments(scene.features, owner, border)
    apart = ((mean[:, None] - mean[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.sqrt(apart.min(axis=1)) if len(mean) > 1 else np.zeros(1)
    own = np.sqrt(variance.sum(axis=1))
    share = np.bincount(owner.ravel()) / owner.size
    return float((share * (nearest - own) / np.maximum(nearest + 1, own)).sum())


def _unevenness(scene: Scene, owner: NDArray[np.int64], border: Marks) -> float:
    """Log variance of the least even region of at least 2 % of the picture, in units of the usual variance nearby."""
    _, variance = _moments(scene.lab, owner, border)
    large = np.bincount(owner.ravel()) > 0.02 * owner.size
    return float(np.log((variance.sum(axis=1) * large).max() / scene.usual + 0.1))


def _unfounded(scene: Scene, border: Marks) -> float:
    """Share of the borders where the steepest slope within a pixel is below three times the picture's median."""
    cv2 = opencv()
    if not border.any():
        return 1.0
    near = cv2.dilate(scene.middle, np.ones((3, 3), np.uint8))
    return float((near[border] < 3 * (float(np.median(scene.middle)) + 0.2)).mean())
