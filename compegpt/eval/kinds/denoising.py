"""Pictures with eight kinds of noise and a request to remove it; the truth is the picture without."""

from __future__ import annotations

import cv2
import numpy as np

from compegpt.eval.case import Kind
from compegpt.eval.kinds.contents import Spoilt
from compegpt.eval.kinds.fidelity import MEASURES
from compegpt.eval.kinds.photographs import Pixels, Random, clipped, jpeg, noisy


def _light(picture: Pixels, random: Random) -> Pixels:
    return noisy(picture, random.uniform(4, 10), random)


def _middling(picture: Pixels, random: Random) -> Pixels:
    return noisy(picture, random.uniform(15, 28), random)


def _heavy(picture: Pixels, random: Random) -> Pixels:
    return noisy(picture, random.uniform(38, 60), random)


def _salt_and_pepper(picture: Pixels, random: Random) -> Pixels:
    struck, share = random.random(picture.shape[:2])[..., None], random.uniform(0.02, 0.15)
    return np.asarray(np.where(struck < share / 2, 0, np.where(struck < share, 255, picture)), dtype=np.uint8)


def _speckle(picture: Pixels, random: Random) -> Pixels:
    """Noise in proportion to the light, as of radar and ultrasound."""
    return clipped(picture * (1 + random.normal(0, random.uniform(0.08, 0.3), picture.shape)))


def _few_photons(picture: Pixels, random: Random) -> Pixels:
    """Shot noise: the light is counted in 20 to 100 photons."""
    most = random.uniform(20, 100)
    return clipped(random.poisson(picture / 255 * most) / most * 255)


def _grain(picture: Pixels, random: Random) -> Pixels:
    """Grain of one to two pixels, the same in all channels."""
    grain = cv2.GaussianBlur(random.normal(0, 1, picture.shape[:2]), (0, 0), random.uniform(0.7, 1.2))
    return clipped(picture + (grain * random.uniform(10, 25) / grain.std())[..., None])


def _noise_then_jpeg(picture: Pixels, random: Random) -> Pixels:
    """What a phone does in the dark: noise, then JPEG."""
    return jpeg(noisy(picture, random.uniform(8, 25), random), int(random.integers(25, 70)))


SPOIL = {"light noise": _light, "middling noise": _middling, "heavy noise": _heavy, "salt and pepper": _salt_and_pepper,
         "speckle": _speckle, "few photons": _few_photons, "grain": _grain, "noise, then JPEG": _noise_then_jpeg}
SET = Spoilt(seeds={"dev": 7_203, "test": 20_461, "fresh": 31_615}, per_category=32, side=160, spoil=SPOIL, asked=True)

KIND = Kind("image-to-image", SET.cases, MEASURES,
            "pictures of 160 x 160 pixels (parts of 16 photographs, pages of text, drawings) with 8 kinds of noise and "
            "a request to remove it, against the picture before; other styles are a matter of taste and have no truth")
