"""Loading vision models with transformers and running one picture through them.

Preprocessing needs no torchvision: where it is absent, transformers takes the PIL implementation of the same processor.
Only processors that read videos insist on it, so a chat model's processor is put together without that half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import open_image
from compegpt.sources.local.devices import number_type
from compegpt.sources.local.loading import library, processor
from compegpt.sources.local.runner import Checkpoint, Loaded

Picture = Any
"""PIL.Image.Image, RGB."""

LONGEST = 2048
"""Pictures are shrunk to this longer side before any model sees them; none was trained on more."""


def by_architecture(task: str, *names: str) -> Callable[[Checkpoint], bool]:
    """Whether it is built as one of these, and its user did not say that it is for other tasks."""
    return lambda checkpoint: meant_for(checkpoint, task) and built_as(checkpoint, *names)


def built_as(checkpoint: Checkpoint, *names: str) -> bool:
    """Whether it has one of these architectures; a name that begins with "For" stands for all that end in it."""
    heads = tuple(name for name in names if name.startswith("For"))
    return any(name in names or name.endswith(heads) for name in checkpoint.architectures)


def meant_for(checkpoint: Checkpoint, task: str) -> bool:
    return not checkpoint.tasks or task in checkpoint.tasks


def model_of(auto: str, checkpoint: Checkpoint, device: str) -> Any:
    """The model of a checkpoint by one of transformers' Auto classes, in evaluation mode, on the device.

    Raises ExpertGone where the weights of a whole part are absent, and whatever transformers raises.
    """
    model, report = getattr(library(), auto).from_pretrained(
        checkpoint.folder, dtype=number_type(device, checkpoint.config), local_files_only=True, use_safetensors=True,
        trust_remote_code=False, output_loading_info=True)
    absent = absent_parts(model, report["missing_keys"])
    if absent:
        raise ExpertGone(f"{checkpoint.name} has no weights for its {', '.join(absent)}; "
                         "choose a checkpoint that was trained for this task.")
    return model.eval().to(device)


def absent_parts(model: Any, missing: set[str]) -> list[str]:
    """Parts of a model (`classifier`) none of whose weights were in the file: they would be random numbers.

    Single weights may well be missing: old files leave out what the computation never uses.
    """
    parts: dict[str, list[str]] = {}
    for name, _ in model.named_parameters(remove_duplicate=False):
        parts.setdefault(name.split(".")[0], []).append(name)
    return sorted(part for part, names in parts.items() if missing.issuperset(names))


def image_processor_of(checkpoint: Checkpoint) -> Any:
    """What turns a picture into the model's input."""
    return processor(checkpoint, "AutoImageProcessor")


def processor_of(checkpoint: Checkpoint) -> Any:
    """Its whole processor: pictures and, for models that read, the tokenizer."""
    kind = _processor_class(checkpoint)
    if (kind is not None and "video_processor" in kind.get_attributes()
            and not library().utils.is_torchvision_available()):
        return _without_videos(kind, checkpoint)
    return processor(checkpoint, "AutoProcessor")


def _processor_class(checkpoint: Checkpoint) -> Any:
    """By the model type; None where transformers knows none."""
    names = library().models.auto.processing_auto.PROCESSOR_MAPPING_NAMES
    name = names.get(str(checkpoint.config.get("model_type")))
    return getattr(library(), name, None) if isinstance(name, str) else None


def _without_videos(kind: Any, checkpoint: Checkpoint) -> Any:
    """A processor of this class that has no video half."""

    def accepted(self: Any, name: str, part: Any) -> Any:
        return None if part is None else kind.check_argument_for_proper_class(self, name, part)

    pictures_only: Any = type(kind.__name__, (kind,), {"check_argument_for_proper_class": accepted})
    tokenizer = processor(checkpoint)
    settings, _ = kind.get_processor_dict(checkpoint.folder, local_files_only=True)
    parts = {"image_processor": image_processor_of(checkpoint), "tokenizer": tokenizer, "video_processor": None}
    settings.setdefault("chat_template", tokenizer.chat_template)
    return pictures_only.from_args_and_dict([parts[name] for name in kind.get_attributes()], settings)


def loader(auto: str, reader: Callable[[Checkpoint], Any] = image_processor_of) -> Callable[[Checkpoint, str], Loaded]:
    """A Runner's `load` for models of one Auto class."""

    def load(checkpoint: Checkpoint, device: str) -> Loaded:
        return Loaded(model_of(auto, checkpoint, device), reader(checkpoint), device, checkpoint)

    return load


def picture(path: str, longest: int = LONGEST) -> tuple[Picture, float]:
    """The picture, its longer side at most `longest` pixels, and the factor (at most 1) of its size.

    Raises InputError.
    """
    from PIL import Image

    image = open_image(path)
    factor = min(1.0, longest / max(image.size))
    if factor == 1.0:
        return image, factor
    return image.resize(tuple(max(1, round(side * factor)) for side in image.size), Image.Resampling.LANCZOS), factor


def answered(loaded: Loaded, inputs: Any) -> Any:
    """The model's output for these inputs, its tensors as float32 on the CPU, where the post-processing works."""
    import torch

    with torch.inference_mode():
        output = loaded.model(**placed(loaded, inputs))
    for name, value in output.items():
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            output[name] = value.float().cpu()
    return output


def placed(loaded: Loaded, inputs: Any) -> dict[str, Any]:
    """Inputs on the model's device; numbers with a fraction in its precision."""
    import torch

    return {name: value.to(loaded.device, loaded.model.dtype if value.is_floating_point() else None)
            if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}


def named(loaded: Loaded, index: int) -> str:
    """The model's name of a class."""
    names = loaded.model.config.id2label
    return str(names.get(int(index), f"class {int(index)}"))
