"""What pictures, masks and sounds are reduced to before they are compared or checked: small arrays, read once per file.

Comparing and checking both look at a file; what the last ones came to is kept as long as the file stays as it is.

A file that cannot be read gives None: it resembles nothing and is not valid. That lowers a score; it is no error here.
"""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.media.artifacts import open_image
from compegpt.media.render import opencv

Array = NDArray[np.float64]
SIDE = 64
"""Pictures are compared at SIDE x SIDE pixels."""
BANDS = 24
STEPS = 48
LONGEST = 600
"""Seconds of a recording that are looked at."""
KEPT = 32
"""So many files' features are kept: those of the candidates of a few tasks, 0.1 MB each."""


@dataclass(frozen=True)
class Look:
    """A picture (or three frames of a video): lightness, edges and colour at SIDE x SIDE."""

    light: Array
    edges: Array
    colour: Array
    """Mean red, green and blue in [0, 1]."""


@dataclass(frozen=True)
class Hearing:
    """A recording: its spectrum in BANDS mel bands (dB), its loudness over time in STEPS steps (dB), and more."""

    spectrum: Array
    envelope: Array
    seconds: float
    loudness: float
    """Root mean square of the whole, full scale = 1."""


def look_at(path: str) -> Look | None:
    """Perceptual features of a picture or video file."""
    return _looked_at(path, _state(path))


def listen_to(path: str) -> Hearing | None:
    """Spectral and temporal features of a sound file (what libsndfile reads)."""
    return _listened_to(path, _state(path))


def _state(path: str) -> tuple[int, int] | None:
    """Changes when the file does; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


@functools.lru_cache(maxsize=KEPT)
def _looked_at(path: str, state: tuple[int, int] | None) -> Look | None:
    frames = _frames(path) if Path(path).suffix.lower() in (".mp4", ".webm", ".avi", ".mkv", ".mov") else _picture(path)
    if not frames:
        return None
    small = np.stack(frames).astype(float) / 255
    light = small @ np.array([0.299, 0.587, 0.114])
    down, across = np.gradient(light, axis=(1, 2))
    return Look(light, np.hypot(down, across), small.mean(axis=(0, 1, 2)))


def _picture(path: str) -> list[Any]:
    try:
        image = open_image(path)
    except (InputError, OSError):
        return []
    return [np.asarray(image.resize((SIDE, SIDE), reducing_gap=2.0))]


def _frames(path: str) -> list[Any]:
    """Frames at a quarter, half and three quarters of a video."""
    cv2 = opencv()

    video = cv2.VideoCapture(path)
    count, frames = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), []
    for quarter in (1, 2, 3):
        video.set(cv2.CAP_PROP_POS_FRAMES, count * quarter // 4)
        read, frame = video.read()
        if read:
            frames.append(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[:, :, ::-1])
    video.release()
    return frames if len(frames) == 3 else []


def mask_of(path: str) -> NDArray[np.bool_] | None:
    """A mask file as SIDE x SIDE truth values (bright is inside)."""
    try:
        image = open_image(path)
    except (InputError, OSError):
        return None
    return np.asarray(image.convert("L").resize((SIDE, SIDE), reducing_gap=2.0)) > 127


@functools.lru_cache(maxsize=KEPT)
def _listened_to(path: str, state: tuple[int, int] | None) -> Hearing | None:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            wave = file.read(frames=LONGEST * rate, dtype="float32", always_2d=True).mean(axis=1)
            seconds = file.frames / rate
    except (soundfile.LibsndfileError, OSError):
        return None
    if len(wave) < rate // 50:
        return None
    power = _spectrogram(wave, rate)
    spectrum = 10 * np.log10(power.mean(axis=0) @ _mel(power.shape[1], rate) + 1e-10)
    loud = 10 * np.log10(power.sum(axis=1) + 1e-10)
    steps = np.interp(np.linspace(0, len(loud) - 1, STEPS), np.arange(len(loud)), loud)
    return Hearing(spectrum, steps, seconds, float(np.sqrt(np.mean(wave.astype(float) ** 2))))


def _spectrogram(wave: NDArray[np.float32], rate: int) -> Array:
    """Power, frames x bins, of windows of 32 ms; long recordings are sampled at 2,000 places."""
    size = max(64, rate // 31)
    starts = np.linspace(0, max(len(wave) - size, 0), min(2000, max(1, 2 * len(wave) // size))).astype(int)
    padded = np.pad(wave, (0, max(0, size - len(wave))))
    windows = padded[starts[:, None] + np.arange(size)[None, :]] * np.hanning(size)
    return np.asarray(np.abs(np.fft.rfft(windows, axis=1)) ** 2 / size, dtype=float)


def _mel(bins: int, rate: int) -> Array:
    """bins x BANDS: triangles even on the mel scale from 80 Hz to 7,600 Hz."""
    def mel(hertz: Any) -> Any:
        return 2595 * np.log10(1 + hertz / 700)

    edges = np.linspace(mel(80.0), mel(7600.0), BANDS + 2)
    places = mel(np.linspace(0, rate / 2, bins))[:, None]
    rise = (places - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - places) / np.diff(edges)[1:]
    return np.asarray(np.clip(np.minimum(rise, fall), 0, 1), dtype=float)


def image_size(path: str) -> tuple[int, int] | None:
    """Width and height from the header, upright or not."""
    from PIL import Image, UnidentifiedImageError

    with contextlib.suppress(UnidentifiedImageError, OSError, ValueError), Image.open(path) as image:
        return image.size
    return None
