from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from compegpt.media.artifacts import Store
from compegpt.sources.embedded import edges
from compegpt.sources.embedded.edges import ENGINES
from compegpt.sources.embedded.engine import Engine

each = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
canny = pytest.mark.parametrize("engine", [row for row in ENGINES if row.task == "canny-control"],
                                ids=lambda engine: engine.name)


def drawn(engine: Engine, array: np.ndarray, folder: Path) -> np.ndarray:
    Image.fromarray(array).save(folder / "in.png")
    finding = engine.run({"image": str(folder / "in.png")}, Store(folder / "out"))
    with Image.open(finding.output["image"]) as image:
        return np.asarray(image)


@each
def test_few_white_lines_on_black_in_the_size_of_the_input(engine: Engine, tmp_path: Path) -> None:
    lines = drawn(engine, data.coffee(), tmp_path)
    assert lines.shape == data.coffee().shape[:2]
    assert 0.005 < (lines > 127).mean() < 0.2


@canny
def test_the_rim_of_a_disc_is_found(engine: Engine, tmp_path: Path) -> None:
    y, x = np.mgrid[:200, :200]
    radius = np.hypot(x - 100, y - 100)
    lines = drawn(engine, np.where((radius < 60)[..., None], [200, 60, 60], [40, 40, 90]).astype(np.uint8), tmp_path)
    assert set(np.unique(lines)) == {0, 255}
    assert np.abs(radius[lines > 0] - 60).max() < 4
    assert (lines > 0).sum() > 250


def test_a_line_between_equally_bright_colours_is_seen_by_the_colour_tensor(tmp_path: Path) -> None:
    half = np.zeros((80, 80, 3), np.uint8)
    half[:, :40], half[:, 40:] = (160, 0, 0), (0, 82, 0)
    engine = next(row for row in ENGINES if row.name == "di-zenzo")
    assert (drawn(engine, half, tmp_path)[10:70, 36:44] > 0).any(axis=1).all()


@each
@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (120, 90)], ids=["pixel", "row", "blank"])
def test_a_blank_picture_has_no_lines(engine: Engine, shape: tuple[int, int], tmp_path: Path) -> None:
    lines = drawn(engine, np.full((*shape, 3), 130, np.uint8), tmp_path)
    assert lines.shape == shape
    assert lines.max() < 30


@each
def test_a_large_picture_is_worked_at_smaller(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "SIDE", 100)
    Image.fromarray(data.coffee()).save(tmp_path / "in.png")
    finding = engine.run({"image": str(tmp_path / "in.png")}, Store(tmp_path / "out"))
    assert "100 x 67" in (finding.note or "")
    with Image.open(finding.output["image"]) as image:
        assert image.size == (600, 400)
