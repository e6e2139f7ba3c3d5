from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compegpt.media.artifacts import Store
from compegpt.media.render import COLOURS, load, save, with_boxes, with_masks, within
from compegpt.schema import Box

GREY = np.full((100, 200, 3), 128, np.uint8)


def box(*corners: float) -> Box:
    return {"label": "face", "score": 0.9, "box": list(corners)}


@pytest.mark.parametrize(("side", "shape", "factor"), [(400, (100, 200), 1.0), (50, (25, 50), 0.25)])
def test_pictures_are_shrunk_but_never_enlarged(side: int, shape: tuple[int, int], factor: float) -> None:
    small, found = within(GREY, side)
    assert small.shape[:2] == shape
    assert found == factor


def test_a_long_row_keeps_at_least_a_pixel() -> None:
    assert within(np.zeros((2, 5000, 3), np.uint8), 100)[0].shape == (1, 100, 3)


@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6)], ids=["rgb", "grey"])
def test_what_is_saved_is_what_is_loaded(shape: tuple[int, ...], tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    loaded = load(save(array, Store(tmp_path)))
    assert (loaded == (array if array.ndim == 3 else array[..., None])).all()


def test_boxes_are_framed_and_the_picture_given_stays() -> None:
    before = GREY.copy()
    drawn = with_boxes(GREY, [box(20, 30, 120, 90)])
    assert np.array_equal(GREY, before)
    assert tuple(drawn[89, 70]) == COLOURS[0]
    assert tuple(drawn[60, 70]) == (128, 128, 128)


@pytest.mark.parametrize("corners", [(-50, -50, 500, 500), (0, 0, 0, 0), (90, 80, 10, 20)],
                         ids=["outside", "point", "swapped"])
def test_odd_boxes_are_drawn_as_far_as_they_show(corners: tuple[float, ...]) -> None:
    assert with_boxes(GREY, [box(*corners)]).shape == GREY.shape


def test_boxes_fit_on_a_picture_of_one_pixel() -> None:
    assert with_boxes(np.zeros((1, 1, 3), np.uint8), [box(0, 0, 1, 1)]).shape == (1, 1, 3)


def test_each_mask_gets_a_tint_of_its_own() -> None:
    left = np.zeros((100, 200), bool)
    left[:, :100] = True
    drawn = with_masks(GREY, [left, ~left])
    assert tuple(drawn[50, 50]) != tuple(drawn[50, 150]) != (128, 128, 128)


def test_more_masks_than_colours_start_over() -> None:
    masks = [np.eye(100, 200, number, dtype=bool) for number in range(len(COLOURS) + 1)]
    assert with_masks(GREY, masks).shape == GREY.shape


def test_images_are_upright_rgb(tmp_path: Path) -> None:
    Image.new("LA", (3, 2), (0, 0)).save(tmp_path / "clear.png")
    assert load(str(tmp_path / "clear.png")).tolist() == [[[255, 255, 255]] * 3] * 2
