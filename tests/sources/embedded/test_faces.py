from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.faces import ENGINES

ASTRONAUT = (175, 65, 272, 164)
each = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def overlap(one: list[float], other: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return shared / (areas - shared)


def picture(path: Path, array: np.ndarray) -> str:
    Image.fromarray(array).save(path)
    return str(path)


@each
@pytest.mark.parametrize("factor", [0.4, 1, 3], ids=["small", "as-is", "large"])
def test_the_face_is_found_where_it_is(engine: Engine, factor: float, tmp_path: Path) -> None:
    size = int(512 * factor)
    scaled = np.asarray(Image.fromarray(data.astronaut()).resize((size, size), Image.Resampling.LANCZOS))
    finding = engine.run({"image": picture(tmp_path / "a.png", scaled)}, Store(tmp_path / "out"))
    best = finding.output["boxes"][0]
    assert best["label"] == "face"
    assert 0 < best["score"] <= 1
    assert overlap([value / factor for value in best["box"]], ASTRONAUT) > 0.7
    with Image.open(finding.output["image"]) as drawn:
        assert drawn.size == (size, size)


@each
def test_a_picture_without_a_face_is_empty(engine: Engine, tmp_path: Path) -> None:
    finding = engine.run({"image": picture(tmp_path / "a.png", data.rocket())}, Store(tmp_path / "out"))
    assert finding.empty
    assert finding.output == {"boxes": []}


@each
@pytest.mark.parametrize("shape", [(1, 1), (2, 900)], ids=["pixel", "row"])
def test_a_picture_smaller_than_any_face_is_empty(engine: Engine, shape: tuple[int, int], tmp_path: Path) -> None:
    small = picture(tmp_path / "a.png", np.zeros((*shape, 3), np.uint8))
    finding = engine.run({"image": small}, Store(tmp_path / "out"))
    assert finding.empty


def test_cascades_trained_alike_are_one_family() -> None:
    family = {engine.name: engine.family for engine in ENGINES}
    assert family["haar-alt"] == family["haar-alt2"]
    assert len(set(family.values())) == 3
