"""What disturbs a recording: seven kinds of noise, each made in another way for either half, and mixing at an SNR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from compegpt.eval.kinds.photographs import Half, Random
from compegpt.eval.kinds.voices import RATE, Wave, utterances
from compegpt.media import sound

Noise = Callable[[int, Random], Wave]
"""Takes the number of samples and random numbers; the level does not matter."""
LEVELS = (15, 10, 5, 0)
"""Signal-to-noise ratios in decibels, in turn."""
TOP = 0.9
"""Peaks of what is written, of full scale, so that nothing clips."""


def _coloured(samples: int, random: Random, slope: float, low: float = 20.0, high: float = 8000.0) -> Wave:
    """Noise whose power goes with frequency ** slope between two frequencies (0 white, -1 pink, -2 brown)."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    shape = np.where((hertz >= low) & (hertz <= high), np.maximum(hertz, 1.0) ** (slope / 2), 0.0)
    return np.asarray(np.fft.irfft(spectrum * shape, samples), dtype=np.float32)


def _swelling(noise: Wave, random: Random, per_second: float, depth: float) -> Wave:
    """Louder and softer by up to `depth` decibels each way, at random places."""
    places = max(round(len(noise) / RATE * per_second), 1) + 2
    turns = random.uniform(-depth, depth, places)
    decibels = np.interp(np.linspace(0, places - 1, len(noise)), np.arange(places), turns)
    return np.asarray(noise * 10 ** (decibels / 20), dtype=np.float32)


def _harmonics(samples: int, random: Random, base: float, count: int, odd: float) -> Wave:
    """A hum: `count` harmonics of `base` hertz that fall off, the even ones `odd` times as loud."""
    time = np.arange(samples) / RATE
    parts = [np.sin(2 * np.pi * (base * n * time + random.random())) * (odd if n % 2 == 0 else 1.0) / n**0.7
             for n in range(1, count + 1)]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def _notes(samples: int, random: Random, together: int, per_second: float, overtones: tuple[float, ...],
           decay: float, vibrato: float) -> Wave:
    """Music: notes of a scale with overtones of these strengths that fade by 1 / e in `decay` seconds."""
    made, length = np.zeros(samples + RATE), int(RATE / per_second)
    for start in range(0, samples, length):
        time = np.arange(min(3 * length, RATE)) / RATE
        for _ in range(together):
            pitch = 220 * 2 ** (int(random.choice((0, 2, 4, 5, 7, 9, 11, 12, 14, 16))) / 12)
            phase = 2 * np.pi * pitch * time + vibrato * np.sin(2 * np.pi * 5.5 * time)
            note = np.sum([much * np.sin((n + 1) * phase) for n, much in enumerate(overtones)], axis=0)
            made[start : start + len(time)] += note * np.exp(-time / decay) * np.minimum(time / 0.01, 1)
    return np.asarray(made[:samples], dtype=np.float32)


def _struck(samples: int, random: Random, per_second: float, ring: float, low: float, high: float) -> Wave:
    """Clicks: short bursts that ring for `ring` seconds between two frequencies, on a faint hiss."""
    made = 0.004 * random.normal(size=samples + RATE)
    for start in random.integers(0, samples, max(round(samples / RATE * per_second), 2)).tolist():
        time = np.arange(int(8 * ring * RATE)) / RATE
        tone = np.sin(2 * np.pi * random.uniform(low, high) * time) + 0.7 * random.normal(size=len(time))
        made[start : start + len(time)] += random.uniform(0.3, 1) * tone * np.exp(-time / ring)
    return np.asarray(made[:samples], dtype=np.float32)


def _many(half: Half, samples: int, random: Random, voices: int) -> Wave:
    """Babble: so many people at once, each at another place of what they say."""
    made, bank = np.zeros(samples), utterances(half)
    for _ in range(voices):
        said = np.concatenate([bank[int(random.integers(len(bank)))].samples for _ in range(6)])
        start = int(random.integers(max(len(said) - samples, 1)))
        made += random.uniform(0.5, 1) * np.resize(said[start:], samples)
    return np.asarray(made, dtype=np.float32)


def _either(*noises: Noise) -> Noise:
    return lambda samples, random: noises[int(random.integers(len(noises)))](samples, random)


NOISES: Mapping[Half, Mapping[str, Noise]] = {
    "dev": {
        "steady noise": _either(lambda n, r: _coloured(n, r, 0), lambda n, r: _coloured(n, r, -1)),
        "swelling noise": lambda n, r: _swelling(_coloured(n, r, -0.5), r, 1.5, 9),
        "hum": lambda n, r: _harmonics(n, r, 50, 12, 0.5),
        "music": lambda n, r: _notes(n, r, 3, 1.5, (1, 0.5, 0.25, 0.12), 0.5, 0.0),
        "clicks": lambda n, r: _struck(n, r, 3, 0.004, 800, 3000),
        "babble": lambda n, r: _many("dev", n, r, 8),
    },
    "test": {
        "steady noise": _either(lambda n, r: _coloured(n, r, -2, 60), lambda n, r: _coloured(n, r, 0.5, 300, 5000),
                                lambda n, r: _coloured(n, r, -0.7)),
        "swelling noise": lambda n, r: _swelling(_coloured(n, r, -1.5, 40, 4000), r, 2.5, 8),
        "hum": lambda n, r: _harmonics(n, r, 60 * r.uniform(0.97, 1.6), 18, 0.8),
        "music": lambda n, r: _notes(n, r, 2, 3.0, (0.7, 1, 0.1, 0.4, 0.2), 0.25, 0.6),
        "clicks": lambda n, r: _struck(n, r, 6, 0.008, 300, 1500),
        "babble": lambda n, r: _many("test", n, r, 6),
    },
}


def mixed(speech: Wave, loudness: float, noise: Wave, decibels: float) -> Wave:
    """Speech of that loudness with noise so many decibels below it (root mean squares)."""
    level = float(np.sqrt(np.mean(noise.astype(float) ** 2)))
    return np.asarray(speech + noise * (loudness / max(level, 1e-9) * 10 ** (-decibels / 20)), dtype=np.float32)


def written(path: Path, samples: Wave) -> str:
    """Kept as a 16-bit WAV; its path."""
    sound.write(path, samples, RATE)
    return str(path)
