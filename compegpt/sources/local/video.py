"""Telling what a video shows (VideoMAE, TimeSformer), and every other task over videos.

Frames are taken evenly from the whole video by ffmpeg; a model's video processor, which would decode it, needs
torchvision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError, InputError
from compegpt.media.artifacts import Store
from compegpt.media.sound import probe
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.local import video_making
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.vision_labels import best_labels
from compegpt.sources.local.vision_models import Picture, answered, by_architecture, loader

SHORTER = 288
"""Pixels of the shorter side of the frames; the models see 224."""


async def frames_of(path: str, count: int) -> list[Picture]:
    """`count` frames spread evenly over a video, RGB; its last one repeated where it has fewer.

    Raises InputError where there are no moving pictures, ExpertError where ffmpeg cannot decode them.
    """
    seconds = await _seconds(path)
    shown = f"scale='if(gt(iw,ih),-2,{SHORTER})':'if(gt(iw,ih),{SHORTER},-2)'"
    out = await run_program(
        ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{path}", "-an",
         "-vf", f"fps={count / seconds:.6f}:round=down,{shown}", "-frames:v", str(count), "-c:v", "ppm",
         "-f", "image2pipe", "-threads", "2", "pipe:1"])
    frames = _pictures(out)
    if not frames:
        raise ExpertError(f"ffmpeg decoded no pictures of '{Path(path).name}'")
    return [*frames, *[frames[-1]] * (count - len(frames))]


async def _seconds(path: str) -> float:
    found = await probe(path)
    if not any(stream.get("codec_type") == "video" for stream in found["streams"]):
        raise InputError(f"'{Path(path).name}' holds no moving pictures; give a video.")
    try:
        return max(float(found.get("format", {}).get("duration")), 0.04)
    except (TypeError, ValueError) as error:
        raise ExpertError(f"ffprobe cannot tell how long '{Path(path).name}' is") from error


def _pictures(ppm: bytes) -> list[Picture]:
    """PPM pictures, one after the other."""
    from PIL import Image

    stream, pictures = BytesIO(ppm), []
    while stream.tell() < len(ppm):
        start = stream.tell()
        width, height = (int(word) for word in stream.read(32).split()[1:3])
        header = len(f"P6\n{width} {height}\n255\n")
        stream.seek(start + header)
        pictures.append(Image.frombytes("RGB", (width, height), stream.read(width * height * 3)))
    return pictures


def classify(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    frames = asyncio.run(frames_of(args["video"], loaded.model.config.num_frames))
    return best_labels(loaded, answered(loaded, loaded.processor(frames, return_tensors="pt")).logits[0])


_TASK = "video-classification"
RUNNERS: tuple[Runner, ...] = (
    Runner(_TASK, by_architecture(_TASK, "VideoMAEForVideoClassification", "TimesformerForVideoClassification"),
           loader("AutoModelForVideoClassification"), classify),
    *video_making.RUNNERS,
)
