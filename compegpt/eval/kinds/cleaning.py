"""Cleaning a recording: a sentence with one of six kinds of noise; the truth is the sentence without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.noises import LEVELS, NOISES, TOP, mixed, written
from compegpt.eval.kinds.photographs import half
from compegpt.eval.kinds.voices import RATE, utterances
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 6_029, "test": 47_501, "fresh": 58_027}
PER_CATEGORY = 36
GAIN = 12.0
"""Decibels lost or gained that count as 0 and as 1; 0.5 is a recording left as it was."""
LOW, HIGH = -10.0, 35.0
"""Decibels between which the signal-to-noise ratio of a frame is counted, as 0 and as 1."""
Samples = NDArray[np.float64]


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """WAV files below `folder`: what is given, and in the truth {"clean", "noisy"} the paths of both."""
    folder.mkdir(parents=True, exist_ok=True)
    material, random = half(part), np.random.default_rng(SEEDS[part])
    bank = utterances(material)
    for category, noise in NOISES[material].items():
        for number in range(PER_CATEGORY):
            level = LEVELS[number % len(LEVELS)]
            said = bank[int(random.integers(len(bank)))].samples
            before, after = random.integers(RATE // 5, RATE * 3 // 5, 2).tolist()
            clean = np.pad(said, (before, after))
            noisy = mixed(clean, 0.1, noise(len(clean), random), level)
            gain = np.float32(random.uniform(0.3, TOP) / max(float(np.abs(each).max()) for each in (clean, noisy)))
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            given = written(folder / f"{name}.wav", noisy * gain)
            truth = {"clean": written(folder / f"{name}-clean.wav", clean * gain), "noisy": given}
            yield Case(name, category, {"audio": given}, truth, f"{level} dB")


def improvement(output: Output, truth: Mapping[str, str]) -> float:
    """How much the scale-invariant signal-to-distortion ratio rose (Le Roux et al. 2019), from -GAIN to GAIN decibels

    as 0 to 1; 0 without a recording.
    """
    made, clean, noisy = _read(output.get("audio", "")), _read(truth["clean"]), _read(truth["noisy"])
    if clean is None or noisy is None:
        raise InputError(f"'{truth['clean']}' or the recording with noise is gone; make the cases again.")
    if made is None:
        return 0.0
    return float(np.clip((si_sdr(_fitted(made, clean), clean) - si_sdr(noisy, clean) + GAIN) / (2 * GAIN), 0, 1))


def si_sdr(made: Samples, clean: Samples) -> float:
    """Decibels of what is the clean signal, at any loudness, over what is not; in [-60, 60]."""
    true = clean * (made @ clean) / max(float(clean @ clean), 1e-12)
    rest = made - true
    return float(np.clip(10 * np.log10((true @ true + 1e-12) / (rest @ rest + 1e-12)), -60, 60))


def segmental(output: Output, truth: Mapping[str, str]) -> float:
    """Segmental signal-to-noise ratio: mean over the frames of 32 ms in which somebody speaks, each from LOW to HIGH

    decibels as 0 to 1; 0 without a recording.
    """
    made, clean = _read(output.get("audio", "")), _read(truth["clean"])
    if clean is None:
        raise InputError(f"'{truth['clean']}' is gone; make the cases again.")
    if made is None:
        return 0.0
    size = round(0.032 * RATE)
    true, rest = ((each[: len(clean) // size * size].reshape(-1, size) ** 2).sum(axis=1)
                  for each in (clean, _fitted(made, clean) - clean))
    spoken = true > true.max() * 10**-3.8
    decibels = 10 * np.log10((true[spoken] + 1e-12) / (rest[spoken] + 1e-12))
    return float((np.clip(decibels, LOW, HIGH).mean() - LOW) / (HIGH - LOW))


def _fitted(made: Samples, clean: Samples) -> Samples:
    """Cut or filled up with silence to the length of the clean recording."""
    return np.pad(made[: len(clean)], (0, max(len(clean) - len(made), 0)))


def _read(path: Any) -> Samples | None:
    """Mono at RATE; None where it is no recording of that rate."""
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        return None
    return np.asarray(samples.mean(axis=1)) if rate == RATE and len(samples) else None


KIND = Kind(
    "audio-to-audio", cases,
    {f"SI-SDR gained (-{GAIN:.0f} to {GAIN:.0f} dB)": improvement,
     f"segmental SNR ({LOW:.0f} to {HIGH:.0f} dB)": segmental},
    "a sentence by a synthetic voice at 16 kHz with one of 6 kinds of noise at 15 to 0 dB, against the sentence "
    f"alone; 0.5 of the first measure is a recording left as it was, 1 is {GAIN:.0f} dB better")
