"""Drawing, restyling, editing and enlarging pictures by diffusion, from words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from compegpt.media.artifacts import Store, open_image
from compegpt.schema import Finding
from compegpt.sources.local.pictures_pipeline import (
    draw,
    finding,
    fitted,
    library,
    loads,
    native_side,
    pipeline_named,
)
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import meant_for

RESTYLING = ("StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline", "FluxPipeline",
             "LatentConsistencyModelPipeline", "Kandinsky3Pipeline", "QwenImagePipeline", "ZImagePipeline")
"""Pipelines that draw from words, and over a picture too."""
DRAWING = (*RESTYLING, "PixArtAlphaPipeline", "PixArtSigmaPipeline", "SanaPipeline", "HunyuanDiTPipeline",
           "AuraFlowPipeline", "LuminaPipeline", "Lumina2Pipeline", "ChromaPipeline", "CogView3PlusPipeline",
           "CogView4Pipeline", "Flux2Pipeline", "Flux2KleinPipeline")
EDITING = ("StableDiffusionInstructPix2PixPipeline", "StableDiffusionXLInstructPix2PixPipeline", "FluxKontextPipeline",
           "QwenImageEditPipeline", "QwenImageEditPlusPipeline")
"""Pipelines that do to a picture what they are told."""
ENLARGING = ("StableDiffusionUpscalePipeline", "StableDiffusionLatentUpscalePipeline", "LDMSuperResolutionPipeline")
STRENGTH = 0.6
"""How far a picture is drawn anew, in [0, 1]."""
LARGEST = {"cpu": 128}
"""Longest side, by device, that is enlarged; 512 where it is not listed. Four times that is drawn, at a high price."""


def draw_words(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """At the size the model was trained on."""
    return finding(draw(loaded.model, loaded, {"prompt": args["text"]}), store)


def restyle(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """The picture drawn anew in part, at about the size the model was trained on."""
    pipeline = library().AutoPipelineForImage2Image.from_pipe(loaded.model)
    pipeline.set_progress_bar_config(disable=True)
    image = fitted(args["image"], native_side(pipeline), enlarge=True)
    told = {"prompt": str(args.get("text") or ""), "strength": STRENGTH, **_sized(pipeline, image)}
    return finding(draw(pipeline, loaded, told), store, _worked_at(image, args["image"]))


def edit(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image = fitted(args["image"], native_side(loaded.model), enlarge=True)
    drawn = draw(loaded.model, loaded, {"prompt": args["text"], **_sized(loaded.model, image)})
    return finding(drawn, store, _worked_at(image, args["image"]))


def enlarge(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image = fitted(args["image"], LARGEST.get(loaded.device, 512))
    told = {} if pipeline_named(loaded.checkpoint, "LDMSuperResolutionPipeline") else {"prompt": ""}
    return finding(draw(loaded.model, loaded, {"image": image, **told}), store, _worked_at(image, args["image"]))


def _sized(pipeline: Any, image: Any) -> dict[str, Any]:
    """The picture, and its size for those pipelines that would else make it a square."""
    asks = {"width": image.width, "height": image.height}
    known = inspect.signature(type(pipeline).__call__).parameters
    return {"image": image, **{name: value for name, value in asks.items() if name in known}}


def _worked_at(image: Any, path: str) -> str | None:
    width, height = open_image(path).size
    return None if image.size == (width, height) else (
        f"worked at {image.width} x {image.height} pixels; the picture has {width} x {height}")


def _made_of(task: str, names: tuple[str, ...]) -> Callable[[Checkpoint], bool]:
    return lambda checkpoint: meant_for(checkpoint, task) and pipeline_named(checkpoint, *names)


load_drawing = partial(loads, "AutoPipelineForText2Image")
"""One load for both tasks: a pipeline that draws from words is made over into one for pictures without a copy."""
load_pipeline = partial(loads, "DiffusionPipeline")

RUNNERS: tuple[Runner, ...] = (
    Runner("text-to-image", _made_of("text-to-image", DRAWING), load_drawing, draw_words),
    Runner("image-to-image", _made_of("image-to-image", RESTYLING), load_drawing, restyle),
    Runner("image-editing", _made_of("image-editing", EDITING), load_pipeline, edit),
    Runner("image-upscaling", _made_of("image-upscaling", ENLARGING), load_pipeline, enlarge),
)
