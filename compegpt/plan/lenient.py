"""JSON as language models write it: in prose and fences, with the quotes of Python or of a typesetter, cut off.

json-repair 0.64, the best known library for this, takes minutes for some replies of 100,000 characters, recurses as
deep as the text, and closes a text that was cut off as if it were whole. This reader is iterative, takes time in
proportion to the text, and says what is missing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 64
MAX_CHARACTERS = 300_000
"""More is not read once it turns out not to be JSON."""
_STARTS, _LONGEST_KEY = 40, 60
"""Brackets of prose that are tried before it gives up; characters of a key."""
_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*)*+", re.DOTALL)
_START = re.compile(r"[\[{]")
_BRACE_FITS = re.compile(r"\s*+(?:}|\Z)")
_NUMBER = re.compile(r"-?\d{1,15}(?P<fraction>(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)\Z")
_BARE = re.compile(r"[^\s,{}\[\]\"']+")
_BARE_KEY = re.compile(r"[A-Za-z_]\w{0,60}")
_COLON = re.compile(r"\s*+(?::|=>?)")
_LITERALS = {"true": True, "false": False, "null": None, "none": None, "undefined": None, "nan": None,
             "infinity": None, "-infinity": None}
_CLOSERS = {'"': '"', "'": "'", "“": "”“\"", "”": "”\"", "„": "“”\"", "‘": "’'", "«": "»"}
_KEY = r"(?:[\"'“”„‘«][\w -]{1,60}[\"'“”’»]|[A-Za-z_]\w{0,60})\s*[:=]"
_ENDS = r"\s*+(?:[}\]]|\Z|//|/\*|\#"
_AFTER = {
    "key": _COLON,
    "dict": re.compile(rf"{_ENDS}|,\s*+(?:[}}\]]|\Z|//|/\*|\#|{_KEY})|[\"'“]\w[\w -]{{0,60}}[\"'”]\s*:)"),
    "list": re.compile(rf"{_ENDS}|,\s*+(?:[\]}}\"'“„‘«{{\[\d-]|\Z|//|/\*|\#|(?:true|false|null|None|True|False)\b))"),
}
"""What stands after a quote that closes a string, by where the string stands: any other quote belongs to the text."""
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": "\n"}


@dataclass(frozen=True)
class Found:
    """One JSON value of a text."""

    value: Any
    lost: bool = False
    """The text ended while something was being said; of a list, the element that was begun is left out."""


def values(text: str) -> list[Found]:
    """Every object and list of a text, in order, without what is inside of them; [] where there is none.

    Strict JSON is taken at its word. Else comments, fences, prose, surplus commas and brackets are passed over, any
    quotes are quotes, and the words of Python and JavaScript are known. Never raises.
    """
    try:
        value = json.loads(text, parse_constant=lambda _: None)
        return [] if _too_deep(value) else [Found(value)]
    except (ValueError, RecursionError):
        return _searched(text[:MAX_CHARACTERS].rstrip().removesuffix("```"))


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [child for children in inner for child in children]
        if not level:
            return False
    return True


def _searched(text: str) -> list[Found]:
    found: list[Found] = []
    at, tries = 0, 0
    while tries < _STARTS and (start := _START.search(text, at)):
        reader, tries = _Reader(text, start.start()), tries + 1
        try:
            found.append(Found(reader.value(), reader.lost))
            at = reader.at
        except _NotJSON:
            at = start.end()
        except _TooDeep:
            break
    return found


class _NotJSON(ValueError):
    """What was begun is prose."""


class _TooDeep(ValueError):
    pass


class _Ended(ValueError):
    """The text ends inside a value."""


@dataclass
class _Open:
    """An object or list that is being read."""

    made: dict[str, Any] | list[Any]
    key: str | None = None
    """Of the value that comes next."""

    def put(self, value: Any) -> None:
        if isinstance(self.made, list):
            self.made.append(value)
        elif self.key is not None:
            self.made[self.key] = value
            self.key = None


@dataclass
class _Reader:
    text: str
    at: int
    lost: bool = False
    stack: list[_Open] = field(default_factory=list)
    comma: bool = False
    """The last thing read was a comma."""

    def value(self) -> Any:
        """The object or list that begins here; `at` is then behind it."""
        self._open()
        try:
            while char := self._next():
                closed = self._step(char)
                if closed is not None:
                    return closed.made
        except _Ended:
            self.lost = True
        return self._cut()

    def _next(self) -> str:
        """The first character that is neither blank nor comment; empty at the end."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.text[self.at : self.at + 1]

    def _step(self, char: str) -> _Open | None:
        """Read one thing; the outermost object or list where this closes it."""
        top = self.stack[-1]
        self.comma = char == ","
        if char in "}]":
            return self._close(char)
        if self.comma:
            self.at += 1
            return None
        if isinstance(top.made, dict):
            top.key = self._key(char)
            char = self._next()
            if not char:
                raise _Ended
        if char in "{[":
            self._open()
        else:
            top.put(self._string(char, type(top.made).__name__) if char in _CLOSERS else self._bare(top))
        return None

    def _open(self) -> None:
        if len(self.stack) == MAX_DEPTH:
            raise _TooDeep
        self.stack.append(_Open({} if self.text[self.at] == "{" else []))
        self.at += 1

    def _close(self, bracket: str) -> _Open | None:
        """Close what the bracket fits, and what was left open inside of it; a bracket that fits nothing is passed over.

        A brace in a list closes it only at the very end: else it is one too many.
        """
        self.at += 1
        wanted = dict if bracket == "}" else list
        fitting = [level for level, one in enumerate(self.stack) if isinstance(one.made, wanted)]
        in_list = isinstance(self.stack[-1].made, list)
        if not fitting or (in_list and bracket == "}" and not _BRACE_FITS.match(self.text, self.at)):
            return None
        while True:
            closed = self.stack.pop()
            if not self.stack:
                return closed
            self.stack[-1].put(closed.made)
            if len(self.stack) == fitting[-1]:
                return None

    def _key(self, char: str) -> str:
        if char in _CLOSERS:
            key = self._string(char, "key")
        elif bare := _BARE_KEY.match(self.text, self.at):
            key, self.at = bare[0], bare.end()
        else:
            raise _NotJSON
        colon = _COLON.match(self.text, self.at)
        if colon is None:
            raise _Ended if not self.text[self.at :].strip() else _NotJSON
        self.at = colon.end()
        return key

    def _string(self, opening: str, place: str) -> str:
        quote = re.compile(rf"\\.|[{_CLOSERS[opening]}]", re.DOTALL)
        start = at = self.at + 1
        limit = start + _LONGEST_KEY if place == "key" else len(self.text)
        while found := quote.search(self.text, at, limit):
            at = found.end()
            if found[0][0] != "\\" and _AFTER[place].match(self.text, at):
                self.at = at
                return _unescaped(self.text[start : found.start()])
        raise _NotJSON if limit < len(self.text) else _Ended

    def _bare(self, top: _Open) -> Any:
        """A number, a word with a meaning, or, after a key, any word that lacks its quotes."""
        bare = _BARE.match(self.text, self.at)
        if bare is None or (isinstance(top.made, list) and not _known(bare[0])):
            raise _NotJSON
        word, self.at = bare[0], bare.end()
        if self.at == len(self.text):
            raise _Ended
        if number := _NUMBER.match(word):
            return float(word) if number["fraction"] else int(word)
        return _LITERALS.get(word.lower(), word)

    def _cut(self) -> Any:
        """What is whole of an unfinished value: an object in a list that was begun is left out."""
        self.lost, self.at = self.lost or self.comma, len(self.text)
        while len(self.stack) > 1:
            inner, outer = self.stack.pop(), self.stack[-1]
            if isinstance(inner.made, dict) and isinstance(outer.made, list):
                self.lost = True
            else:
                outer.put(inner.made)
        return self.stack[0].made


def _known(word: str) -> bool:
    return bool(_NUMBER.match(word)) or word.lower() in _LITERALS or word.startswith("<")


def _unescaped(text: str) -> str:
    """The text that a string stands for; a backslash that escapes nothing stays."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(lambda one: chr(int(one[1][1:], 16)) if len(one[1]) > 1 else _escaped(one[1]), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(char: str) -> str:
    return _ESCAPED.get(char, char if char in "\\\"'/“”‘’„«»" else f"\\{char}")
