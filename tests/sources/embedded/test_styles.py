from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.styles import ENGINES, STYLES, wanted

STYLE_OF = {name: style for style, row in STYLES.items() for name in row.algorithms}
each = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def run(engine: Engine, array: np.ndarray, folder: Path) -> np.ndarray:
    Image.fromarray(array).save(folder / "in.png")
    args = {"image": str(folder / "in.png"), "text": STYLE_OF[engine.name]}
    with Image.open(engine.run(args, Store(folder / "out")).output["image"]) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(("text", "style"), [
    ("Turn this photo into a pencil sketch", "pencil sketch"), ("make it look like a cartoon", "cartoon"),
    ("a watercolour painting, please", "watercolor"), ("as an oil painting", "oil painting"),
    ("convert to grayscale", "black and white"), ("Black and White", "black and white"), ("old photo look", "sepia"),
    ("invert the colors", "negative"), ("blur it", "blur"), ("sharpen this", "sharpen"),
    ("remove the noise", "denoise"),
    ("make it brighter", "brighter"), ("darken it a little", "darker"), ("improve the picture", "enhance"),
    (None, "enhance"), ("  ", "enhance"), ("put a hat on the dog", None),
])
def test_the_style_is_found_in_the_words(text: str | None, style: str | None) -> None:
    assert wanted(text) == style


@pytest.mark.parametrize("style", STYLES)
def test_three_families_compete_for_each_style(style: str) -> None:
    fitting = [row for row in ENGINES if row.fits is not None and row.fits({"text": style}) is None]
    assert len({row.family for row in fitting}) >= 3


def test_for_an_unknown_style_all_engines_say_the_same_and_name_the_styles() -> None:
    reasons = {row.fits({"text": "put a hat on the dog"}) for row in ENGINES if row.fits}
    assert len(reasons) == 1
    assert all(style in str(reasons) for style in STYLES)


def test_another_style_than_the_engines_own_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "in.png")
    with pytest.raises(ExpertError, match="makes pencil sketch, not sepia"):
        ENGINES[0].run({"image": str(tmp_path / "in.png"), "text": "sepia"}, Store(tmp_path / "out"))


@each
def test_the_picture_changes_and_keeps_its_size_and_layout(engine: Engine, tmp_path: Path) -> None:
    given = data.astronaut()[::2, ::2]
    made = run(engine, given, tmp_path)
    assert made.shape == given.shape
    assert np.abs(made.astype(int) - given).mean() > 0.2
    assert made.std() > 10


@each
@pytest.mark.parametrize("shape", [(1, 1), (2, 200), (50, 40)], ids=["pixel", "row", "blank"])
def test_small_and_blank_pictures_pass(engine: Engine, shape: tuple[int, int], tmp_path: Path) -> None:
    assert run(engine, np.full((*shape, 3), 100, np.uint8), tmp_path).shape == (*shape, 3)


TRAITS = {
    "black and white": lambda made, given: np.ptp(made.astype(int), axis=2).max() == 0,
    "sepia": lambda made, given: made[..., 0].mean() > made[..., 1].mean() > made[..., 2].mean(),
    "negative": lambda made, given: np.corrcoef(made.mean(axis=2).ravel(), given.mean(axis=2).ravel())[0, 1] < -0.5,
    "brighter": lambda made, given: made.mean() > given.mean() + 8,
    "darker": lambda made, given: made.mean() < given.mean() - 8,
    "blur": lambda made, given: detail(made) < 0.6 * detail(given),
    "sharpen": lambda made, given: detail(made) > 1.2 * detail(given),
    "denoise": lambda made, given: detail(made) < detail(given),
    "pencil sketch": lambda made, given: np.ptp(made.astype(int), axis=2).max() == 0 and made.mean() > 120,
}


def detail(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture.mean(axis=2), axis=1)).mean())


@pytest.mark.parametrize("engine", [row for row in ENGINES if STYLE_OF[row.name] in TRAITS], ids=lambda row: row.name)
def test_the_style_shows(engine: Engine, tmp_path: Path) -> None:
    given = data.astronaut()
    assert TRAITS[STYLE_OF[engine.name]](run(engine, given, tmp_path), given)
