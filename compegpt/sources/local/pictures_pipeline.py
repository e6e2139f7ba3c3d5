"""Loading diffusers pipelines and having them draw: safetensors only, no code from a checkpoint, always one seed."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError, ExpertGone
from compegpt.media.artifacts import Store, open_image
from compegpt.schema import Finding
from compegpt.sources.local.devices import number_type
from compegpt.sources.local.loading import library as transformers_library
from compegpt.sources.local.runner import Checkpoint, Loaded

SEED = 0
STEPS = {"cpu": 12, "mps": 25, "cuda": 30}
"""Steps of denoising by device; two cores take about 11 s for each, for 512 x 512 pixels of Stable Diffusion 1.5."""
FEW_STEPS = 4
_DISTILLED = re.compile(r"turbo|lightning|schnell|lcm|hyper|dmd|klein|latentconsistency", re.IGNORECASE)
"""Names of models that were trained to draw in few steps."""
_UNGUIDED = re.compile(r"turbo|lightning|schnell", re.IGNORECASE)
"""Those of them that know no guidance scale but 0."""
GRID = 16
"""Widths and heights are multiples of this many pixels, which all of these models take."""
_LIBRARIES = ("diffusers", "transformers")


@functools.cache
def library() -> Any:
    """diffusers, told to keep its progress bars and advice to itself."""
    transformers_library()
    import diffusers
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
    return diffusers


def pipeline_of(auto: str, checkpoint: Checkpoint, device: str, **parts: Any) -> Any:
    """A pipeline by one of diffusers' classes ("AutoPipelineForText2Image") from the checkpoint's folder.

    `parts`: models to put into it besides its own (a controlnet). Raises ExpertGone where the folder asks for code that
    is not diffusers' or transformers', and whatever diffusers raises.
    """
    check_parts(checkpoint)
    pipeline = getattr(library(), auto).from_pretrained(
        checkpoint.folder, use_safetensors=True, local_files_only=True, dtype=precision(checkpoint, device),
        variant=_variant(checkpoint.folder), **parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def check_parts(checkpoint: Checkpoint) -> None:
    """Raises ExpertGone where model_index.json names modules other than the two libraries'."""
    for name, part in checkpoint.config.items():
        named = part[0] if isinstance(part, list) and len(part) == 2 else None
        if isinstance(named, str) and named not in _LIBRARIES and not hasattr(library().pipelines, named):
            raise ExpertGone(f"{checkpoint.name} wants code of its own for its {name}, and no code from models is run; "
                             "choose another.")


def precision(checkpoint: Checkpoint, device: str) -> Any:
    """The torch dtype of a pipeline: those with a transformer in place of a U-Net overflow in float16."""
    return number_type(device, {"dtype": "bfloat16"} if "transformer" in checkpoint.config else {})


def _variant(folder: Path | None) -> str | None:
    """`fp16` where the weights lie there in half precision only."""
    files = [file.name for file in folder.glob("*/*.safetensors")] if folder else []
    return "fp16" if files and all(".fp16." in name for name in files) else None


def loads(auto: str, checkpoint: Checkpoint, device: str) -> Loaded:
    return Loaded(pipeline_of(auto, checkpoint, device), None, device, checkpoint)


def pace(loaded: Loaded) -> dict[str, Any]:
    """How many steps the pipeline takes, and without guidance where it was trained for that."""
    names = " ".join((loaded.checkpoint.name, str(loaded.checkpoint.config.get("_name_or_path", "")),
                      type(loaded.model).__name__, type(getattr(loaded.model, "scheduler", None)).__name__))
    steps = FEW_STEPS if _DISTILLED.search(names) else STEPS.get(loaded.device, STEPS["cuda"])
    return {"num_inference_steps": steps, **({"guidance_scale": 0.0} if _UNGUIDED.search(names) else {})}


def chance() -> Any:
    """The same random numbers on every device: the generator is the CPU's, and diffusers moves its noise."""
    import torch

    return torch.Generator("cpu").manual_seed(SEED)


def native_side(pipeline: Any) -> int:
    """Pixels of the pictures the pipeline was trained on; 1024 where it does not say."""
    model = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    size = getattr(getattr(model, "config", None), "sample_size", None)
    return size * getattr(pipeline, "vae_scale_factor", 8) if isinstance(size, int) else 1024


def fitted(path: str, side: int, enlarge: bool = False) -> Any:
    """The picture with its longer side at most `side` pixels (just so many, if `enlarge`), on the GRID."""
    image = open_image(path)
    factor = side / max(image.size)
    factor = factor if enlarge else min(1.0, factor)
    size = tuple(max(GRID, round(length * factor / GRID) * GRID) for length in image.size)
    return image if size == image.size else image.resize(size)


def draw(pipeline: Any, loaded: Loaded, arguments: Mapping[str, Any]) -> Any:
    """The first picture that the pipeline makes. Raises ExpertError where it is blocked or blank."""
    import torch

    with torch.inference_mode():
        output = pipeline(**{**pace(loaded), **arguments}, generator=chance())
    if any(getattr(output, "nsfw_content_detected", None) or ()):
        raise ExpertError("the model's own safety checker blocked the picture; word the request in another way")
    image = output.images[0]
    if all(low == high for low, high in _extremes(image)):
        raise ExpertError("the model drew a blank picture")
    return image


def _extremes(image: Any) -> tuple[tuple[int, int], ...]:
    return tuple(image.convert("RGB").getextrema())


def finding(image: Any, store: Store, note: str | None = None) -> Finding:
    path = store.new(".png")
    image.save(path, compress_level=3)
    return Finding({"image": str(path)}, note=note)


def pipeline_named(checkpoint: Checkpoint, *names: str) -> bool:
    """Whether it is a pipeline of one of these classes."""
    return checkpoint.config.get("_class_name") in names
