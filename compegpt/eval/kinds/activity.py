"""Finding speech: one or two sentences at known places among silence, noise and music, and recordings without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.noises import LEVELS, NOISES, TOP, mixed, written
from compegpt.eval.kinds.photographs import Half, Random, half
from compegpt.eval.kinds.voices import RATE, Utterance, Wave, utterances
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 3_307, "test": 40_111, "fresh": 52_609}
PER_CATEGORY = 30
SHORTEST, LONGEST = 4.0, 7.5
STEPS = 100
"""Places per second at which what was found is compared with the truth."""
Spans = list[tuple[float, float]]


def _placed(random: Random, bank: tuple[Utterance, ...]) -> tuple[Wave, Spans]:
    """One sentence, or two by different voices, in silence; where they are."""
    chosen = [bank[int(at)] for at in random.permutation(len(bank))]
    said = [one for one in chosen if len(one.samples) <= (LONGEST - 1) * RATE][:1]
    others = [one for one in chosen if one.voice != said[0].voice
              and len(one.samples) + len(said[0].samples) < (LONGEST - 1.6) * RATE]
    said += others[:1] if random.random() < 0.5 else []
    pieces: list[Wave] = [_silence(random.uniform(0.3, 1.2))]
    spans: Spans = []
    for one in said:
        start = sum(map(len, pieces)) / RATE
        spans += [(start + first, start + last) for first, last in one.speech]
        pieces += [one.samples, _silence(random.uniform(0.4, 0.8))]
    whole = np.concatenate(pieces)
    short = SHORTEST - len(whole) / RATE
    return np.concatenate([whole, _silence(max(short, 0.0))]), spans


def _silence(seconds: float) -> Wave:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def _recording(category: str, level: int, material: Half, random: Random) -> tuple[Wave, Spans]:
    noises = NOISES[material]
    if category == "no speech":
        length = round(random.uniform(SHORTEST, LONGEST) * RATE)
        kinds = [name for name in noises if name != "babble"]
        noise = noises[kinds[int(random.integers(len(kinds)))]](length, random)
        return mixed(_silence(length / RATE), 0.1, noise, level), []
    speech, spans = _placed(random, utterances(material))
    if category != "silence":
        speech = mixed(speech, 0.1, noises[category](len(speech), random), level)
    return speech, spans


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """WAV files below `folder`; the truth is {"speech": [[start, end]], "seconds"}."""
    folder.mkdir(parents=True, exist_ok=True)
    material, random = half(part), np.random.default_rng(SEEDS[part])
    for category in ("silence", *NOISES[material], "no speech"):
        for number in range(PER_CATEGORY):
            level = LEVELS[number % len(LEVELS)]
            samples, spans = _recording(category, level, material, random)
            samples = samples * np.float32(random.uniform(0.2, TOP) / max(float(np.abs(samples).max()), 1e-6))
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            truth = {"speech": [[round(start, 2), round(end, 2)] for start, end in spans],
                     "seconds": round(len(samples) / RATE, 2)}
            group = "alone" if category in ("silence", "no speech") else f"{level} dB"
            yield Case(name, category, {"audio": written(folder / f"{name}.wav", samples)}, truth, group)


def overlap(output: Output, truth: Mapping[str, Any]) -> float:
    """Time in both over time in either (intersection over union); 1 where both say that nobody speaks."""
    found, true = _times(output, truth)
    return 0.0 if found is None else float((found & true).sum() / (found | true).sum()) if (found | true).any() else 1.0


def time_right(output: Output, truth: Mapping[str, Any]) -> float:
    """Share of the time that is rightly called speech or none."""
    found, true = _times(output, truth)
    return 0.0 if found is None else float((found == true).mean())


def _times(output: Output, truth: Mapping[str, Any]) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_]]:
    """Whether somebody speaks, STEPS times a second, as found (None for an output without spans) and in truth."""
    true, spans = _marked(truth["speech"], truth["seconds"]), output.get("data")
    if not isinstance(spans, list):
        return None, true
    whole = [one for one in spans if isinstance(one, Mapping) and {"start", "end"} <= one.keys()]
    return _marked([(one["start"], one["end"]) for one in whole], truth["seconds"]), true


def _marked(spans: Any, seconds: float) -> NDArray[np.bool_]:
    marks = np.zeros(round(seconds * STEPS), dtype=bool)
    for start, end in spans:
        marks[max(round(start * STEPS), 0) : max(round(end * STEPS), 0)] = True
    return marks


KIND = Kind(
    "voice-activity-detection", cases, {"intersection over union": overlap, "time right": time_right},
    f"recordings of {SHORTEST:.0f} to {LONGEST:.1f} s at 16 kHz: one or two sentences by synthetic voices at known "
    "places in silence or one of 6 kinds of noise at 15 to 0 dB, and noise without speech, where nothing is right; "
    "speech is where the clean voice is within 38 dB of its loudest, pauses under 0.25 s included")
