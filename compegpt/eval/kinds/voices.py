"""Speech for the kinds of sound: sentences of `data/spoken.toml`, spoken by voices that no other half has.

Needs the Debian packages espeak-ng, flite and festival (with festvox-kallpc16k).
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.eval.kinds.photographs import Half
from compegpt.media import sound

Wave = NDArray[np.float32]
"""16 kHz mono, shape (samples,)."""
RATE = 16_000
EACH = 13
"""Sentences that each voice speaks."""
FRAME = RATE // 100
SPEECH_RANGE = 38.0
"""Decibels below the loudest frame of a clean sentence from which on it is silence."""
PAUSE = 0.25
"""Seconds of silence within speech that still count as speech, as listeners mark it."""
INSTALL = "apt-get install espeak-ng flite festival festvox-kallpc16k"

_FLITE, _ESPEAK = ("flite", "-f", "TEXT", "-o", "WAV", "-voice"), ("espeak-ng", "-f", "TEXT", "-w", "WAV", "-v")
VOICES: Mapping[Half, Mapping[str, tuple[str, ...]]] = {
    "dev": {"kal": (*_FLITE, "kal16"), "awb": (*_FLITE, "awb"), "kal-festival": ("text2wave", "-o", "WAV", "TEXT"),
            "american": (*_ESPEAK, "en-us+m3"), "british": (*_ESPEAK, "en-gb+f2")},
    "test": {"slt": (*_FLITE, "slt"), "rms": (*_FLITE, "rms"), "scottish": (*_ESPEAK, "en-gb-scotland+m7"),
             "received": (*_ESPEAK, "en-gb-x-rp+f4"), "klatt": (*_ESPEAK, "en-us+klatt2")},
}
"""By name, the command that speaks the file TEXT into the file WAV."""


@dataclass(frozen=True, eq=False)
class Utterance:
    voice: str
    samples: Wave
    """Cut to the speech; its loudness where it speaks is 0.1 of full scale (root mean square)."""
    speech: Sequence[tuple[float, float]]
    """Start and end of what is spoken without a pause, in seconds."""


@functools.cache
def sentences(half: Half) -> Mapping[str, Sequence[str]]:
    """By category, lines "as written | as said | or as said"."""
    data = tomllib.loads((Path(__file__).parent / "data" / "spoken.toml").read_text(encoding="utf-8"))
    return {category: tuple(lines) for category, lines in data[half].items()}


@functools.cache
def utterances(half: Half) -> tuple[Utterance, ...]:
    """Every voice of the half with EACH plain sentences of it. Raises InputError where a voice is not installed."""
    texts = sentences(half)["plain"]
    return tuple(_utterance(voice, spoken(texts[(13 * number + turn) % len(texts)], command))
                 for number, (voice, command) in enumerate(VOICES[half].items()) for turn in range(EACH))


def spoken(text: str, command: Sequence[str]) -> Wave:
    """What a program makes of a text. Raises InputError where it is missing or fails."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        paths = {"TEXT": str(Path(folder, "text")), "WAV": str(Path(folder, "wav"))}
        Path(paths["TEXT"]).write_text(text + "\n", encoding="utf-8")
        try:
            subprocess.run([paths.get(word, word) for word in command], check=True, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60)
            samples, rate = soundfile.read(paths["WAV"], dtype="float32")
        except (OSError, subprocess.SubprocessError, soundfile.LibsndfileError) as error:
            raise InputError(f"The voice of {command[0]} cannot be used ({error}): {INSTALL}") from error
    return np.asarray(sound.resampled(samples, rate, RATE), dtype=np.float32)


def _utterance(voice: str, samples: Wave) -> Utterance:
    spans = speech_of(samples)
    first, last = round(spans[0][0] * RATE), round(spans[-1][1] * RATE)
    cut = samples[first:last]
    return Utterance(voice, np.asarray(cut * (0.1 / loudness(cut)), dtype=np.float32),
                     [(start - spans[0][0], end - spans[0][0]) for start, end in spans])


def speech_of(samples: Wave) -> list[tuple[float, float]]:
    """Where a clean recording speaks, by its energy: start and end in seconds, pauses under PAUSE bridged."""
    levels = levels_of(samples)
    spans: list[tuple[float, float]] = []
    for frame in np.flatnonzero(levels > levels.max() - SPEECH_RANGE).tolist():
        start, end = frame * FRAME / RATE, (frame + 1) * FRAME / RATE
        if spans and start - spans[-1][1] < PAUSE:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [(start, end) for start, end in spans if end - start >= 0.05]


def levels_of(samples: Wave) -> NDArray[np.float64]:
    """Decibels of full scale of each hundredth of a second, shape (len(samples) // FRAME,)."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    return np.asarray(10 * np.log10((frames**2).mean(axis=1) + 1e-10))


def loudness(speech: Wave) -> float:
    """Root mean square of a clean recording where it speaks."""
    levels = levels_of(speech)
    return float(np.sqrt(np.mean(10 ** (levels[levels > levels.max() - SPEECH_RANGE] / 10))))
