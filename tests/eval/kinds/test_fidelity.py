from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from compegpt.eval.case import kind
from compegpt.eval.kinds.contents import lines
from compegpt.eval.kinds.fidelity import psnr, ssim
from compegpt.eval.kinds.photographs import SCENES
from compegpt.sources.embedded.styles import wanted

TRUE = np.random.default_rng(1).integers(60, 196, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def truth(tmp_path: Path) -> str:
    cv2.imwrite(str(tmp_path / "true.png"), TRUE)
    return str(tmp_path / "true.png")


def output(folder: Path, picture: Any) -> Any:
    cv2.imwrite(str(folder / "made.png"), np.asarray(picture, np.uint8))
    return {"image": str(folder / "made.png")}


@pytest.mark.parametrize(("off", "decibels"), [(1, 48.13), (8, 30.07), (16, 24.05), (50, 14.15)])
def test_psnr_is_scaled_from_15_to_40_decibels(off: int, decibels: float, truth: str, tmp_path: Path) -> None:
    expected = min(1.0, max(0.0, (decibels - 15) / 25))
    assert psnr(output(tmp_path, TRUE + off), truth) == pytest.approx(expected, abs=0.001)


def test_the_truth_itself_is_worth_one_and_its_negative_next_to_nothing(truth: str, tmp_path: Path) -> None:
    assert psnr(output(tmp_path, TRUE), truth) == ssim(output(tmp_path, TRUE), truth) == 1
    assert ssim(output(tmp_path, 255 - TRUE), truth) == 0
    assert psnr(output(tmp_path, 255 - TRUE), truth) < 0.1


def test_another_size_of_the_same_shape_is_brought_to_the_truth_s(truth: str, tmp_path: Path) -> None:
    large = TRUE.repeat(2, axis=0).repeat(2, axis=1)
    assert ssim(output(tmp_path, large), truth) == pytest.approx(1)
    assert ssim(output(tmp_path, large[:, :64]), truth) == 0


@pytest.mark.parametrize("task", ["image-upscaling", "image-to-image"])
def test_what_is_given_is_spoilt_and_the_truth_is_twice_or_as_large(task: str, tmp_path: Path) -> None:
    times = 2 if task == "image-upscaling" else 1
    for case in kind(task).cases("dev", tmp_path):
        given, true = cv2.imread(case.args["image"]), cv2.imread(case.truth)
        assert true.shape == (times * given.shape[0], times * given.shape[1], 3)
        assert not np.array_equal(given, true)


@pytest.mark.parametrize("kinds", ["lines", "requests"])
def test_dev_and_test_have_no_text_or_photograph_in_common(kinds: str) -> None:
    assert not set(lines("dev", kinds)) & set(lines("test", kinds))
    assert not set(SCENES["dev"]) & set(SCENES["test"])


@pytest.mark.parametrize("request_", [*lines("dev", "requests"), *lines("test", "requests")])
def test_each_request_asks_for_noise_to_be_removed(request_: str) -> None:
    assert wanted(request_) == "denoise"
