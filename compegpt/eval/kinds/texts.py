"""Texts that kinds of text tasks are made of: data files beside the modules, seeds, and slips of hasty typing."""

from __future__ import annotations

import functools
import tomllib
import unicodedata
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.eval.case import Part
from compegpt.schema import Output

Random = np.random.Generator
SEEDS: dict[Part, int] = {"dev": 7_011, "test": 20_271, "fresh": 31_421}
_DATA = Path(__file__).parent / "data"
_PLAIN = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "đ": "d", "ß": "ss"})


def seeded(task: str, part: Part) -> Random:
    """Random numbers of a task's set, of its own for each task."""
    return np.random.default_rng([SEEDS[part], zlib.crc32(task.encode())])


@functools.cache
def material(name: str, part: Part) -> Any:
    """What the file `data/<name>.toml` holds for a set; `fresh` is made from the texts of `test`."""
    return _read(name)["dev" if part == "dev" else "test"]


@functools.cache
def articles(part: Part) -> Mapping[str, list[Mapping[str, str]]]:
    """By kind of text; each has `text`, and `summaries`, `questions` (one in a line) and `keywords` (by semicolons)."""
    return _read(f"articles_{'dev' if part == 'dev' else 'test'}")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def top_label(output: Output, truth: str) -> float:
    """1 where the best label is the truth."""
    labels = output.get("labels") or []
    return float(bool(labels) and labels[0]["label"] == truth)


def mistyped(text: str, random: Random) -> str:
    """One letter in about ten doubled, left out, or swapped with the next; at least one where there are letters."""
    places = [index for index in range(1, len(text) - 1) if text[index].isalpha() and text[index + 1].isalpha()]
    if not places:
        return text
    wanted = max(1, len(places) // 10)
    for place in sorted(random.choice(places, size=wanted, replace=False), reverse=True):
        here, after = text[place], text[place + 1]
        slip = str(random.choice([here * 2 + after, after, after + here]))
        text = text[:place] + slip + text[place + 2 :]
    return text


def lowered(text: str) -> str:
    """In lower case, without marks at the ends of words."""
    return " ".join(filter(None, (word.strip(".,;:!?¿¡\"") for word in text.lower().split())))


def without_diacritics(text: str) -> str:
    """Latin letters without their marks, as typed on a plain keyboard; other scripts as they are."""
    return "".join(_bare(letter) for letter in unicodedata.normalize("NFC", text).translate(_PLAIN))


def _bare(letter: str) -> str:
    first = unicodedata.normalize("NFD", letter)[0]
    return first if first.isascii() else letter
