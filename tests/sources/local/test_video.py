"""Videos: telling what they show, and making them."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertError, InputError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import video, video_making
from compegpt.sources.local.runner import Checkpoint, Loaded
from tests.sources.local import tiny_pictures, tiny_vision

# diffusers' Euler scheduler and numpy 2.4
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: a red one, a blue one."""
    path = tmp_path_factory.mktemp("in") / "clip.mp4"
    colours = [part for name in ("red", "blue") for part in ("-f", "lavfi", "-i", f"color={name}:s=80x60:d=1:r=10")]
    subprocess.run(["ffmpeg", "-v", "error", *colours, "-filter_complex", "concat=n=2", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    return path


def run(task: str, checkpoint: Checkpoint, folder: Path, **args: Any) -> tuple[Finding, Loaded]:
    (row,) = [row for row in video.RUNNERS if row.task == task and row.fits(checkpoint)]
    loaded = row.load(checkpoint, "cpu")
    return row.run(loaded, args, Store(folder / "out")), loaded


def test_a_video_is_classified_by_frames_of_its_whole_length(clip: Path, tmp_path: Path) -> None:
    import torch

    found, loaded = run("video-classification", tiny_vision.videomae(tmp_path), tmp_path, video=str(clip))
    frames = asyncio.run(video.frames_of(str(clip), 4))
    reds = [int(np.asarray(frame)[..., 0].mean()) > 127 for frame in frames]
    assert reds == [True, True, False, False]
    with torch.no_grad():
        scores = loaded.model(**loaded.processor(frames, return_tensors="pt")).logits[0].softmax(-1)
    assert found.output["labels"][0]["label"] == loaded.model.config.id2label[int(scores.argmax())]
    assert found.confidence == pytest.approx(float(scores.max()), abs=1e-4)


@pytest.mark.parametrize("count", [1, 8, 30])
def test_as_many_frames_as_asked_for(count: int, clip: Path) -> None:
    frames = asyncio.run(video.frames_of(str(clip), count))
    assert [frame.size for frame in frames] == [(384, 288)] * count


def test_sound_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", str(path)], check=True)
    with pytest.raises(InputError, match="no moving pictures"):
        asyncio.run(video.frames_of(str(path), 4))


def written(path: str) -> Any:
    """Frames of a video file, (frames, height, width, 3), with its rate."""
    size, rate = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=width,height,r_frame_rate", "-of", "csv=p=0:s=x", path],
        check=True, capture_output=True, text=True).stdout.strip().rsplit("x", 1)
    width, height = (int(side) for side in size.split("x"))
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True,
                         capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3), rate


def test_words_become_a_video(tmp_path: Path) -> None:
    import diffusers
    import torch

    checkpoint = tiny_pictures.text_to_video(tmp_path)
    found, loaded = run("text-to-video", checkpoint, tmp_path, text="a red house")
    pipeline = diffusers.TextToVideoSDPipeline.from_pretrained(tmp_path)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline("a red house", num_frames=8, num_inference_steps=12, generator=torch.manual_seed(0)).frames[0]
    assert np.abs(video_making.made(loaded, {"prompt": "a red house"}) - theirs * 255).max() <= 0.5
    frames, rate = written(found.output["video"])
    assert (frames.shape, rate) == ((8, 16, 16, 3), "8/1")
    assert found.note == "8 pictures, 1.0 s"


def test_a_picture_becomes_a_video(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny_pictures.image_to_video(tmp_path)
    found, _ = run("image-to-video", checkpoint, tmp_path, image=str(photo), text="ignored")
    frames, rate = written(found.output["video"])
    assert (frames.shape, rate) == ((7, 16, 16, 3), "7/1")


def test_odd_sizes_are_padded_and_colours_kept(tmp_path: Path) -> None:
    frames = np.full((5, 21, 33, 3), (200, 40, 40), np.uint8)
    asyncio.run(video_making.write(frames, 8, str(tmp_path / "out.mp4")))
    shown, _ = written(str(tmp_path / "out.mp4"))
    assert shown.shape == (5, 22, 34, 3)
    assert np.abs(shown[2, 10, 16].astype(int) - [200, 40, 40]).max() < 12


def test_a_blank_video_is_a_failure(tmp_path: Path) -> None:
    class Blank:
        scheduler = None

        def __call__(self, **_: Any) -> Any:
            return type("Output", (), {"frames": [np.full((2, 8, 8, 3), np.nan)]})()

    checkpoint = Checkpoint("a", tmp_path, config={"_class_name": "TextToVideoSDPipeline"})
    with pytest.raises(ExpertError, match="blank"):
        video_making.made(Loaded(Blank(), None, "cpu", checkpoint), {"prompt": "a"})


@pytest.mark.parametrize("kind", sorted({*video_making.FROM_WORDS, *video_making.FROM_PICTURE}))
def test_every_named_pipeline_takes_what_it_is_given(kind: str) -> None:
    import inspect

    import diffusers

    known = set(inspect.signature(getattr(diffusers, kind).__call__).parameters)
    assert {"num_frames", "num_inference_steps", "generator", "output_type"} <= known
    assert {"image", "width", "height"} <= known or kind in video_making.FROM_WORDS
