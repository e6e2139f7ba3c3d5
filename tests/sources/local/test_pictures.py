"""Pictures by diffusion: what the library's own pipeline draws from the same weights and the same seed."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertError, ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import pictures, pictures_pipeline
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from tests.sources.local import tiny_pictures as tiny

TEXT = "a red house"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 32, 3), dtype=np.uint8)).save(path)
    return path


def runner(task: str, checkpoint: Checkpoint) -> Runner:
    (only,) = [row for row in pictures.RUNNERS if row.task == task and row.fits(checkpoint)]
    return only


def run(task: str, checkpoint: Checkpoint, folder: Path, **args: Any) -> Finding:
    row = runner(task, checkpoint)
    return row.run(row.load(checkpoint, "cpu"), args, Store(folder / "out"))


def library(kind: str, checkpoint: Checkpoint, **call: Any) -> Any:
    """The picture diffusers' own class draws, as an array."""
    import diffusers
    import torch

    pipeline = getattr(diffusers, kind).from_pretrained(checkpoint.folder)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        return np.asarray(pipeline(**call, num_inference_steps=12, generator=torch.manual_seed(0)).images[0])


def pixels(finding: Finding) -> Any:
    with Image.open(finding.output["image"]) as image:
        return np.asarray(image)


def test_words_are_drawn(tmp_path: Path) -> None:
    checkpoint = tiny.stable_diffusion(tmp_path)
    ours = pixels(run("text-to-image", checkpoint, tmp_path, text=TEXT))
    assert ours.shape == (tiny.SIDE, tiny.SIDE, 3)
    assert (ours == library("StableDiffusionPipeline", checkpoint, prompt=TEXT)).all()
    assert (ours != pixels(run("text-to-image", checkpoint, tmp_path, text="a river in paris"))).any()


