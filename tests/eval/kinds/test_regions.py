from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from compegpt.eval.kinds.regions import covering, rand_index
from compegpt.eval.kinds.scenes import APART, LAYOUTS, _colours, divided

TRUE = np.repeat([[0] * 20 + [1] * 20], 40, axis=0)
"""Left and right half."""


@pytest.fixture
def truth(tmp_path: Path) -> str:
    cv2.imwrite(str(tmp_path / "true.png"), TRUE.astype(np.uint8))
    return str(tmp_path / "true.png")


def output(folder: Path, *masks: Any) -> Any:
    data = []
    for number, mask in enumerate(masks):
        cv2.imwrite(str(folder / f"{number}.png"), np.asarray(mask, np.uint8) * 255)
        data.append({"label": f"region-{number}", "score": 0.5, "image": str(folder / f"{number}.png")})
    return {"data": data}


UPPER = np.arange(40)[:, None].repeat(40, 1) < 20
CASES = {
    "both halves": ((TRUE == 0, TRUE == 1), 1.0, 1.0),
    "in another order": ((TRUE == 1, TRUE == 0), 1.0, 1.0),
    "one half, the rest is no mask": ((TRUE == 1,), 2 * 1.0 * 0.5 / 1.5, 1.0),
    "all one region": ((TRUE >= 0,), 0.5, 0.0),
    "across": ((UPPER, ~UPPER), 1 / 3, 0.0),
    "of another size": ((np.ones((9, 9)),), 0.0, 0.0),
    "black": ((TRUE < 0,), 0.0, 0.0),
}


@pytest.mark.parametrize("name", CASES)
def test_masks_are_measured_against_regions(name: str, truth: str, tmp_path: Path) -> None:
    masks, iou, rand = CASES[name]
    assert covering(output(tmp_path, *masks), truth) == pytest.approx(iou)
    assert rand_index(output(tmp_path, *masks), truth) == pytest.approx(rand, abs=0.01)


@pytest.mark.parametrize("wrong", [{}, {"data": []}, {"data": [{"label": "a", "score": 1.0, "image": __file__}]},
                                   {"data": [{"label": "a", "score": 1.0}]}],
                         ids=["none", "empty", "no picture", "no mask"])
def test_what_holds_no_mask_is_worth_nothing(wrong: Any, truth: str) -> None:
    assert covering(wrong, truth) == 0
    assert rand_index(wrong, truth) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_scene_has_two_to_seven_regions_of_some_size(layout: str) -> None:
    random = np.random.default_rng(3)
    for _ in range(40):
        values, sizes = np.unique(divided(layout, random), return_counts=True)
        assert 2 <= len(values) <= 7
        assert values.tolist() == list(range(len(values)))
        assert sizes.min() >= 0.01 * sizes.sum()


def test_the_colours_of_a_scene_can_be_told_apart() -> None:
    for seed in range(20):
        colours = _colours(7, np.random.default_rng(seed))
        assert min(np.linalg.norm(a - b) for i, a in enumerate(colours) for b in colours[:i]) > APART
