from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from compegpt.judge.fidelity import FIDELITY, LARGEST, fidelity
from compegpt.judge.pooling import pooled
from compegpt.schema import Output
from compegpt.tasks import TASKS

Picture = NDArray[np.float64]
SIDE = 128
CLEAN = {"image": "", "text": "remove the noise"}


def scene(side: int = SIDE) -> Picture:
    """A disc and a bar on a slope of grey."""
    y, x = np.mgrid[0:side, 0:side].astype(float) / side
    grey = 60 + 60 * x
    grey[(x - 0.4) ** 2 + (y - 0.5) ** 2 < 0.05] = 200
    grey[(x > 0.75) & (x < 0.85)] = 20
    return np.repeat(grey[..., None], 3, axis=2)


def noise(picture: Picture, deviation: float, seed: int = 3) -> Picture:
    return picture + np.random.default_rng(seed).normal(0, deviation, picture.shape)


def file(folder: Path, name: str, picture: NDArray[Any]) -> str:
    path = folder / f"{name}.png"
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path)
    return str(path)


def borders(shift: int = 0) -> NDArray[np.uint8]:
    grey = np.roll(scene()[..., 0], shift, axis=0) if shift else scene()[..., 0]
    return np.asarray(cv2.Canny(grey.astype(np.uint8), 60, 120))


def inked() -> Picture:
    """Dark strokes on light paper."""
    paper = np.full((SIDE, SIDE, 3), 235.0)
    cv2.circle(paper, (60, 60), 40, (30, 30, 30), 2)
    cv2.line(paper, (5, 110), (120, 100), (30, 30, 30), 2)
    return paper


def specks() -> NDArray[np.uint8]:
    return ((np.random.default_rng(1).random((SIDE, SIDE)) < 0.03) * 255).astype(np.uint8)


def blurred(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 6))


@pytest.mark.parametrize(("worse", "deviation"), [
    (lambda noisy: noisy, 20), (blurred, 20), (lambda noisy: (noisy + scene()) / 2, 20), (blurred, 5),
    (lambda noisy: np.full_like(noisy, noisy.mean()), 20)],
    ids=["left as it was", "blurred", "half the noise left", "light noise, blurred", "one colour"])
def test_the_true_picture_explains_a_noisy_one_best(
        tmp_path: Path, worse: Callable[[Picture], Picture], deviation: float) -> None:
    noisy = np.clip(noise(scene(), deviation), 0, 255)
    args = CLEAN | {"image": file(tmp_path, "noisy", noisy)}
    told = [fidelity("image-to-image", {"image": file(tmp_path, name, picture)}, args) or 0.0
            for name, picture in (("true", scene()), ("worse", worse(noisy)))]
    assert told[0] > told[1] + 0.05


@pytest.mark.parametrize(("text", "tells"), [
    ("remove the noise", True), ("clean this image", True), ("a pencil sketch", False), ("sepia", False), ("", False)])
def test_only_a_request_to_remove_noise_is_judged_by_noise(tmp_path: Path, text: str, tells: bool) -> None:
    path = file(tmp_path, "noisy", noise(scene(), 20))
    told = fidelity("image-to-image", {"image": path}, {"image": path, "text": text})
    assert (told is not None) == tells


@pytest.mark.parametrize("worse", [blurred, lambda large: noise(large, 25), lambda large: np.roll(large, 8, axis=1)],
                         ids=["blurred", "noise added", "shifted"])
