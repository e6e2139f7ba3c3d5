from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.upscaling import ENGINES, noise

each = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def run(engine: Engine, array: np.ndarray, folder: Path) -> np.ndarray:
    Image.fromarray(array).save(folder / "in.png")
    finding = engine.run({"image": str(folder / "in.png")}, Store(folder / "out"))
    with Image.open(finding.output["image"]) as image:
        return np.asarray(image)


def error(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(((one.astype(float) - other.astype(float)) ** 2).mean()))


@each
@pytest.mark.parametrize(("shape", "large"), [((1, 1), (2, 2)), ((2, 301), (4, 602)), ((60, 40), (120, 80))],
                         ids=["pixel", "row", "blank"])
def test_the_size_doubles_and_a_plain_colour_stays(engine: Engine, shape: tuple[int, int], large: tuple[int, int],
                                                   tmp_path: Path) -> None:
    made = run(engine, np.full((*shape, 3), (90, 140, 200), np.uint8), tmp_path)
    assert made.shape == (*large, 3)
    assert np.abs(made.astype(int) - [90, 140, 200]).max() <= 2


@each
def test_a_noisy_picture_comes_out_closer_to_the_truth_than_by_repeating_pixels(engine: Engine, tmp_path: Path) -> None:
    truth = data.astronaut()[40:296, 100:356]
    small = np.asarray(Image.fromarray(truth).resize((128, 128), Image.Resampling.BOX))
    noisy = np.clip(small + np.random.default_rng(0).normal(0, 5, small.shape), 0, 255).astype(np.uint8)
    assert error(run(engine, noisy, tmp_path), truth) < error(noisy.repeat(2, 0).repeat(2, 1), truth)


@each
def test_edges_come_out_steeper_than_by_bicubic_interpolation(engine: Engine, tmp_path: Path) -> None:
    step = np.zeros((40, 40, 3), np.uint8)
    step[:, 20:] = 180
    step = np.asarray(Image.fromarray(step).resize((38, 38), Image.Resampling.BICUBIC)) // 2 + 40
    bicubic = np.asarray(Image.fromarray(step).resize((76, 76), Image.Resampling.BICUBIC))
    made = run(engine, step, tmp_path)
    assert np.diff(made[38, :, 1].astype(int)).max() > np.diff(bicubic[38, :, 1].astype(int)).max()


@each
def test_more_than_40_megapixels_are_refused(engine: Engine, tmp_path: Path) -> None:
    Image.new("1", (4000, 2600)).save(tmp_path / "in.png")
    with pytest.raises(ExpertError, match="40 million"):
        engine.run({"image": str(tmp_path / "in.png")}, Store(tmp_path / "out"))


@pytest.mark.parametrize("sigma", [0, 5, 15])
def test_noise_is_measured(sigma: int) -> None:
    smooth = np.tile(np.linspace(60, 180, 200, dtype=np.float32), (200, 1))
    grainy = smooth + np.random.default_rng(0).normal(0, sigma, smooth.shape).astype(np.float32)
    assert noise(grainy) == pytest.approx(sigma, abs=0.6)
