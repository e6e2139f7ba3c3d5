"""Drawing from words along a control picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import controls, controls_drawing, pictures_pipeline
from compegpt.sources.local.runner import Checkpoint, Runner
from compegpt.sources.local.source import Local
from tests.fakes import settings
from tests.sources.local import tiny, tiny_pictures

TEXT = "a red house"
CANNY = "lllyasviel/sd-controlnet-canny"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    tiny_pictures.stable_diffusion(folder)
    return folder


def runner(task: str, checkpoint: Checkpoint) -> Runner:
    (only,) = [row for row in controls.RUNNERS if row.task == task and row.fits(checkpoint)]
    return only


def run(task: str, checkpoint: Checkpoint, folder: Path, **args: Any) -> Finding:
    row = runner(task, checkpoint)
    return row.run(row.load(checkpoint, "cpu"), args, Store(folder / "out"))


def pixels(finding: Finding) -> Any:
    with Image.open(finding.output["image"]) as image:
        return np.asarray(image)


def test_words_are_drawn_along_a_control_picture(base: Path, photo: Path, tmp_path: Path) -> None:
    import diffusers
    import torch

    found = run("canny-text-to-image", tiny_pictures.controlnet(tmp_path, CANNY, base), tmp_path, image=str(photo),
                text=TEXT)
    network = diffusers.ControlNetModel.from_pretrained(tmp_path)
    pipeline = diffusers.StableDiffusionControlNetPipeline.from_pretrained(base, controlnet=network)
    pipeline.set_progress_bar_config(disable=True)
    with Image.open(photo) as image:
        small = image.resize((16, 16))
    drawn = {}
    for name, control in (("same", small), ("black", Image.new("RGB", (16, 16)))):
        drawn[name] = np.asarray(pipeline(TEXT, image=control, width=16, height=16, num_inference_steps=12,
                                          generator=torch.manual_seed(0)).images[0])
    assert (pixels(found) == drawn["same"]).all()
    assert (drawn["same"] != drawn["black"]).any()


def test_an_accelerators_half_precision_gives_nearly_the_same(base: Path, photo: Path, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    checkpoint = tiny_pictures.controlnet(tmp_path, CANNY, base)
    whole = run("canny-text-to-image", checkpoint, tmp_path, image=str(photo), text=TEXT)
    for module in (pictures_pipeline, controls_drawing):
        monkeypatch.setattr(module, "number_type", lambda device, config: torch.float16)
    loaded = runner("canny-text-to-image", checkpoint).load(checkpoint, "cpu")
    half = controls_drawing.draw_along(loaded, {"image": str(photo), "text": TEXT}, Store(tmp_path / "out"))
    assert loaded.model.unet.dtype is loaded.model.controlnet.dtype is torch.float16
    assert np.abs(pixels(half).astype(int) - pixels(whole)).mean() < 4


def test_a_pipeline_may_name_its_controlnet(base: Path, photo: Path, tmp_path: Path) -> None:
    network = tiny_pictures.controlnet(tmp_path / "canny", CANNY, base)
    by_network = run("canny-text-to-image", network, tmp_path, image=str(photo), text=TEXT)
    pipeline = replace(tiny.described(base), beside={"controlnet": str(tmp_path / "canny")})
    by_pipeline = run("canny-text-to-image", pipeline, tmp_path, image=str(photo), text=TEXT)
    assert (pixels(by_pipeline) == pixels(by_network)).all()


@pytest.mark.parametrize(("name", "kind"), [
    ("lllyasviel/sd-controlnet-canny", "canny"), ("lllyasviel/control_v11p_sd15_openpose", "openpose"),
    ("lllyasviel/control_v11p_sd15_softedge", "hed"), ("lllyasviel/control_v11p_sd15_normalbae", "normal"),
    ("lllyasviel/sd-controlnet-seg", "seg"), ("diffusers/controlnet-depth-sdxl-1.0", "depth"),
    ("lllyasviel/sd-controlnet-mlsd", "mlsd"), ("lllyasviel/sd-controlnet-scribble", "scribble"),
    ("monster-labs/control_v1p_sd15_qrcode_monster", None)], ids=str)
def test_the_control_is_told_by_the_name(name: str, kind: str | None) -> None:
    checkpoint = Checkpoint(name, None, ("ControlNetModel",), {"_class_name": "ControlNetModel"})
    fitting = [row.task for row in controls.RUNNERS if row.fits(checkpoint)]
    assert fitting == ([f"{kind}-text-to-image"] if kind else [])
    told = replace(checkpoint, tasks=("mlsd-text-to-image",))
    assert [row.task for row in controls.RUNNERS if row.fits(told)] == ["mlsd-text-to-image"]


@pytest.mark.parametrize(("beside", "tags", "base"), [
    ({"base": "org/mine"}, ("base_model:org/card",), "org/mine"),
    ({}, ("base_model:adapter:org/card", "base_model:org/card"), "org/card"), ({}, ("en",), None)],
    ids=["user", "card", "unknown"])
def test_the_base_is_told_by_the_user_or_the_card(beside: dict[str, str], tags: tuple[str, ...],
                                                  base: str | None) -> None:
    checkpoint = Checkpoint(CANNY, None, config={"_class_name": "ControlNetModel"}, tags=tags, beside=beside)
    assert controls_drawing.base_of(checkpoint) == base
    refuses = runner("canny-text-to-image", checkpoint).refuses
    assert refuses is not None
    assert (refuses(checkpoint, {}) is None) == (base is not None)


def test_a_base_that_is_not_here_is_named(tmp_path: Path) -> None:
    checkpoint = replace(tiny_pictures.controlnet(tmp_path, CANNY, None), beside={"base": "org/not-here"})
    with pytest.raises(ExpertGone, match="'org/not-here' is not on this machine"):
        runner("canny-text-to-image", checkpoint).load(checkpoint, "cpu")


@pytest.mark.parametrize("place", ["lllyasviel/sd-controlnet-canny", "/home/me/depth/my-canny",
                                   "/depth/models--lllyasviel--sd-controlnet-canny/snapshots/0123"], ids=str)
def test_the_control_is_told_by_the_name_of_the_network_beside(place: str) -> None:
    config = {"_class_name": "StableDiffusionPipeline"}
    pipeline = Checkpoint("org/base", None, config=config, beside={"controlnet": place})
    assert controls_drawing.control_of(pipeline) == "canny"


async def test_the_source_draws_along_a_control_picture(base: Path, photo: Path, tmp_path: Path) -> None:
    network = tiny_pictures.controlnet(tmp_path / "sd-controlnet-canny", "tiny/sd-controlnet-canny", base)
    by_hand = run("canny-text-to-image", network, tmp_path, image=str(photo), text=TEXT)
    local = Local(settings(tmp_path / "data", device="cpu", hf_home=tmp_path), [network])
    args = {"image": str(photo), "text": TEXT}
    (expert,) = (await local.offers("canny-text-to-image", args)).experts
    found = await local.run(expert, args, Store(tmp_path / "out"))
    assert (pixels(found) == pixels(by_hand)).all()
