"""Where the words that a model names stand in a text; what is not there is dropped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MOST = 300
"""Spans of one reply."""


@dataclass(frozen=True)
class Mention:
    """What a model says stands in the text."""

    text: str
    label: str | None
    score: float


def located(mentions: Iterable[Mention], source: str, apart: bool = False) -> list[dict[str, Any]]:
    """Spans `{text, label, start, end, score}` (label where there is one; characters) in the order of the mentions.

    The same words again stand for their next place. With `apart`, spans do not overlap.
    """
    places: dict[str, Iterator[re.Match[str]]] = {}
    taken = bytearray(len(source))
    found = []
    for mention in itertools.islice(mentions, MOST):
        if mention.text not in places:
            places[mention.text] = _places(mention.text, source)
        place = next((one for one in places[mention.text] if not (apart and any(taken[one.start() : one.end()]))), None)
        if place is None:
            continue
        start, end = place.span()
        taken[start:end] = b"\1" * (end - start)
        label = {} if mention.label is None else {"label": mention.label}
        found.append({"text": source[start:end], **label, "start": start, "end": end, "score": mention.score})
    return found


def _places(text: str, source: str) -> Iterator[re.Match[str]]:
    """All places of the words, whatever blanks are between them: as whole words, else inside of words (some scripts
    have no blanks), else in other case."""
    core = r"\s+".join(re.escape(word) for word in text.split())
    if not core:
        return
    before, after = (r"(?<!\w)" if re.match(r"\w", text) else ""), (r"(?!\w)" if re.search(r"\w\Z", text) else "")
    for pattern, flags in ((f"{before}{core}{after}", re.NOFLAG), (core, re.NOFLAG),
                           (f"{before}{core}{after}", re.IGNORECASE)):
        first, places = None, re.finditer(pattern, source, flags)
        for first in places:
            yield first
        if first is not None:
            return
