"""Reading aloud: sentences with numbers, sums, names and abbreviations; a recogniser says how much it understood.

The measure is the word error of CMU Pocketsphinx over what should be said. It must therefore never become a signal of
the judge. It tells whether all words were said, in the right order and plainly enough for a recogniser that was
trained on American voices. It does not tell whether people like the voice, and it is harder on voices that are unlike
those (eSpeak's formants) than people are.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.photographs import half
from compegpt.eval.kinds.voices import sentences
from compegpt.media import sound
from compegpt.schema import Output

RATE = 16_000
ROOM = 0.001
"""Noise of the room, of full scale: the recogniser never heard digital silence and does not cope with it."""
LONGEST = 60.0
SPELLINGS = {"mr": "mister", "mrs": "missus", "dr": "doctor", "vs": "versus", "etc": "et cetera", "tv": "t v",
             "harbour": "harbor", "neighbours": "neighbors", "theatre": "theater"}
"""How the recogniser writes what is written otherwise in the truth."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """The sentences, no files; the truth lists the ways to say each. `fresh` has the sentences of `test`."""
    lines = [(category, line) for category, each in sentences(half(part)).items() for line in each]
    for number, (category, line) in enumerate(lines):
        text, *said = (way.strip() for way in line.split("|"))
        yield Case(f"{part}-{number:03}", category, {"text": text, "language": "en"}, said or [text])


def words_understood(output: Output, truth: list[str]) -> float:
    """1 - word error rate of the transcript, at least 0; the best over the ways to say it."""
    heard = _words(_transcript(output.get("audio", "")))
    return max(_right(heard, _words(way)) for way in truth)


def letters_understood(output: Output, truth: list[str]) -> float:
    """1 - letter error rate of the transcript, at least 0: nearly right words count in part."""
    heard = "".join(_words(_transcript(output.get("audio", ""))))
    return max(_right(heard, "".join(_words(way))) for way in truth)


def _right(heard: Any, said: Any) -> float:
    from rapidfuzz.distance import Levenshtein

    return max(0.0, 1 - Levenshtein.distance(said, heard) / len(said))


def _words(text: str) -> list[str]:
    plain = re.sub(r"[^a-z0-9' ]", " ", re.sub(r"\(\d+\)", "", text.lower()))
    return " ".join(SPELLINGS.get(word, word) for word in plain.split()).split()


def _transcript(path: str) -> str:
    """What was understood of a recording; "" of none."""
    return _heard(path, Path(path).stat().st_mtime_ns) if path and Path(path).is_file() else ""


@functools.lru_cache(maxsize=64)
def _heard(path: str, changed: int) -> str:
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return ""
    wave = sound.levelled(sound.resampled(samples.mean(axis=1)[: round(LONGEST * rate)], rate, RATE))
    if not len(wave):
        return ""
    wave = wave + np.random.default_rng(0).normal(0, ROOM, len(wave)).astype(np.float32)
    decoder = _recogniser()
    decoder.start_utt()
    decoder.process_raw(sound.pcm16(wave), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    return str(best.hypstr) if best is not None else ""


@functools.cache
def _recogniser() -> Any:
    """Pocketsphinx with the English model in its package, in two passes; what it hears does not depend on the past."""
    from pocketsphinx import Decoder

    return Decoder(logfn=os.devnull, loglevel="FATAL", samprate=RATE, fwdflat=False)


MEASURES: Mapping[str, Any] = {"words understood": words_understood, "letters understood": letters_understood}
KIND = Kind(
    "text-to-speech", cases, MEASURES,
    "English sentences with numbers, sums, dates, names and abbreviations, and how much of what should be said a "
    "recogniser (pocketsphinx) understands; it tells whether the words are there and plain, not whether the voice is "
    "pleasant, and it is harder on formant voices than people are; no signal of the judge listens to words")
