"""The phrase bank: how people say what they want, by task type, and the words that fill the gaps."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compegpt.tasks import TASKS

FOLDER = Path(__file__).with_name("bank")
_PHRASES = ("text.toml", "more.toml", "text2.toml", "image.toml", "media.toml")
FORMS = ("do", "get", "want", "ask", "result", "what")
"""Imperative clauses, noun phrases, participles, whole utterances, names of the result, clauses without an object."""
_MAPS = ("canny", "lineart", "depth", "hed", "mlsd", "normal", "openpose", "scribble", "seg")
"""What guides the drawing of a picture; their task types share phrases."""


@dataclass(frozen=True)
class Phrases:
    """What is said of one task type; {x} stands for its input."""

    do: tuple[str, ...]
    get: tuple[str, ...]
    want: tuple[str, ...]
    ask: tuple[str, ...]
    result: tuple[str, ...]
    what: tuple[str, ...]

    def of(self, form: str) -> tuple[str, ...]:
        """The phrases of this form."""
        found: tuple[str, ...] = getattr(self, form)
        return found


@functools.cache
def phrases() -> dict[str, Phrases]:
    """By task type; what has no list of its own is left out."""
    tables: dict[str, Any] = {}
    for name in _PHRASES:
        for task, table in _read(name).items():
            known = tables.setdefault(task, {})
            for form, lines in table.items():
                known[form] = [*known.get(form, []), *lines] if isinstance(lines, list) else lines
    names = tables["control"].pop("names") if "names" in tables["control"] else tables["control.names"]
    made = {name: _phrases(table) for name, table in tables.items() if name in TASKS}
    for kind in _MAPS:
        for suffix, table in (("-control", tables["control"]), ("-text-to-image", tables["along"])):
            if kind + suffix in TASKS:
                made[kind + suffix] = _phrases({form: [line.replace("{map}", noun) for line in lines
                                                       for noun in names[kind]] for form, lines in table.items()
                                                if form in FORMS})
    return made


@functools.cache
def words() -> dict[str, Any]:
    """Passages, questions, descriptions, labels, nouns and file names, by the list's name."""
    return _read("words.toml")


@functools.cache
def voices() -> dict[str, list[str]]:
    """How a request is wrapped, by the list's name."""
    return _read("voices.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def _phrases(table: dict[str, list[str]]) -> Phrases:
    return Phrases(**{form: tuple(table.get(form, ())) for form in FORMS})
