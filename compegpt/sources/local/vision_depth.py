"""How near things are, by one picture: Depth Anything, DPT (MiDaS), GLPN."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save
from compegpt.schema import Finding
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import Picture, answered, built_as, loader, meant_for, picture

NOTE = "bright is near, dark is far; not metres, but how the parts of this picture lie to each other"
_METRIC = ("GLPNForDepthEstimation", "ZoeDepthForDepthEstimation")
"""Models that give distances; the others give their inverses, which are large where something is near."""


def nearness(loaded: Loaded, image: Picture) -> Array:
    """float32 (height, width) in [0, 1]: 1 for the nearest point of the picture, 0 for the farthest.

    Raises ExpertError where the model sees no depth at all.
    """
    import numpy as np

    output = answered(loaded, loaded.processor(images=image, return_tensors="pt"))
    found = loaded.processor.post_process_depth_estimation(output, [image.size[::-1]])[0]["predicted_depth"]
    depth = found.numpy().astype(np.float32)
    if _metric(loaded):
        depth = 1 / np.maximum(depth, max(float(depth.max()) / 1000, 1e-9))
    low, high = float(depth.min()), float(depth.max())
    if not high > low:
        raise ExpertError("the model saw no depth in the picture")
    return (depth - low) / (high - low)


def _metric(loaded: Loaded) -> bool:
    return (loaded.model.__class__.__name__ in _METRIC
            or getattr(loaded.model.config, "depth_estimation_type", "relative") == "metric"
            or any(word in loaded.checkpoint.name.lower() for word in ("nyu", "kitti")))


def depth_picture(loaded: Loaded, path: str) -> Array:
    """Grey uint8, the size of the picture, near is bright."""
    image, factor = picture(path)
    plane = (nearness(loaded, image) * 255).round().astype("uint8")
    if factor == 1:
        return plane
    height, width = load(path).shape[:2]
    return opencv().resize(plane, (width, height), interpolation=opencv().INTER_LINEAR)


def estimate(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    return Finding({"image": save(depth_picture(loaded, args["image"]), store)}, note=NOTE)


def sees_depth(checkpoint: Checkpoint) -> bool:
    """ZoeDepth's post-processing is written for torchvision alone."""
    return built_as(checkpoint, "ForDepthEstimation") and (
        not built_as(checkpoint, "ZoeDepthForDepthEstimation") or importlib.util.find_spec("torchvision") is not None)


load_depth = loader("AutoModelForDepthEstimation")

RUNNERS: tuple[Runner, ...] = (
    Runner("depth-estimation", lambda checkpoint: meant_for(checkpoint, "depth-estimation") and sees_depth(checkpoint),
           load_depth, estimate),
)
