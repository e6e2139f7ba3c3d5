from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import ExpertError, InputError
from compegpt.media import sound
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import dubbing

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
REPLACE, MIX = dubbing.ENGINES


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def make_video(path: Path, *codec: str, size: str = "32x24", with_sound: bool = True) -> str:
    own = ["-f", "lavfi", "-i", "sine=f=300:d=2:r=16000"] if with_sound else []
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=d=2:s={size}:r=5", *own, *codec, str(path)],
                   check=True)
    return str(path)


def make_speech(path: Path, seconds: float) -> str:
    """A tone of 1,000 Hz stands for the speech, so that it can be told from the video's own 300 Hz."""
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 1000 * np.arange(int(seconds * 16_000)) / 16_000), 16_000)
    return str(path)


async def loudness(video: str, hertz: float, start: float, end: float) -> float:
    recording = await sound.read(video)
    part = recording.mono(16_000)[int(start * 16_000) : int(end * 16_000)]
    return float(np.abs(np.fft.rfft(part))[round(hertz * (end - start))] / len(part))


@pytest.mark.parametrize("engine", [REPLACE, MIX], ids=lambda engine: engine.name)
@pytest.mark.parametrize(("name", "codec", "size"), [
    ("a.mp4", ("-c:v", "libx264"), "32x24"), ("a.avi", ("-c:v", "mpeg4"), "32x24"),
    ("a.webm", ("-c:v", "libvpx"), "33x25"), ("b.avi", ("-c:v", "mjpeg"), "32x24"),
], ids=["h264", "mpeg4", "vp8 of odd size", "mjpeg"])
async def test_the_dubbed_video_has_pictures_and_the_speech(engine: dubbing.Engine, name: str, codec: tuple[str, ...],
                                                            size: str, store: Store, tmp_path: Path) -> None:
    video = make_video(tmp_path / name, *codec, size=size)
    finding = await engine.run({"video": video, "audio": make_speech(tmp_path / "s.wav", 1)}, store)
    made = await dubbing.clip(finding.output["video"])
    assert made.has_sound
    assert made.seconds == pytest.approx(2, abs=0.3)
    assert await loudness(finding.output["video"], 1000, 0.2, 0.8) > 0.03
    assert await loudness(finding.output["video"], 1000, 1.2, 1.8) < 0.01
    assert finding.note is None


async def test_replacing_takes_the_own_sound_away_and_mixing_turns_it_down(store: Store, tmp_path: Path) -> None:
    args = {"video": make_video(tmp_path / "a.mp4"), "audio": make_speech(tmp_path / "s.wav", 1)}
    replaced, mixed = [str((await engine.run(args, store)).output["video"]) for engine in (REPLACE, MIX)]
    assert await loudness(replaced, 300, 1.4, 2.0) < 0.001
    assert await loudness(mixed, 300, 1.6, 2.0) > 2 * await loudness(mixed, 300, 0.4, 0.8) > 0.002


@pytest.mark.parametrize("engine", [REPLACE, MIX], ids=lambda engine: engine.name)
async def test_the_last_picture_is_held_under_a_longer_speech(engine: dubbing.Engine, store: Store,
                                                              tmp_path: Path) -> None:
    args = {"video": make_video(tmp_path / "a.mp4"), "audio": make_speech(tmp_path / "s.wav", 4)}
    finding = await engine.run(args, store)
    streams = (await sound.probe(finding.output["video"]))["streams"]
    assert {stream["codec_type"]: round(float(stream["duration"])) for stream in streams} == {"video": 4, "audio": 4}
    assert "2.0 s longer" in finding.note


async def test_the_pictures_are_copied_where_they_can_be(store: Store, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", "-c:v", "mpeg4")
    finding = await REPLACE.run({"video": video, "audio": make_speech(tmp_path / "s.wav", 1)}, store)
    assert (await dubbing.clip(finding.output["video"])).codec == "mpeg4"


async def test_a_video_without_sound_is_replaced_but_not_mixed(store: Store, tmp_path: Path) -> None:
    args = {"video": make_video(tmp_path / "a.mp4", with_sound=False), "audio": make_speech(tmp_path / "s.wav", 1)}
    assert (await dubbing.clip((await REPLACE.run(args, store)).output["video"])).has_sound
    with pytest.raises(ExpertError, match="no sound of its own"):
        await MIX.run(args, store)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x18ftypmp42" + bytes(100)], ids=["empty", "damaged"])
async def test_a_damaged_video_is_an_error(content: bytes, store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ExpertError, match="ffprobe"):
        await REPLACE.run({"video": str(tmp_path / "a.mp4"), "audio": make_speech(tmp_path / "s.wav", 1)}, store)


async def test_a_recording_in_place_of_a_video_is_refused(store: Store, tmp_path: Path) -> None:
    speech = make_speech(tmp_path / "s.wav", 1)
    with pytest.raises(InputError, match="no moving pictures"):
        await REPLACE.run({"video": speech, "audio": speech}, store)