def test_the_true_picture_explains_a_small_one_best(tmp_path: Path, worse: Callable[[Picture], Picture]) -> None:
    large = scene()
    small = cv2.resize(noise(large, 4), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    args = {"image": file(tmp_path, "small", small)}
    told = [fidelity("image-upscaling", {"image": file(tmp_path, name, picture)}, args) or 0.0
            for name, picture in (("true", large), ("worse", worse(large)))]
    assert told[0] > told[1]


@pytest.mark.parametrize("lines", [borders(30), specks(), np.zeros((SIDE, SIDE), np.uint8),
                                   np.full((SIDE, SIDE), 255, np.uint8)],
                         ids=["elsewhere", "specks", "none", "everywhere"])
@pytest.mark.parametrize("deviation", [2, 30])
def test_lines_on_the_borders_explain_a_picture_best(
        tmp_path: Path, lines: NDArray[np.uint8], deviation: float) -> None:
    args = {"image": file(tmp_path, "given", noise(scene(), deviation))}
    told = [fidelity("canny-control", {"image": file(tmp_path, name, marks)}, args)
            for name, marks in (("true", borders()), ("worse", lines))]
    assert told[0] is not None
    assert told[1] is not None
    assert told[0] > told[1]


@pytest.mark.parametrize("lines", [specks(), np.zeros((SIDE, SIDE), np.uint8)], ids=["specks", "none"])
def test_strokes_explain_a_drawing_better_than_specks(tmp_path: Path, lines: NDArray[np.uint8]) -> None:
    args = {"image": file(tmp_path, "given", noise(inked(), 25))}
    strokes = ((inked()[..., 0] < 128) * 255).astype(np.uint8)
    told = [fidelity("lineart-control", {"image": file(tmp_path, name, marks)}, args) or 0.0
            for name, marks in (("true", strokes), ("worse", lines))]
    assert told[0] > 0.5 > told[1]


def masks(folder: Path, name: str, owner: NDArray[np.int64]) -> Output:
    return {"data": [{"label": f"region-{number}", "score": 0.5,
                      "image": file(folder, f"{name}-{number}", (owner == number) * 255)}
                     for number in np.unique(owner)]}


def halves(turned: bool = False) -> NDArray[np.int64]:
    owner = np.zeros((SIDE, SIDE), np.int64)
    owner[:, SIDE // 2 :] = 1
    return owner.T.copy() if turned else owner


@pytest.mark.parametrize("owner", [halves(turned=True), np.zeros((SIDE, SIDE), np.int64),
                                   halves() * 2 + halves(turned=True)], ids=["across", "one", "halved again"])
def test_the_regions_of_a_picture_explain_it_best(tmp_path: Path, owner: NDArray[np.int64]) -> None:
    picture = np.where(halves()[..., None] > 0, (200.0, 80, 60), (50.0, 90, 180))
    args = {"image": file(tmp_path, "given", noise(picture, 15))}
    told = [fidelity("image-segmentation", masks(tmp_path, name, regions), args) or 0.0
            for name, regions in (("true", halves()), ("worse", owner))]
    assert told[0] > told[1] + 0.1


@pytest.mark.parametrize("task", FIDELITY)
def test_a_row_is_of_a_task_type_and_tells_nothing_of_files_that_are_no_pictures(tmp_path: Path, task: str) -> None:
    assert task in TASKS
    text, picture = tmp_path / "a.txt", file(tmp_path, "given", scene())
    text.write_text("no picture")
    for given, made in ((picture, str(text)), (str(text), picture), (picture, ""), ("", picture)):
        output: Output = {"image": made, "data": [{"image": made}]} if task == "image-segmentation" else {"image": made}
        assert fidelity(task, output, CLEAN | {"image": given}) is None


@pytest.mark.parametrize("task", FIDELITY)
@pytest.mark.parametrize("light", [0, 97, 255])
def test_a_picture_of_one_colour_is_no_trouble(tmp_path: Path, task: str, light: int) -> None:
    plain = np.full((SIDE, SIDE, 3), light)
    made = file(tmp_path, "made", np.full((2 * SIDE, 2 * SIDE, 3), light) if task == "image-upscaling" else plain)
    output: Output = {"image": made, "data": [{"image": made}]} if task == "image-segmentation" else {"image": made}
    told = fidelity(task, output, CLEAN | {"image": file(tmp_path, "given", plain)})
    assert told is None or 0 <= told <= 1


def test_a_task_type_without_a_criterion_gets_none() -> None:
    assert fidelity("text-to-image", {"image": "a.png"}, {"text": "a cat"}) is None


def test_a_picture_of_another_shape_is_no_restoration(tmp_path: Path) -> None:
    args = CLEAN | {"image": file(tmp_path, "given", scene())}
    other: Output = {"image": file(tmp_path, "other", scene()[:, : SIDE // 2])}
    assert [fidelity(task, other, args) for task in ("image-to-image", "image-upscaling")] == [None, None]


@pytest.mark.parametrize("task", ["canny-control", "lineart-control"])
def test_thin_lines_are_seen_in_a_large_picture(tmp_path: Path, task: str) -> None:
    large = 255 - cv2.resize(255 - inked().astype(np.uint8), (1500, 1500), interpolation=cv2.INTER_CUBIC)
    lines = cv2.Canny(large, 60, 120)
    told = fidelity(task, {"image": file(tmp_path, "lines", lines)}, {"image": file(tmp_path, "given", large)})
    assert told is not None
    assert told > 0.5


def test_an_input_that_was_rewritten_is_read_again(tmp_path: Path) -> None:
    args = CLEAN | {"image": file(tmp_path, "given", noise(scene(), 20))}
    output: Output = {"image": file(tmp_path, "made", scene())}
    before = fidelity("image-to-image", output, args)
    os.utime(file(tmp_path, "given", noise(scene(), 60)), (1, 1))
    assert fidelity("image-to-image", output, args) != before


def test_noise_is_looked_at_in_the_middle_of_a_large_picture(tmp_path: Path) -> None:
    side = LARGEST + 200
    noisy, spoilt = noise(scene(side), 15), scene(side)
    spoilt[:60] = 0
    args = CLEAN | {"image": file(tmp_path, "given", noisy)}
    told = [fidelity("image-to-image", {"image": file(tmp_path, name, picture)}, args)
            for name, picture in (("whole", scene(side)), ("spoilt", spoilt))]
    assert told[0] is not None
    assert told[0] == told[1]


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.5), (2.0, 0.731), (-2.0, 0.269), (1e9, 1.0), (-1e9, 0.0)])
def test_criteria_are_pooled_as_log_odds(value: float, expected: float) -> None:
    assert pooled((1.0, value), centre=0, spread=2) == pytest.approx(expected, abs=1e-3)
