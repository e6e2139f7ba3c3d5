"""Example phrasings of each task type, and how near a clause is to them.

`examples.json` is written by hand; `python -m compegpt.plan.examples` embeds it into `examples.npz`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from pathlib import Path

import numpy as np

from compegpt.embed import Array, Encoder, shared_encoder
from compegpt.plan.mentions import TOKEN

NONE = "none"
"""What asks for no task: small talk, questions of general knowledge."""
NOUNS = {"image": "the image", "audio": "the recording", "video": "the video", "text": "the text", "table": "the table",
         "labels": "these labels", "file": "the file"}
"""What stands for a mention when a clause is embedded: which file it is does not matter, its kind does."""
_JSON = Path(__file__).with_name("examples.json")
_NPZ = Path(__file__).with_name("examples.npz")
_DOUBLED = re.compile(r"\b(?:the|this|my|that|an?)\s+(?:\w+\s+)?(?=the (?:image|recording|video|text|table|"
                      r"file)\b)", re.I)


def rendered(clause: str) -> str:
    """A masked clause as it is embedded."""
    return _DOUBLED.sub("", TOKEN.sub(lambda token: NOUNS[token[1]], clause))


def nearness(vector: Array) -> dict[str, float]:
    """Cosine similarity of a clause to each task type and `none`: mostly its nearest example, a bit the next two."""
    tasks, owners, vectors = _embedded()
    similar = vectors @ vector
    near: dict[str, float] = {}
    for number, task in enumerate(tasks):
        best = np.sort(similar[owners == number])[::-1]
        near[task] = float(.75 * best[0] + .25 * best[:3].mean())
    return near


def fingerprint() -> str:
    """Of the phrasings, to see whether their embeddings are fresh."""
    return hashlib.sha256(_JSON.read_bytes()).hexdigest()


def stored_fingerprint() -> str:
    with np.load(_NPZ) as stored:
        return str(stored["fingerprint"])


def embed(encoder: Encoder) -> None:
    """Write `examples.npz`."""
    phrasings: dict[str, list[str]] = json.loads(_JSON.read_text(encoding="utf-8"))
    tasks = list(phrasings)
    lines = [(number, re.sub(r"\{(\w+)\}", lambda name: NOUNS[name[1]], line))
             for number, task in enumerate(tasks) for line in phrasings[task]]
    np.savez_compressed(_NPZ, tasks=np.array(tasks), owners=np.array([number for number, _ in lines], dtype=np.int16),
                        vectors=encoder.encode([line for _, line in lines]).astype(np.float16),
                        fingerprint=np.array(fingerprint()))


@functools.cache
def _embedded() -> tuple[list[str], Array, Array]:
    with np.load(_NPZ) as stored:
        return [str(task) for task in stored["tasks"]], stored["owners"], stored["vectors"].astype(np.float32)


if __name__ == "__main__":
    embed(shared_encoder())
