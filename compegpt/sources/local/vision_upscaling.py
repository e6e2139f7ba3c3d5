"""Enlarging and sharpening pictures with Swin2SR (arXiv:2209.11345)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, save
from compegpt.schema import Finding
from compegpt.sources.local.runner import Loaded, Runner
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


RUNNERS: tuple[Runner, ...] = (
    Runner("image-upscaling", by_architecture("image-upscaling", "ForImageSuperResolution"),
           loader("AutoModelForImageToImage"), upscale),
)
