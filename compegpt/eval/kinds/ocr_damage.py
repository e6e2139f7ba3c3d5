"""What happens to a picture of text: twelve kinds of damage, and pictures that hold no text at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height x width, grey."""
Random = np.random.Generator

# degradations: page and random numbers in, degraded page out


def _clip(pixels: Any) -> Pixels:
    return np.asarray(np.clip(pixels, 0, 255), dtype=np.uint8)


def _small(page: Pixels, random: Random) -> Pixels:
    return page


def _noise(page: Pixels, random: Random) -> Pixels:
    return _clip(page + random.normal(0, random.uniform(25, 130), page.shape))


def _blur(page: Pixels, random: Random) -> Pixels:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), random.uniform(1.5, 4.5)), dtype=np.uint8)


def _rotation(page: Pixels, random: Random) -> Pixels:
    angle = random.uniform(2.0, 20.0) * random.choice((-1, 1))
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    wide = int(width * abs(turn[0, 0]) + height * abs(turn[0, 1]))
    high = int(width * abs(turn[0, 1]) + height * abs(turn[0, 0]))
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return _clip(cv2.warpAffine(page, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=int(page[0, 0])))


def _low_contrast(page: Pixels, random: Random) -> Pixels:
    flat = 128 + (page.astype(float) - 128) * random.uniform(0.03, 0.15)
    return _clip(flat + random.normal(0, random.uniform(2, 7), page.shape))


def _salt_and_pepper(page: Pixels, random: Random) -> Pixels:
    struck = random.random(page.shape)
    share = random.uniform(0.05, 0.45)
    return np.where(struck < share / 2, 0, np.where(struck < share, 255, page)).astype(np.uint8)


def _inverted(page: Pixels, random: Random) -> Pixels:
    return _noise(255 - page, random) if random.random() < 0.6 else _blur(255 - page, random)


def _shadow(page: Pixels, random: Random) -> Pixels:
    height, width = page.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    edge = x * random.choice((-1, 1)) + 0.4 * y + random.uniform(-0.4, 0.4)
    light = 1 - random.uniform(0.6, 0.97) / (1 + np.exp(-random.uniform(4, 30) * edge))
    return _clip(page * light + random.normal(0, random.uniform(5, 20), page.shape))


def _low_resolution(page: Pixels, random: Random) -> Pixels:
    factor = random.uniform(0.18, 0.40)
    small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, page.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _lines_across(page: Pixels, random: Random) -> Pixels:
    struck = page.copy()
    height, width = page.shape
    for _ in range(int(random.integers(2, 12))):
        ends = [int(value) for value in random.integers(0, height, size=2)]
        cv2.line(struck, (0, ends[0]), (width, ends[1]), int(random.integers(0, 120)), int(random.integers(1, 3)))
    return struck


def _jpeg(page: Pixels, random: Random) -> Pixels:
    coded = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(2, 6))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _mixed(page: Pixels, random: Random) -> Pixels:
    mild: tuple[Callable[[Pixels], Pixels], ...] = (
        lambda p: _clip(p + random.normal(0, random.uniform(15, 45), p.shape)),
        lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), random.uniform(1.0, 1.9)), dtype=np.uint8),
        lambda p: np.where(random.random(p.shape) < 0.05, random.choice((0, 255)), p).astype(np.uint8),
        lambda p: _jpeg(p, random), lambda p: _rotation(p, random), lambda p: _lines_across(p, random),
        lambda p: _clip(128 + (p.astype(float) - 128) * random.uniform(0.25, 0.5)),
    )
    for number in random.permutation(len(mild))[:3]:
        page = mild[number](page)
    return page


# pictures without text


def _bare(random: Random) -> Pixels:
    paper = np.full([int(side) for side in random.integers((40, 200), (240, 500))], random.integers(0, 256), np.uint8)
    return _clip(paper + random.normal(0, random.uniform(0, 60), paper.shape))


def _clouds(random: Random) -> Pixels:
    coarse = random.uniform(0, 255, (int(random.integers(3, 9)), int(random.integers(4, 12)))).astype(np.float32)
    size = (int(random.integers(200, 500)), int(random.integers(60, 300)))
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return _clip(smooth + random.normal(0, random.uniform(0, 25), smooth.shape))


def _shapes(random: Random) -> Pixels:
    page = np.full((int(random.integers(80, 300)), int(random.integers(200, 500))), random.integers(120, 256), np.uint8)
    for _ in range(int(random.integers(2, 9))):
        centre = [int(value) for value in random.integers((0, 0), page.shape[::-1])]
        shade, thick = int(random.integers(0, 200)), int(random.choice((-1, 2, 5)))
        cv2.circle(page, centre, int(random.integers(8, 60)), shade, thick)
    return _lines_across(page, random)


TEXTLESS = (_bare, _clouds, _shapes)
DEGRADE: dict[str, Callable[[Pixels, Random], Pixels]] = {
    "small": _small, "noise": _noise, "blur": _blur, "rotation": _rotation, "low contrast": _low_contrast,
    "salt and pepper": _salt_and_pepper, "inverted": _inverted, "shadow": _shadow, "low resolution": _low_resolution,
    "lines across": _lines_across, "strong JPEG": _jpeg, "mixed": _mixed,
}
