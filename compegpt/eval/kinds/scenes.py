"""Scenes of known regions: how a picture is divided, what fills its regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from compegpt.eval.kinds.photographs import TEXTURES, Half, Pixels, Random, clipped, crop

SIDE = 160
LEAST = 0.015
"""Smallest share of the picture that a region has."""
Labels = NDArray[np.int64]
"""Height x width: each pixel's region, from 0."""
Fill = NDArray[np.float64]
"""What a region shows, (SIDE, SIDE, 3)."""
Fills = Callable[[Half, int, Random], list[Fill]]
"""Takes the half, how many regions there are, random numbers."""
APART = 45.0
"""Least distance of two colours, in grey levels."""


# layouts: which pixel belongs to which region


def shapes(random: Random) -> Labels:
    """Two to six shapes that may hide parts of each other."""
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for number in range(1, int(random.integers(3, 8))):
        centre = tuple(int(value) for value in random.integers(15, SIDE - 15, size=2))
        reach, turn = int(random.integers(14, 50)), random.uniform(0, 360)
        if random.random() < 0.35:
            axes = (reach, int(reach * random.uniform(0.4, 1)))
            cv2.ellipse(labels, centre, axes, turn, 0, 360, number, -1)
        else:
            count = int(random.integers(3, 9))
            angles = np.sort(random.uniform(0, 2 * np.pi, count))
            radius = reach * random.uniform(0.5, 1.2, count)
            points = np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], 1)
            cv2.fillPoly(labels, [points.astype(np.int32)], number)
    return labels.astype(np.int64)


def cells(random: Random) -> Labels:
    """The picture divided among three to seven places by nearness, with bent borders."""
    places = random.uniform(0, SIDE, (int(random.integers(3, 8)), 2))
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    bend, wave = random.uniform(0, 8), random.uniform(15, 40)
    x, y = x + bend * np.sin(y / wave * 2 * np.pi), y + bend * np.cos(x / wave * 2 * np.pi)
    return np.asarray(((x[..., None] - places[:, 0]) ** 2 + (y[..., None] - places[:, 1]) ** 2).argmin(axis=2))


def landscape(random: Random) -> Labels:
    """Two to four levels of a smooth landscape, as water, beach and land."""
    coarse = random.uniform(0, 1, (5, 5)).astype(np.float32)
    height = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    cuts = np.quantile(height, np.sort(random.uniform(0.2, 0.85, int(random.integers(1, 4)))))
    return np.digitize(height, cuts)


LAYOUTS: Mapping[str, Callable[[Random], Labels]] = {"shapes": shapes, "cells": cells, "landscape": landscape}


def divided(layout: str, random: Random) -> Labels:
    """A picture divided in one of the LAYOUTS, into at least two regions."""
    labels = whole(LAYOUTS[layout](random))
    return labels if labels.any() else divided(layout, random)


def whole(labels: Labels) -> Labels:
    """Regions numbered in a row; what is smaller than LEAST goes to the largest."""
    values, sizes = np.unique(labels, return_counts=True)
    common = values[sizes.argmax()]
    small = np.isin(labels, values[sizes < LEAST * labels.size])
    return np.unique(np.where(small, common, labels), return_inverse=True)[1].reshape(labels.shape)


# fills


def _colours(count: int, random: Random) -> NDArray[np.float64]:
    """So many colours no two of which are alike, (count, 3)."""
    chosen = [random.uniform(25, 230, 3)]
    while len(chosen) < count:
        colour = random.uniform(25, 230, 3)
        if min(float(np.linalg.norm(colour - other)) for other in chosen) > APART:
            chosen.append(colour)
    return np.array(chosen)


def plain(material: Half, count: int, random: Random) -> list[Fill]:
    return [np.broadcast_to(colour, (SIDE, SIDE, 3)) for colour in _colours(count, random)]


def alike(material: Half, count: int, random: Random) -> list[Fill]:
    """Shades of one colour."""
    shades = random.permutation(np.linspace(0.5, 1.6, 7))[:count]
    return [np.broadcast_to(np.array([150.0, 120, 90]) * shade, (SIDE, SIDE, 3)) for shade in shades]


def graded(material: Half, count: int, random: Random) -> list[Fill]:
    """Colours that get lighter in one direction each."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    angles, rises = random.uniform(0, 2 * np.pi, count), random.uniform(20, 60, count)
    return [colour * 0.7 + 40 + ((x * np.cos(angle) + y * np.sin(angle)) * rise)[..., None]
            for colour, angle, rise in zip(_colours(count, random), angles, rises, strict=True)]


def photographed(material: Half, count: int, random: Random) -> list[Fill]:
    """Each a part of another photograph."""
    names = random.permutation(TEXTURES[material])[:count]
    return [crop((str(name),), SIDE, SIDE, random, (0.8, 1.5)).astype(float) for name in names]


def woven(material: Half, count: int, random: Random) -> list[Fill]:
    """Photographed textures, each in a colour of its own."""
    textures = [picture.mean(axis=2, keepdims=True) for picture in photographed(material, count, random)]
    return [0.8 * colour + 25 + (texture - texture.mean()) / max(float(texture.std()), 1.0) * random.uniform(10, 28)
            for colour, texture in zip(_colours(count, random), textures, strict=True)]


def filled(labels: Labels, fills: Sequence[Fill]) -> Pixels:
    """Each region with its fill, with smooth borders."""
    picture = np.zeros((*labels.shape, 3))
    for number, fill in enumerate(fills):
        stencil = cv2.GaussianBlur((labels == number).astype(np.float32), (0, 0), 0.5)[..., None]
        picture += stencil * fill
    return clipped(picture)
