"""Videos from words or from a picture by diffusion, written as MP4 by ffmpeg."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.local.pictures_pipeline import chance, fitted, loads, native_side, pace, pipeline_named
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import meant_for

LONGEST = 832
"""Longest side of a video made from a picture."""
FROM_WORDS: Mapping[str, int] = {"TextToVideoSDPipeline": 8, "CogVideoXPipeline": 8, "WanPipeline": 16,
                                 "LTXPipeline": 24}
"""Pipelines and the pictures a second of what they make."""
FROM_PICTURE: Mapping[str, int] = {"StableVideoDiffusionPipeline": 7, "CogVideoXImageToVideoPipeline": 8,
                                   "WanImageToVideoPipeline": 16, "LTXImageToVideoPipeline": 24}
_FRAMES_ON_A_CPU = {"TextToVideoSDPipeline": 8, "CogVideoXPipeline": 9, "WanPipeline": 9, "LTXPipeline": 9,
                    "StableVideoDiffusionPipeline": 7, "CogVideoXImageToVideoPipeline": 9,
                    "WanImageToVideoPipeline": 9, "LTXImageToVideoPipeline": 9}
"""About a second: each picture costs as much as one drawn alone. On other devices the pipeline's own number."""


def from_words(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    return _finding(loaded, {"prompt": args["text"]}, FROM_WORDS[_kind(loaded)], store)


def from_picture(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """At the picture's proportions; the words, where the pipeline takes any, say what shall happen."""
    image = fitted(args["image"], min(native_side(loaded.model), LONGEST), enlarge=True)
    told = {"image": image, "width": image.width, "height": image.height}
    if _kind(loaded) == "StableVideoDiffusionPipeline":
        told["decode_chunk_size"] = 2  # decoding all frames at once takes the most memory of all
    else:
        told["prompt"] = str(args.get("text") or "")
    return _finding(loaded, told, FROM_PICTURE[_kind(loaded)], store)


def _finding(loaded: Loaded, told: Mapping[str, Any], rate: int, store: Store) -> Finding:
    frames = made(loaded, told)
    path = store.new(".mp4")
    asyncio.run(write(frames, rate, str(path)))
    return Finding({"video": str(path)}, note=f"{len(frames)} pictures, {len(frames) / rate:.1f} s")


def made(loaded: Loaded, told: Mapping[str, Any]) -> Array:
    """Frames, RGB uint8 (frames, height, width, 3). Raises ExpertError where they are blank."""
    import numpy as np
    import torch

    if loaded.device == "cpu":
        told = {**told, "num_frames": _FRAMES_ON_A_CPU[_kind(loaded)]}
    steps = pace(loaded)["num_inference_steps"]
    with torch.inference_mode():
        frames = loaded.model(**told, num_inference_steps=steps, generator=chance(), output_type="np").frames[0]
    shown = (np.clip(np.nan_to_num(np.asarray(frames)), 0, 1) * 255).round().astype(np.uint8)
    if shown.min() == shown.max():
        raise ExpertError("the model made a blank video")
    return shown


async def write(frames: Array, rate: int, path: str) -> None:
    """An MP4 (H.264) of the frames, which plays everywhere; odd sizes are padded. Raises ExpertError."""
    height, width = frames.shape[1:3]
    await run_program(
        ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate),
         "-i", "pipe:0", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset", "veryfast",
         "-pix_fmt", "yuv420p", "-threads", "2", "-movflags", "+faststart", path], stdin=frames.tobytes())


def _kind(loaded: Loaded) -> str:
    return str(loaded.checkpoint.config.get("_class_name"))


def _made_of(task: str, names: Mapping[str, int]) -> Callable[[Checkpoint], bool]:
    return lambda checkpoint: meant_for(checkpoint, task) and pipeline_named(checkpoint, *names)


load_pipeline = partial(loads, "DiffusionPipeline")

RUNNERS: tuple[Runner, ...] = (
    Runner("text-to-video", _made_of("text-to-video", FROM_WORDS), load_pipeline, from_words),
    Runner("image-to-video", _made_of("image-to-video", FROM_PICTURE), load_pipeline, from_picture),
)
