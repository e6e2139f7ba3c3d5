from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from compegpt.sources.embedded import grain

MEASURED = (grain.non_local, grain.bilateral, grain.total_variation, grain.cosine)
ALL = (*MEASURED, grain.median)
Denoise = Callable[[Any], Any]


def names(functions: tuple[Denoise, ...]) -> list[str]:
    return [function.__name__ for function in functions]


def scene() -> Any:
    """Steps and a slope, (96, 120, 3)."""
    y, x = np.mgrid[0:96, 0:120]
    planes = [120 + 60 * ((x // 40) % 2) + y / 4, 90 + x / 2, 160 - 50 * (y > 48)]
    return np.stack(planes, 2).astype(np.uint8)


def noisy(picture: Any, sigma: float) -> Any:
    noise = np.random.default_rng(4).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def error(one: Any, other: Any) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other.astype(float)) ** 2)))


@pytest.mark.parametrize("sigma", [10, 25, 45])
@pytest.mark.parametrize("denoise", ALL, ids=names(ALL))
def test_two_fifths_of_the_noise_go_at_least(denoise: Denoise, sigma: float) -> None:
    given = noisy(scene(), sigma)
    made = denoise(given)
    assert made.shape == given.shape
    assert made.dtype == np.uint8
    assert error(made, scene()) < 0.6 * error(given, scene())


@pytest.mark.parametrize("denoise", MEASURED, ids=names(MEASURED))
def test_a_clean_picture_stays_nearly_as_it_is(denoise: Denoise) -> None:
    assert error(denoise(scene()), scene()) < 1.5


def test_the_median_takes_out_struck_pixels_that_the_measured_noise_does_not_show() -> None:
    struck = np.random.default_rng(2).random(scene().shape[:2])[..., None] < 0.06
    given = np.where(struck, np.uint8(255), scene())
    assert error(grain.median(given), scene()) < 0.3 * error(given, scene())


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 3), (17, 33)], ids=str)
@pytest.mark.parametrize("denoise", ALL, ids=names(ALL))
def test_any_size_is_kept(denoise: Denoise, size: tuple[int, int]) -> None:
    given = noisy(np.full((*size, 3), 130), 20)
    assert denoise(given).shape == given.shape
