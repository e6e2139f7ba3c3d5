"""How a picture is prepared before its text is read: each preparation takes and gives 8-bit pixels.

Each helps with another kind of damage (measured: docs/judge.md), none with all: that is what makes a competition.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compegpt.media.artifacts import open_image
from compegpt.media.render import opencv

Picture = NDArray[np.uint8]
"""Height x width x 3, RGB; or height x width, grey."""

MAX_SIDE = 2400
"""Longest side in pixels that is read; larger pictures are scaled down to it (an A4 page at 200 dpi has 2339)."""
BORDER = 16

_decoding = threading.Lock()


def picture(path: str) -> Picture:
    """The upright RGB picture, at most MAX_SIDE long; engines that read one file at once share one decoding of it."""
    with _decoding:  # a 40-megapixel picture takes 120 MB while it is decoded: one at a time
        return _picture(path, Path(path).stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _picture(path: str, changed: int) -> Picture:
    image = open_image(path)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    pixels = np.array(image)
    pixels.setflags(write=False)
    return pixels


def as_is(image: Picture) -> Picture:
    return image


def grey(image: Picture) -> Picture:
    cv2 = opencv()

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8) if image.ndim == 3 else image


def median(image: Picture) -> Picture:
    """3 x 3 median: takes away single wrong pixels (salt and pepper) and keeps edges."""
    cv2 = opencv()

    return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), 3), dtype=np.uint8)


def smooth(image: Picture) -> Picture:
    """A light blur, then the range stretched to the full: against noise and low contrast."""
    cv2 = opencv()

    blurred = cv2.GaussianBlur(grey(image), (0, 0), 1.2).astype(np.float32)
    low, high = (float(value) for value in np.percentile(blurred, (1, 99)))
    return np.asarray(np.clip((blurred - low) * (255 / max(high - low, 8.0)), 0, 255), dtype=np.uint8)


def even(image: Picture) -> Picture:
    """A light blur, then the same mean and contrast everywhere, dark on light: against shadows and low contrast."""
    cv2 = opencv()

    light = cv2.GaussianBlur(grey(image), (0, 0), 1.2).astype(np.float32)
    reach = max(min(light.shape) / 2.5, 8.0)
    mean = cv2.GaussianBlur(light, (0, 0), reach) if reach < 40 else _wide_blur(light, reach)
    spread = (light - mean) ** 2
    contrast = np.sqrt(cv2.GaussianBlur(spread, (0, 0), reach) if reach < 40 else _wide_blur(spread, reach)) + 4
    level = (light - mean) / contrast
    ink = -1 if float((level**3).mean()) > 0 else 1  # ink is rarer than paper: it is the long tail of the levels
    return np.asarray(np.clip(170 + 60 * ink * level, 0, 255), dtype=np.uint8)


def _wide_blur(pixels: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    """A wide Gaussian blur by way of a small picture, at most 80 pixels of reach."""
    cv2 = opencv()

    factor = 16 / min(reach, 80.0)
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cv2.GaussianBlur(small, (0, 0), 16), pixels.shape[::-1]), dtype=np.float32)


def sharp(image: Picture) -> Picture:
    """Unsharp mask: against blur."""
    cv2 = opencv()

    pixels = grey(image)
    return np.asarray(cv2.addWeighted(pixels, 2.5, cv2.GaussianBlur(pixels, (0, 0), 3), -1.5, 0), dtype=np.uint8)


def enlarged(image: Picture) -> Picture:
    """Grey, small pictures enlarged 3 times (print of 10 pixels becomes 30, what LSTM readers are trained on)."""
    return _scaled(grey(image), 3.0)


def cleaned(image: Picture) -> Picture:
    """Median, then enlarged 2 times: against strong salt and pepper."""
    return _scaled(median(grey(image)), 2.0)


def denoised(image: Picture) -> Picture:
    """Median, enlarged, then a light blur."""
    cv2 = opencv()

    return np.asarray(cv2.GaussianBlur(enlarged(median(grey(image))), (0, 0), 1.0), dtype=np.uint8)


def stretched(image: Picture) -> Picture:
    """`smooth`, enlarged."""
    return enlarged(smooth(image))


def otsu(image: Picture) -> Picture:
    """`even`, enlarged, then black on white by Otsu's threshold (IEEE Transactions SMC 9, 1979)."""
    cv2 = opencv()

    pixels = enlarged(even(image))
    return np.asarray(cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1], dtype=np.uint8)


def _scaled(pixels: Picture, factor: float) -> Picture:
    cv2 = opencv()

    factor = min(factor, MAX_SIDE / max(pixels.shape))
    if factor <= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def framed(image: Picture) -> Picture:
    """With a border in the colour of its edge: letters that touch the edge are lost without one."""
    cv2 = opencv()

    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = [float(value) for value in np.atleast_1d(np.median(edge, axis=0))]
    return np.asarray(cv2.copyMakeBorder(image, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_CONSTANT, value=colour),
                      dtype=np.uint8)
