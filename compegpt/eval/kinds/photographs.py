"""Real photographs that come with installed packages, crops of them, and what can happen to a picture.

All pictures are uint8 RGB (height, width, 3). Development and test use different photographs; whatever `fresh` asks for
is test's material with another seed.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.eval.case import Part

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Half = Literal["dev", "test"]

_FILES = {
    **{name: ("skimage", f"data/{name}.{kind}") for kind, names in {
        "png": "astronaut brick camera chelsea coffee coins grass gravel ihc moon motorcycle_left",
        "jpg": "hubble_deep_field retina rocket"}.items() for name in names.split()},
    "china": ("sklearn", "datasets/images/china.jpg"), "flower": ("sklearn", "datasets/images/flower.jpg"),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}
"""Package and path in it. Their notes give the licences: public domain, CC0 or CC BY, free to use for evaluation."""
SCENES: dict[Half, tuple[str, ...]] = {
    "dev": ("motorcycle_left", "china", "camera", "ihc", "coins", "gravel", "hopper", "hubble_deep_field"),
    "test": ("astronaut", "chelsea", "coffee", "rocket", "flower", "brick", "grass", "retina"),
}
TEXTURES: dict[Half, tuple[str, ...]] = {
    "dev": ("gravel", "ihc", "motorcycle_left", "hubble_deep_field", "coins", "china", "moon"),
    "test": ("grass", "brick", "retina", "coffee", "flower", "chelsea", "astronaut")}
"""Seven photographs whose parts can fill regions."""


def half(part: Part) -> Half:
    """Whose material a part uses."""
    return "dev" if part == "dev" else "test"


@functools.cache
def photograph(name: str) -> Pixels:
    """The photograph, its longer side at most 800 pixels. Raises InputError where its package does not carry it."""
    from PIL import Image

    package, path = _FILES[name]
    spec = importlib.util.find_spec(package)
    file = Path(next(iter(spec.submodule_search_locations or ()), "") if spec else "", path)
    if not file.is_file():
        raise InputError(f"The photograph {path} of {package} is missing: install {package} anew.")
    with Image.open(file) as image:
        picture = np.asarray(image.convert("RGB"))
    scale = min(1.0, 800 / max(picture.shape[:2]))
    return resized(picture, round(picture.shape[0] * scale), round(picture.shape[1] * scale))


def crop(names: tuple[str, ...], height: int, width: int, random: Random, zoom: tuple[float, float] = (1.0, 2.0)
         ) -> Pixels:
    """A part of one of the photographs, shrunk by a factor within `zoom` as far as it is large enough, or mirrored."""
    picture = photograph(str(random.choice(names)))
    most = min(picture.shape[0] / height, picture.shape[1] / width)
    factor = min(most, random.uniform(*zoom))
    high, wide = (min(picture.shape[i], int(side * factor)) for i, side in enumerate((height, width)))
    top, left = (int(random.integers(0, picture.shape[i] - side + 1)) for i, side in enumerate((high, wide)))
    part = picture[top : top + high, left : left + wide]
    return resized(part[:, ::-1] if random.random() < 0.5 else part, height, width)


def resized(picture: Pixels, height: int, width: int) -> Pixels:
    """A copy, averaged where it shrinks, cubic where it grows."""
    if picture.shape[:2] == (height, width):
        return picture.copy()
    how = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=how), dtype=np.uint8)


def clipped(values: Any) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def written(picture: Pixels, path: Path) -> str:
    """Kept as a PNG; its path. Masks and label pictures are grey."""
    cv2.imwrite(str(path), picture if picture.ndim == 2 else picture[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return str(path)


# what can happen to a picture


def noisy(picture: Pixels, sigma: float, random: Random) -> Pixels:
    """Gaussian noise of that many grey levels, channel by channel."""
    return clipped(picture + random.normal(0, sigma, picture.shape))


def blurred(picture: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def moved(picture: Pixels, length: int, random: Random) -> Pixels:
    """Blurred along a line of that many pixels, as by a moving hand."""
    angle = random.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, (length - 1) / 2
    ends = [(round(middle + side * reach * np.cos(angle)), round(middle + side * reach * np.sin(angle)))
            for side in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.uint8)


def jpeg(picture: Pixels, quality: int) -> Pixels:
    coded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)[:, :, ::-1])


def flat(picture: Pixels, share: float, middle: float = 128) -> Pixels:
    """Contrast reduced to a share of itself around a grey."""
    return clipped(middle + (picture.astype(float) - middle) * share)


def shaded(picture: Pixels, darkest: float, random: Random) -> Pixels:
    """A shadow with a soft or hard edge; `darkest` is the share of light left in it."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = random.uniform(0, 2 * np.pi)
    edge = x * np.cos(angle) + y * np.sin(angle) + random.uniform(-0.3, 0.3)
    light = 1 - (1 - darkest) / (1 + np.exp(-random.uniform(3, 25) * edge))
    return clipped(picture * light[..., None])


def turned(picture: Pixels, angle: float, fill: Any) -> Pixels:
    """Rotated by degrees on a picture that grows to hold it; the corners take the colour `fill`."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    wide = int(width * abs(turn[0, 0]) + height * abs(turn[0, 1])) + 1
    high = int(width * abs(turn[0, 1]) + height * abs(turn[0, 0])) + 1
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return np.asarray(cv2.warpAffine(picture, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=fill),
                      dtype=np.uint8)
