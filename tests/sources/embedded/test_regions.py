from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.regions import ENGINES, MOST, explained

each = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def run(engine: Engine, array: np.ndarray, folder: Path) -> Finding:
    Image.fromarray(array).save(folder / "in.png")
    return engine.run({"image": str(folder / "in.png")}, Store(folder / "out"))


def masks(finding: Finding) -> list[np.ndarray]:
    found = []
    for region in finding.output["data"]:
        with Image.open(region["image"]) as image:
            found.append(np.asarray(image) > 127)
    return found


@each
def test_a_square_is_told_from_its_ground(engine: Engine, tmp_path: Path) -> None:
    scene = np.random.default_rng(0).integers(30, 50, (160, 240, 3)).astype(np.uint8)
    scene[40:120, 60:180] += np.array([150, 20, 20], np.uint8)
    square = np.zeros((160, 240), bool)
    square[40:120, 60:180] = True
    found = masks(run(engine, scene, tmp_path))
    best = max(float((mask & square).sum() / (mask | square).sum()) for mask in found)
    assert best > 0.85


@each
def test_masks_are_disjoint_largest_first_and_as_large_as_the_picture(engine: Engine, tmp_path: Path) -> None:
    finding = run(engine, data.coffee(), tmp_path)
    found = masks(finding)
    assert 2 <= len(found) <= MOST
    assert {mask.shape for mask in found} == {(400, 600)}
    scores = [region["score"] for region in finding.output["data"]]
    assert scores == sorted(scores, reverse=True)
    assert scores == [pytest.approx(float(mask.mean()), abs=1e-3) for mask in found]
    assert (np.sum(found, axis=0) > 1).mean() < 0.01
    assert 0 <= (finding.confidence or 0) <= 1
    with Image.open(finding.output["image"]) as overlay:
        assert overlay.size == (600, 400)


@each
@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (90, 120)], ids=["pixel", "row", "blank"])
def test_a_picture_of_one_colour_is_one_region(engine: Engine, shape: tuple[int, int], tmp_path: Path) -> None:
    finding = run(engine, np.full((*shape, 3), 90, np.uint8), tmp_path)
    assert [region["score"] for region in finding.output["data"]] == [1.0]


def test_explained_variance_is_one_for_true_regions_and_zero_for_none() -> None:
    halves = np.zeros((10, 10, 3), np.uint8)
    halves[:, 5:] = 200
    assert explained(halves, (np.arange(10) >= 5) * np.ones((10, 1), int)) == pytest.approx(1)
    assert explained(halves, np.zeros((10, 10), int)) == pytest.approx(0)
