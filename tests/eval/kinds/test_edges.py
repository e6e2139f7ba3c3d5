from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from compegpt.eval.case import kind
from compegpt.eval.kinds.edges import borders, boundary_f1, boundary_f1_strict


def column(*places: int) -> Any:
    picture = np.zeros((40, 40), np.uint8)
    picture[:, list(places)] = 255
    return picture


@pytest.mark.parametrize(("made", "near", "strict"), [
    (column(20), 1.0, 1.0), (column(21), 1.0, 1.0), (column(22), 1.0, 0.0), (column(24), 0.0, 0.0),
    (column(20, 35), 2 / 3, 2 / 3), (column(), 0.0, 0.0), (column(20) // 3, 0.0, 0.0), (column(20)[:, 5:], 0.0, 0.0),
], ids=["the same", "one beside", "two beside", "four beside", "one too many", "none", "faint", "of another size"])
def test_lines_count_where_the_truth_is_near(made: Any, near: float, strict: float, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "true.png"), column(20))
    cv2.imwrite(str(tmp_path / "made.png"), made)
    given: Any = {"image": str(tmp_path / "made.png")}
    assert boundary_f1(given, str(tmp_path / "true.png")) == pytest.approx(near)
    assert boundary_f1_strict(given, str(tmp_path / "true.png")) == pytest.approx(strict)


def test_borders_run_where_regions_meet() -> None:
    labels = np.zeros((4, 6), np.int64)
    labels[:, 3:] = 1
    assert np.flatnonzero(borders(labels).all(axis=0)).tolist() == [2]


@pytest.mark.parametrize("task", ["canny-control", "lineart-control"])
def test_every_truth_holds_lines(task: str, tmp_path: Path) -> None:
    for case in kind(task).cases("test", tmp_path):
        share = float((cv2.imread(case.truth, cv2.IMREAD_GRAYSCALE) >= 128).mean())
        assert 0.002 < share < 0.4