@pytest.mark.parametrize("text", [TEXT, None], ids=["told", "untold"])
def test_a_picture_is_drawn_over(text: str | None, photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.stable_diffusion(tmp_path)
    found = run("image-to-image", checkpoint, tmp_path, image=str(photo), **({"text": text} if text else {}))
    with Image.open(photo) as image:
        small = image.resize((16, 16))
    theirs = library("StableDiffusionImg2ImgPipeline", checkpoint, prompt=text or "", image=small, strength=0.6)
    assert (pixels(found) == theirs).all()
    assert found.note == "worked at 16 x 16 pixels; the picture has 32 x 64"


def test_drawing_and_drawing_over_share_one_load() -> None:
    loads = {row.task: row.load for row in pictures.RUNNERS}
    assert loads["text-to-image"] is loads["image-to-image"]


def test_a_picture_is_edited_as_told(photo: Path, tmp_path: Path) -> None:
    kind = "StableDiffusionInstructPix2PixPipeline"
    checkpoint = tiny.stable_diffusion(tmp_path, kind)
    found = run("image-editing", checkpoint, tmp_path, image=str(photo), text="make it red")
    with Image.open(photo) as image:
        theirs = library(kind, checkpoint, prompt="make it red", image=image.resize((16, 16)))
    assert (pixels(found) == theirs).all()


def test_a_picture_is_enlarged(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.upscaler(tmp_path)
    found = run("image-upscaling", checkpoint, tmp_path, image=str(photo))
    with Image.open(photo) as image:
        theirs = library("StableDiffusionUpscalePipeline", checkpoint, prompt="", image=image.copy())
    assert pixels(found).shape == theirs.shape
    assert (pixels(found) == theirs).all()
    assert found.note is None


def test_what_the_safety_checker_blocks_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="safety checker"):
        run("text-to-image", tiny.prudish(tmp_path), tmp_path, text=TEXT)


def test_a_blank_picture_is_a_failure(tmp_path: Path) -> None:
    class Blank:
        def __call__(self, **_: Any) -> Any:
            return type("Output", (), {"images": [Image.new("RGB", (8, 8))]})()

    with pytest.raises(ExpertError, match="blank"):
        pictures_pipeline.draw(Blank(), Loaded(None, None, "cpu", Checkpoint("a", tmp_path)), {})


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    checkpoint = tiny.stable_diffusion(tmp_path)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(OSError, match="safetensors"):
        run("text-to-image", checkpoint, tmp_path, text=TEXT)


def test_weights_in_half_precision_alone_are_found(tmp_path: Path) -> None:
    checkpoint = tiny.stable_diffusion(tmp_path)
    whole = pixels(run("text-to-image", checkpoint, tmp_path, text=TEXT))
    for file in tmp_path.glob("*/*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    assert (pixels(run("text-to-image", checkpoint, tmp_path, text=TEXT)) == whole).all()


@pytest.mark.parametrize("part", [["os", "system"], ["my_unet", "UNet"], ["torch.hub", "load"]], ids=str)
def test_a_pipeline_with_code_of_its_own_is_refused(part: list[str], tmp_path: Path) -> None:
    checkpoint = Checkpoint("org/model", tmp_path, config={"_class_name": "StableDiffusionPipeline", "unet": part})
    with pytest.raises(ExpertGone, match="code of its own for its unet"):
        runner("text-to-image", checkpoint).load(checkpoint, "cpu")


class Stub:
    def __init__(self, scheduler: str) -> None:
        self.scheduler = type(scheduler, (), {})()


@pytest.mark.parametrize(("name", "scheduler", "device", "pace"), [
    ("org/sd-1.5", "PNDMScheduler", "cpu", {"num_inference_steps": 12}),
    ("org/sd-1.5", "PNDMScheduler", "cuda", {"num_inference_steps": 30}),
    ("org/sd-turbo", "EulerDiscreteScheduler", "cuda", {"num_inference_steps": 4, "guidance_scale": 0.0}),
    ("org/FLUX.1-schnell", "FlowMatchEulerDiscreteScheduler", "cpu", {"num_inference_steps": 4, "guidance_scale": 0.0}),
    ("org/dreamshaper", "LCMScheduler", "cpu", {"num_inference_steps": 4}),
], ids=str)
def test_steps_follow_the_kind_and_the_device(name: str, scheduler: str, device: str, pace: dict[str, Any]) -> None:
    assert pictures_pipeline.pace(Loaded(Stub(scheduler), None, device, Checkpoint(name, None))) == pace


@pytest.mark.parametrize(("size", "side", "enlarge", "fitted"), [
    ((1600, 800), 512, True, (512, 256)), ((100, 60), 512, True, (512, 304)), ((100, 60), 512, False, (96, 64)),
    ((3, 900), 512, False, (16, 512))], ids=str)
def test_sizes_are_multiples_of_sixteen(size: tuple[int, int], side: int, enlarge: bool, fitted: tuple[int, int],
                                        tmp_path: Path) -> None:
    Image.new("RGB", size, "red").save(tmp_path / "in.png")
    assert pictures_pipeline.fitted(str(tmp_path / "in.png"), side, enlarge).size == fitted


@pytest.mark.parametrize("kind", sorted({*pictures.DRAWING, *pictures.EDITING, *pictures.ENLARGING}))
def test_every_named_pipeline_takes_what_it_is_given(kind: str) -> None:
    """The classes stand in the library, and their calls know the names of our arguments."""
    import diffusers

    known = set(inspect.signature(getattr(diffusers, kind).__call__).parameters)
    needs = {"num_inference_steps", "generator"} | ({"prompt"} if kind != "LDMSuperResolutionPipeline" else set())
    needs |= {"image"} if kind in (*pictures.EDITING, *pictures.ENLARGING) else set()
    assert needs <= known


@pytest.mark.parametrize("kind", pictures.RESTYLING)
def test_pipelines_that_draw_have_a_sister_that_draws_over(kind: str) -> None:
    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_IMAGE2IMAGE_PIPELINES_MAPPING as SISTERS
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING as DRAWERS

    (family,) = [name for name, drawer in DRAWERS.items() if drawer is getattr(diffusers, kind)]
    assert {"prompt", "image", "strength", "num_inference_steps"} <= set(
        inspect.signature(SISTERS[family].__call__).parameters)


@pytest.mark.parametrize(("kind", "tasks"), [
    ("StableDiffusionXLPipeline", {"text-to-image", "image-to-image"}), ("PixArtSigmaPipeline", {"text-to-image"}),
    ("FluxKontextPipeline", {"image-editing"}), ("StableDiffusionUpscalePipeline", {"image-upscaling"}),
    ("StableDiffusionInpaintPipeline", set()), (["my_code", "Pipeline"], set())], ids=str)
def test_tasks_of_a_pipeline(kind: Any, tasks: set[str]) -> None:
    checkpoint = Checkpoint("org/model", None, (str(kind),), {"_class_name": kind})
    assert {row.task for row in pictures.RUNNERS if row.fits(checkpoint)} == tasks
    told = Checkpoint("org/model", None, (str(kind),), {"_class_name": kind}, tasks=("image-to-image",))
    assert {row.task for row in pictures.RUNNERS if row.fits(told)} == tasks & {"image-to-image"}
