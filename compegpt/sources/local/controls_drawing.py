"""Drawing from words along a control picture: Stable Diffusion with a ControlNet (arXiv:2302.05543).

Either checkpoint may be the one that is offered: a ControlNet with a pipeline `beside` it under "base", or a pipeline
with a ControlNet under "controlnet". What kind of control it was trained on is told by its tasks or its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local.devices import number_type
from compegpt.sources.local.pictures_pipeline import (
    draw,
    finding,
    fitted,
    library,
    native_side,
    pipeline_named,
    pipeline_of,
)
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner

KINDS: Mapping[str, str] = {
    "canny": r"canny", "depth": r"depth", "hed": r"hed|softedge", "mlsd": r"mlsd", "normal": r"normal(?:bae)?",
    "openpose": r"(?:open)?pose", "scribble": r"scribble", "seg": r"seg|segmentation"}
"""Controls, and how the names of their ControlNets call them."""
BASES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
_WHOLE = ("StableDiffusionControlNetPipeline", "StableDiffusionXLControlNetPipeline")
_TAG = "base_model:"


def control_of(checkpoint: Checkpoint) -> str | None:
    """The kind of control a ControlNet was trained on ("canny"), by its name and that of the folder it came from."""
    said = " ".join((_called(checkpoint.beside.get("controlnet", "")), checkpoint.name,
                     str(checkpoint.config.get("_name_or_path", "")))).lower()
    return next((kind for kind, words in KINDS.items() if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", said)), None)


def _called(place: str) -> str:
    """The name in a folder's path: its last part, or the repository's in a Hub cache."""
    parts = Path(place).parts
    return parts[-3] if len(parts) > 2 and parts[-2] == "snapshots" else "".join(parts[-1:])


def base_of(checkpoint: Checkpoint) -> str | None:
    """The pipeline a ControlNet works with: as its user says, else as its card does."""
    said = checkpoint.beside.get("base")
    tags = [tag.removeprefix(_TAG).rpartition(":")[2] for tag in checkpoint.tags if tag.startswith(_TAG)]
    return said or next(iter(tags), None)


def _draws_along(kind: str) -> Callable[[Checkpoint], bool]:
    task = f"{kind}-text-to-image"

    def fits(checkpoint: Checkpoint) -> bool:
        able = (pipeline_named(checkpoint, "ControlNetModel", *_WHOLE)
                or (pipeline_named(checkpoint, *BASES) and "controlnet" in checkpoint.beside))
        return able and (task in checkpoint.tasks if checkpoint.tasks else control_of(checkpoint) == kind)

    return fits


def _baseless(checkpoint: Checkpoint, args: Mapping[str, Any]) -> str | None:
    if pipeline_named(checkpoint, "ControlNetModel") and base_of(checkpoint) is None:
        return "it is a ControlNet without a pipeline: name a Stable Diffusion model as its base"
    return None


def load_controlled(checkpoint: Checkpoint, device: str) -> Loaded:
    """The base pipeline with the ControlNet in it. Raises ExpertGone where one of the two is not on this machine."""
    if pipeline_named(checkpoint, *_WHOLE):
        return Loaded(pipeline_of("DiffusionPipeline", checkpoint, device), None, device, checkpoint)
    if pipeline_named(checkpoint, "ControlNetModel"):
        if checkpoint.folder is None:
            raise ExpertGone(f"{checkpoint.name} is not on this machine.")
        network, base = checkpoint.folder, _pipeline(folder_of(base_of(checkpoint)))
    else:
        network, base = folder_of(checkpoint.beside["controlnet"]), checkpoint
    controlnet = library().ControlNetModel.from_pretrained(
        network, use_safetensors=True, local_files_only=True, dtype=number_type(device, {}))
    return Loaded(pipeline_of("AutoPipelineForText2Image", base, device, controlnet=controlnet), None, device, base)


def folder_of(name: str | None) -> Path:
    """The folder of a checkpoint that is given as a folder or by its name on the Hub. Raises ExpertGone."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    if name and Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    try:
        return Path(snapshot_download(name or "", local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise ExpertGone(f"The pipeline or ControlNet '{name}' is not on this machine; fetch it first.") from error


def _pipeline(folder: Path) -> Checkpoint:
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    return Checkpoint(index.get("_name_or_path") or folder.name, folder, (str(index.get("_class_name")),), index)


def draw_along(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """`args["image"]` is the control picture itself."""
    image = fitted(args["image"], native_side(loaded.model), enlarge=True)
    told = {"prompt": args["text"], "image": image, "width": image.width, "height": image.height}
    return finding(draw(loaded.model, loaded, told), store)


RUNNERS: tuple[Runner, ...] = tuple(
    Runner(f"{kind}-text-to-image", _draws_along(kind), load_controlled, draw_along, _baseless) for kind in KINDS)
