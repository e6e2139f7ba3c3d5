from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import InputError
from compegpt.media import sound

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
RATE = 8_000


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)


def tone(seconds: float = 0.5, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
async def test_common_formats_are_read_as_float_samples(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / name, tone(), RATE)
    recording = await sound.read(tmp_path / name)
    assert recording.rate == RATE
    assert recording.samples.dtype == np.float32
    assert recording.seconds == pytest.approx(0.5, abs=0.1)
    assert np.abs(recording.samples).max() == pytest.approx(0.5, abs=0.1)
    assert recording.note is None


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.m4a", "a.mp4"])
async def test_ffmpeg_reads_what_soundfile_cannot(tmp_path: Path, name: str) -> None:
    picture = ["-f", "lavfi", "-i", "testsrc=d=1:s=32x32:r=5"] if name.endswith("mp4") else []
    ffmpeg(*picture, "-f", "lavfi", "-i", "sine=d=1:r=16000", str(tmp_path / name))
    recording = await sound.read(tmp_path / name)
    assert recording.rate == 16_000
    assert recording.seconds == pytest.approx(1.0, abs=0.15)
    assert not recording.silent


@pytest.mark.parametrize(("channels", "shape"), [(1, (4000,)), (2, (4000, 2)), (6, (4000,))])
async def test_more_than_two_channels_are_mixed(tmp_path: Path, channels: int, shape: tuple[int, ...]) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone()] * channels, axis=1), RATE)
    assert (await sound.read(tmp_path / "a.wav")).samples.shape == shape


async def test_a_long_recording_is_cut_and_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(3), RATE)
    recording = await sound.read(tmp_path / "a.wav", seconds=1)
    assert (recording.seconds, recording.total) == (1, 3)
    assert recording.note is not None


async def test_what_is_no_number_becomes_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([np.nan, np.inf, 0.25] * 100, dtype=np.float32), RATE, subtype="FLOAT")
    assert np.isfinite((await sound.read(tmp_path / "a.wav")).samples).all()


@needs_ffmpeg
@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0WAVEfmt ", b"\0\1garbage" * 99, b"ID3" + bytes(500)])
async def test_what_does_not_decode_is_the_users_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.wav"):
        await sound.read(tmp_path / "a.wav")


@needs_ffmpeg
async def test_a_video_without_sound_is_refused_by_name(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:s=32x32:r=5", str(tmp_path / "a.mp4"))
    with pytest.raises(InputError, match="no sound track"):
        await sound.read(tmp_path / "a.mp4")


async def test_no_samples_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(0), RATE)
    with pytest.raises(InputError, match="0 seconds"):
        await sound.read(tmp_path / "a.wav")


@pytest.mark.parametrize("wanted", [4_000, 16_000, 11_025, 44_100])
def test_resampling_keeps_length_and_pitch(wanted: int) -> None:
    made = sound.resampled(tone(), RATE, wanted)
    spectrum = np.abs(np.fft.rfft(made))
    assert len(made) == pytest.approx(0.5 * wanted, abs=2)
    assert np.argmax(spectrum) / 0.5 == pytest.approx(440, abs=3)


def test_writing_turns_down_what_is_too_loud(tmp_path: Path) -> None:
    sound.write(tmp_path / "a.wav", 4 * tone(), RATE)
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert np.allclose(samples, 2 * tone(), atol=2e-3)


def test_levelling_lifts_speech_and_leaves_silence() -> None:
    assert np.abs(sound.levelled(0.01 * tone())).max() == pytest.approx(0.7, abs=0.01)
    assert not sound.levelled(np.zeros(10, dtype=np.float32)).any()


def test_pcm_is_clipped_not_wrapped() -> None:
    assert np.frombuffer(sound.pcm16(np.array([2, -2, 0], dtype=np.float32)), "<i2").tolist() == [32767, -32767, 0]
