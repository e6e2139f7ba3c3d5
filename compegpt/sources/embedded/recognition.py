"""Automatic speech recognition (English) by CMU Pocketsphinx, whose model comes in its package.

The decoder holds the interpreter's lock for seconds, so it runs in processes of its own, fed through a pipe: they are
killed with the task, and a long recording is shared between two of them.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compegpt
from compegpt.errors import ExpertError
from compegpt.media import sound
from compegpt.media.artifacts import Store
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.embedded.activity import RATE, Span, speech_spans
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.threads import in_thread

MAX_SECONDS = 900.0
WEAK = "a weak recogniser: about one word in ten is wrong in clear speech, more in noise"
"""Word error of .08 to .12 over eight sentences by clear synthetic voices."""
PIECE_SECONDS = 20.0
"""Speech is decoded in pieces of at most about this length, cut where nobody speaks."""
HASTE: tuple[tuple[float, dict[str, Any]], ...] = (
    (90.0, {}),
    (240.0, {"fwdflat": False}),
    (math.inf, {"fwdflat": False, "ds": 2, "maxhmmpf": 3000, "maxwpf": 10, "pl_window": 5}),
)
"""Decoder settings for up to so many seconds of speech: each row takes two thirds of the time of the one before."""
MARGIN = 0.3
_CHILD = "from compegpt.sources.embedded.recognition import decode_pieces; decode_pieces()"


@dataclass(frozen=True)
class Piece:
    text: str
    words: int
    logprob: float
    """Log of the posterior probability of the words."""


async def transcribe(args: Args, store: Store) -> Finding:
    """Lower-case text; the confidence is the geometric mean of the word posteriors."""
    recording = await sound.read(args["audio"], MAX_SECONDS)
    pieces = [] if recording.silent else await in_thread(_pieces, recording)
    if not pieces:
        return Finding(output={"text": ""}, empty=True, note="no speech was found in the recording")
    seconds = sum(len(piece) for piece in pieces) / 2 / RATE
    heard = await _decoded(pieces, next(settings for limit, settings in HASTE if seconds <= limit))
    text = " ".join(piece.text for piece in heard if piece.text)
    words = sum(piece.words for piece in heard)
    if not text:
        return Finding(output={"text": ""}, empty=True, note="no words were understood in the recording")
    confidence = math.exp(sum(piece.logprob for piece in heard) / words)
    note = "; ".join(filter(None, [WEAK, recording.note]))
    return Finding(output={"text": text}, confidence=min(confidence, 1.0), note=note)


async def _decoded(pieces: list[bytes], settings: dict[str, Any]) -> list[Piece]:
    workers = min(2, os.cpu_count() or 1)
    size = math.ceil(len(pieces) / workers)
    shares = [pieces[at : at + size] for at in range(0, len(pieces), size)]
    try:
        async with asyncio.TaskGroup() as group:
            children = [group.create_task(_in_child(share, settings)) for share in shares]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [piece for child in children for piece in child.result()]


async def _in_child(pieces: list[bytes], settings: dict[str, Any]) -> list[Piece]:
    head = json.dumps({"settings": settings, "bytes": [len(piece) for piece in pieces]}).encode() + b"\n"
    root = str(Path(compegpt.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    out = await run_program([sys.executable, "-c", _CHILD], stdin=head + b"".join(pieces), env={"PYTHONPATH": path})
    try:
        return [Piece(**piece) for piece in json.loads(out)]
    except (ValueError, TypeError) as error:
        raise ExpertError("pocketsphinx's process printed something else than its result") from error


def decode_pieces() -> None:
    """What the child process does: pieces of 16 kHz 16-bit mono on stdin, a JSON list of `Piece` on stdout."""
    from pocketsphinx import Decoder

    head = json.loads(sys.stdin.buffer.readline())
    decoder = Decoder(logfn=os.devnull, loglevel="FATAL", samprate=RATE, **head["settings"])
    heard = [_heard(decoder, sys.stdin.buffer.read(size)) for size in head["bytes"]]
    sys.stdout.write(json.dumps([vars(piece) for piece in heard]))


def _heard(decoder: Any, pcm: bytes) -> Piece:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    words = best.hypstr.lower().split() if best is not None else []
    words = [word.split("(")[0] for word in words if not word.startswith(("<", "["))]
    return Piece(" ".join(words), len(words), math.log(max(best.prob, 1e-300)) if words else 0.0)


def _pieces(recording: sound.Sound) -> list[bytes]:
    """The stretches with speech, each a little longer than what was heard and at an even level."""
    samples = recording.mono(RATE)
    bounds = grouped(speech_spans(samples), len(samples) / RATE)
    return [sound.pcm16(sound.levelled(samples[int(start * RATE) : int(end * RATE)])) for start, end in bounds]


def grouped(found: list[Span], seconds: float) -> list[tuple[float, float]]:
    """Spans joined to pieces of at most PIECE_SECONDS where their pauses allow; longer ones are cut evenly."""
    pieces: list[tuple[float, float]] = []
    for start, end, _ in found:
        start, end = max(start - MARGIN, 0.0), min(end + MARGIN, seconds)
        if pieces and end - pieces[-1][0] <= PIECE_SECONDS and start - pieces[-1][1] < 2.0:
            pieces[-1] = (pieces[-1][0], end)
            continue
        start = max(start, pieces[-1][1]) if pieces else start
        parts = max(math.ceil((end - start) / PIECE_SECONDS), 1)
        step = (end - start) / parts
        pieces.extend((start + step * part, start + step * (part + 1)) for part in range(parts))
    return pieces


ENGINES: tuple[Engine, ...] = (
    Engine("pocketsphinx", "automatic-speech-recognition", "pocketsphinx", transcribe,
           modules=("pocketsphinx", "soundfile", "scipy"), prior=0.5, languages=frozenset({"en"}),
           licence="BSD-2-Clause", install="pip install pocketsphinx", about="CMU Pocketsphinx, US English"),
)
