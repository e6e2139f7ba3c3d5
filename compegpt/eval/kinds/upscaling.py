"""Pictures shrunk to half their size in eight ways; the truth is the picture before."""

from __future__ import annotations

import cv2
import numpy as np

from compegpt.eval.case import Kind
from compegpt.eval.kinds.contents import Spoilt
from compegpt.eval.kinds.fidelity import MEASURES
from compegpt.eval.kinds.photographs import Pixels, Random, blurred, clipped, jpeg, noisy


def _shrunk(picture: Pixels, how: int) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=how), dtype=np.uint8)


def _averaged(picture: Pixels, random: Random) -> Pixels:
    return _shrunk(picture, cv2.INTER_AREA)


def _decimated(picture: Pixels, random: Random) -> Pixels:
    """Every second pixel: with jagged edges."""
    return _shrunk(picture, cv2.INTER_NEAREST)


def _blur(picture: Pixels, random: Random) -> Pixels:
    return _averaged(blurred(picture, random.uniform(1.2, 2.8)), random)


def _light_noise(picture: Pixels, random: Random) -> Pixels:
    return noisy(_averaged(picture, random), random.uniform(3, 9), random)


def _heavy_noise(picture: Pixels, random: Random) -> Pixels:
    return noisy(_averaged(picture, random), random.uniform(15, 35), random)


def _blur_and_noise(picture: Pixels, random: Random) -> Pixels:
    return noisy(_blur(picture, random), random.uniform(4, 14), random)


def _jpeg(picture: Pixels, random: Random) -> Pixels:
    return jpeg(_averaged(picture, random), int(random.integers(12, 45)))


def _grain(picture: Pixels, random: Random) -> Pixels:
    """Grain of one to two pixels, the same in all channels, as of film or a phone in the dark."""
    small = _averaged(picture, random)
    grain = cv2.GaussianBlur(random.normal(0, 1, small.shape[:2]), (0, 0), random.uniform(0.6, 1.0))
    return clipped(small + (grain * random.uniform(8, 22) / grain.std())[..., None])


SPOIL = {"averaged": _averaged, "decimated": _decimated, "blur": _blur, "light noise": _light_noise,
         "heavy noise": _heavy_noise, "blur and noise": _blur_and_noise, "JPEG": _jpeg, "grain": _grain}
SET = Spoilt(seeds={"dev": 7_103, "test": 20_361, "fresh": 31_515}, per_category=32, side=160, spoil=SPOIL)

KIND = Kind("image-upscaling", SET.cases, MEASURES,
            "pictures of 80 x 80 pixels (parts of 16 photographs, pages of text, drawings) that were shrunk from twice "
            "the size and spoilt in 8 ways, against the picture before")
