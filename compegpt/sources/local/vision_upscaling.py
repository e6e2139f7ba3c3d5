"""Enlarging and sharpening pictures with Swin2SR (arXiv:2209.11345)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, save
from compegpt.schema import Finding
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import Picture, answered, by_architecture, loader, picture

LARGEST = 512
"""Longest side that is enlarged: attention over a larger picture takes gigabytes and minutes."""


def sharpened(loaded: Loaded, image: Picture) -> Array:
    """uint8 RGB; the model's own factor times the picture's size, the rim that fills its windows cut off."""
    output = answered(loaded, loaded.processor(images=image, return_tensors="pt"))
    height, width = (side * loaded.model.config.upscale for side in image.size[::-1])
    planes = output.reconstruction[0, :, :height, :width].clamp(0, 1)
    return (planes * 255).round().byte().permute(1, 2, 0).numpy()


def upscale(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, _ = picture(args["image"])
    whole = image.size
    if max(whole) > LARGEST:
        image.thumbnail((LARGEST, LARGEST))
    note = f"worked at {image.width} x {image.height} pixels, the picture's {whole[0]} x {whole[1]} being too many"
    return Finding({"image": save(sharpened(loaded, image), store)}, note=None if image.size == whole else note)


def _deaf(checkpoint: Checkpoint, args: Mapping[str, Any]) -> str | None:
    return "it sharpens a picture and follows no words" if args.get("text") else None


load_upscaler = loader("AutoModelForImageToImage")

RUNNERS: tuple[Runner, ...] = tuple(
    Runner(task, by_architecture(task, "ForImageSuperResolution"), load_upscaler, upscale, _deaf)
    for task in ("image-upscaling", "image-to-image"))
