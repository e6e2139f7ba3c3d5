"""A masked request as the planner's network reads it: word pieces, with a marker where a file or a text stood.

A file is a marker of its kind and the beginning of its name; a quoted text is a marker, its first and last words, and a
closing marker; what the user did not name but attached, and what earlier turns left, follow after the request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from compegpt.plan.mentions import TOKEN, Masked, Mention

KINDS = ("image", "audio", "video", "text", "table", "file", "labels")
LONGEST = 224
"""Word pieces that are read at most."""
_HEAD, _TAIL = 12, 4
"""Pieces of a quoted text that are read."""
_STEM = 5
_NAMED = 8
"""Files whose names are read; of those after them only the kinds are."""
_READ = 6000
"""Characters of a request that are read, from its beginning and from its end."""
_FIRST_MARKER = 1
"""The vocabulary's first unused piece, [unused0]."""
MARKERS = {**{f"file:{kind}": number for number, kind in enumerate(KINDS, _FIRST_MARKER)},
           **{f"past:{kind}": number for number, kind in enumerate(KINDS[:4], _FIRST_MARKER + len(KINDS))},
           "quote": _FIRST_MARKER + 11, "quoted": _FIRST_MARKER + 12, "cut": _FIRST_MARKER + 13}
"""Piece numbers of the markers."""
_CLS, _SEP = 101, 102


@dataclass(frozen=True)
class Marked:
    """What the network reads."""

    ids: list[int]
    places: list[tuple[int, int]]
    """Where in the masked text each piece stands, (start, end); (-1, -1) for what does not stand there."""
    sources: list[tuple[int, int]]
    """(position, number of the mention) of each file and text; past things have numbers below 0: -1 - place."""


def marked(found: Masked, tokenizer: Any, past: Sequence[str] = ()) -> Marked:
    """The pieces of a masked request; `past` are the kinds of what earlier turns left, oldest first."""
    made = _Pieces(found, tokenizer)
    for start, end in _read(found.text):
        made.text(start, end)
        if end < len(found.text):
            made.add(MARKERS["cut"])
    attached = [(number, mention) for number, mention in enumerate(found.mentions) if mention.implicit]
    made.cut(LONGEST - min(40 + len(attached), 100))
    for place, (number, mention) in enumerate(attached):
        if len(made.ids) < LONGEST - 12:
            made.add(_SEP)
            made.mention(number, mention, (-1, -1), stem=_STEM if place < _NAMED else 0)
    for place, kind in list(enumerate(past))[-6:]:
        if len(made.ids) < LONGEST - 2:
            made.sources.append((len(made.ids), -1 - place))
            made.add(MARKERS.get(f"past:{kind}", MARKERS["past:text"]))
    made.add(_SEP)
    return Marked(made.ids, made.places, made.sources)


def _read(text: str) -> list[tuple[int, int]]:
    return [(0, len(text))] if len(text) <= 2 * _READ else [(0, _READ), (len(text) - _READ, len(text))]


class _Pieces:
    def __init__(self, found: Masked, tokenizer: Any) -> None:
        self.found, self.tokenizer = found, tokenizer
        self.ids, self.places = [_CLS], [(-1, -1)]
        self.sources: list[tuple[int, int]] = []

    def add(self, piece: int, place: tuple[int, int] = (-1, -1)) -> None:
        self.ids.append(piece)
        self.places.append(place)

    def text(self, start: int, end: int) -> None:
        at = start
        for token in TOKEN.finditer(self.found.text, start, end):
            self._words(at, token.start())
            number = int(token[2])
            self.mention(number, self.found.mentions[number], token.span(), stem=_STEM if number < _NAMED else 0)
            at = token.end()
        self._words(at, end)

    def mention(self, number: int, mention: Mention, place: tuple[int, int], stem: int = _STEM) -> None:
        self.sources.append((len(self.ids), number))
        if mention.is_file:
            self.add(MARKERS[f"file:{mention.kind}" if mention.kind in KINDS else "file:file"], place)
            for piece in self._encoded(_stem(str(mention.value)))[:stem]:
                self.add(piece, place)
            return
        value = ", ".join(mention.value) if isinstance(mention.value, list) else str(mention.value)
        self.add(MARKERS["file:labels" if mention.kind == "labels" else "quote"], place)
        pieces = self._encoded(value[:200])
        last = self._encoded(value[-60:])[-_TAIL:] if len(pieces) > _HEAD + _TAIL else []
        for piece in [*pieces[: _HEAD if last else _HEAD + _TAIL], *last]:
            self.add(piece, place)
        self.add(MARKERS["quoted"], place)

    def cut(self, longest: int) -> None:
        """Leave out the middle of what is longer."""
        if (over := len(self.ids) - longest) > 0:
            first = longest * 2 // 3
            del self.ids[first : first + over]
            del self.places[first : first + over]
            self.sources = [(place if place < first else place - over, number) for place, number in self.sources
                            if not first <= place < first + over]

    def _words(self, start: int, end: int) -> None:
        if start < end:
            encoded = self.tokenizer.encode(_sound(self.found.text[start:end]), add_special_tokens=False)
            self.ids += encoded.ids
            self.places += [(start + first, start + last) for first, last in encoded.offsets]

    def _encoded(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(_sound(text), add_special_tokens=False).ids
        return ids


def _sound(text: str) -> str:
    """The text with a sign of the same length for each half of a character, which no tokenizer takes."""
    return text if text.isascii() else re.sub(r"[\ud800-\udfff]", "\ufffd", text)


def _stem(name: str) -> str:
    """The name of a file without folders, extension and numbers."""
    base = os.path.basename(unquote(urlsplit(name).path) if "://" in name else name.replace("\\", "/"))
    return re.sub(r"[\W\d_]+", " ", os.path.splitext(base)[0][:60]).strip()
