"""Files and addresses in an answer that a language model writes: only those that are known get through, piece by piece.

What looks like a file (an absolute path, or any name with a media suffix) or like an address is held until it is
complete, then said as it is, put right, or replaced. Everything else goes through unchanged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from compegpt.printable import printable

NO_FILE, NO_ADDRESS = "(no such file)", "(no such address)"
_MEDIA = ("png|jpe?g|gif|webp|bmp|tiff?|svg|heic|avif|wav|mp3|flac|ogg|oga|opus|m4a|aac|wma|mp4|webm|avi|mov|mkv|m4v|"
          "mpe?g|wmv|pdf")
_DOCUMENTS = f"{_MEDIA}|txt|md|csv|json|html?|docx?|xlsx?|pptx?|zip|srt"
_JOINED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
"""Scripts that put no blank between a name and the next word."""
_ENDS = "\\s\"'`“”‘’„«»()\\[\\]{}<>|*,;!?=—–…\u3000-\u303f\uff01-\uff20\uff3b-\uff40\uff5b-\uff65"
"""What cannot stand in a name, but in those that are known."""
_WORD = re.compile(rf"(?P<address>(?:[a-z][a-z0-9+.-]*://|www\.)[^\s\"`<>{{}}|\\^\[\]“”«»…\u3000-\u303f\uff01-\uff65"
                   rf"{_JOINED}]*)|(?P<inline>data:[^\s\"'`()<>]*)|[/~][^{_ENDS}]*|[{_JOINED}]|[^{_ENDS}{_JOINED}]+",
                   re.IGNORECASE)
_ODD = re.compile(rf"[{_ENDS}{_JOINED}]")
_NAMED = re.compile(rf"[^\\/]\.(?:{_MEDIA})$", re.IGNORECASE)
_DOCUMENT = re.compile(rf"[^\\/]\.(?:{_DOCUMENTS})$", re.IGNORECASE)
_THEN_WORD = re.compile(rf"(.+?\.(?:{_DOCUMENTS}))(?=[{_JOINED}:])", re.IGNORECASE)
_ABSOLUTE = re.compile(r"~?/|[a-z]:[\\/]", re.IGNORECASE)
_MADE_UP = frozenset({"file", "sandbox", "attachment", "computer"})
"""Schemes that models put before the paths of files."""


@dataclass(frozen=True)
class Known:
    """What an answer may name."""

    files: frozenset[str]
    """Paths and names as they were given or made."""
    addresses: frozenset[str] = frozenset()
    """As `_bare` has them."""
    paths: dict[str, list[str]] = field(default_factory=dict)
    """The full paths that end in a base name."""

    def right(self, path: str) -> str:
        """The path as it should be named: itself, the one full path with its base name, or `NO_FILE`.

        The folder of a known file is known; a name that several have stays as it is.
        """
        for spelt in (path, path.replace("\\_", "_"), unquote(path)):
            if spelt in self.files:
                return spelt
        if any(name.startswith(f"{path.rstrip('/')}/") for name in self.files):
            return path
        base = re.split(r"[\\/]", unquote(path.replace("\\_", "_")))[-1]
        full = self.paths.get(base, [])
        if len(full) == 1:
            return full[0]
        return path if path == base and (full or any(name.endswith(f"/{base}") for name in self.files)) else NO_FILE


def known(files: Iterable[str], texts: Iterable[str], gone: Iterable[str] = ()) -> Known:
    """What may be named: these files, and what these texts name; never files that are `gone`."""
    names: set[str] = set(files)
    addresses: set[str] = set()
    for text in texts:
        if _ABSOLUTE.match(text) and _NAMED.search(text) and "\n" not in text:
            names.add(text)
            continue
        for kind, name in _mentions(text):
            (addresses if kind == "address" else names).add(_bare(name) if kind == "address" else name)
    names -= set(gone)
    paths: dict[str, list[str]] = {}
    for path in sorted(names):
        if _ABSOLUTE.match(path):
            paths.setdefault(re.split(r"[\\/]", path)[-1], []).append(path)
    return Known(frozenset(names), frozenset(addresses), paths)


def _mentions(text: str) -> Iterator[tuple[str, str]]:
    for match in _WORD.finditer(text):
        if match["address"]:
            yield "address", _address_in(match[0])
        elif _is_file(name := _file_in(match[0])):
            yield "file", name
            yield "file", _split(name)[1]


class Guard:
    """Takes an answer in pieces, however it is cut, and says it with only known files and addresses in it.

    chat: no file can have been made, so what stands in code is an example and is left, but for absolute media files.
    """

    def __init__(self, allowed: Known, say: Callable[[str], None], chat: bool = False) -> None:
        self._known, self._say, self._chat = allowed, say, chat
        self._held = self._blank = ""
        self.started = self._code = False
        self._said: list[str] = []
        self._odd: dict[str, list[str]] = {}
        names = {*allowed.files, *allowed.paths, *(os.path.dirname(path) for path in allowed.files)}
        names |= {quote(one, safe="/()") for one in names}
        for name in sorted((one for one in names if _ODD.search(one)), key=lambda one: (-len(one), one)):
            self._odd.setdefault(name[0], []).append(name)

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(self._said)

    def feed(self, piece: str) -> None:
        """Say what is complete; hold what may still become a name."""
        self.started = True
        bare = piece.replace("\r", "").replace("\x1b", "").replace("\x9b", "")  # cleaned sign by sign
        self._held += printable(bare)
        self._work(final=False)

    def end(self) -> None:
        """Say what is left, without blanks at the end."""
        self._work(final=True)

    def break_off(self) -> None:
        """Forget the word in hand: it will not be completed."""
        self._held = ""

    def add(self, text: str) -> None:
        """Say text of our own, as it is."""
        self._blank = ""
        self._said.append(text)
        self._say(text)

    def _work(self, final: bool) -> None:
        text, at, out = self._held, 0, []
        while at < len(text):
            step = self._next(text, at, final)
            if step is None:
                break
            length, words = step
            out.append(words)
            at += length
        self._held = text[at:]
        self._emit("".join(out))

    def _emit(self, text: str) -> None:
        whole = self._blank + text
        kept = whole.rstrip()
        self._blank = whole[len(kept):]
        if not self._said:
            kept = kept.lstrip()
        if kept:
            self._said.append(kept)
            self._say(kept)

    def _next(self, text: str, at: int, final: bool) -> tuple[int, str] | None:
        """How many characters are settled at `at`, and what to say for them; None where more must come first."""
        for name in self._odd.get(text[at], ()):
            if text.startswith(name, at):
                return len(name), self._known.right(name)
            if not final and name.startswith(text[at:]):
                return None
        match = _WORD.match(text, at)
        if match is None:
            self._code ^= text[at] == "`"
            return 1, text[at]
        if match.end() == len(text) and not final and not _one_sign(match[0]):
            return None
        if match["inline"]:
            return len(match[0]), NO_FILE if ";base64," in match[0] else match[0]
        if match["address"] and not match[0].lower().startswith("file://"):
            name = _address_in(match[0])
            return len(name), self._address(name)
        name = _file_in(match[0])
        return len(name), self._file(name)

    def _address(self, address: str) -> str:
        allowed = _bare(address) in self._known.addresses or (self._chat and self._code)
        return address if allowed or address.lower() == "www." else NO_ADDRESS

    def _file(self, name: str) -> str:
        head, path = _split(name)
        if name in self._known.files or not _is_file(name) or (self._chat and self._is_example(path)):
            return name
        right = self._known.right(path)
        bare = path.lstrip("_")  # Markdown's emphasis
        if right == NO_FILE and bare != path:
            right = path[: len(path) - len(bare)] + self._known.right(bare)
        return head + right

    def _is_example(self, path: str) -> bool:
        absolute = _ABSOLUTE.match(path) is not None
        if self._code:
            return not absolute or not _NAMED.search(path) or path.startswith("/path/to/")
        return absolute and (not _DOCUMENT.search(path) or path.startswith("/path/to/"))


def _one_sign(word: str) -> bool:
    return len(word) == 1 and re.match(f"[{_JOINED}]", word) is not None


def _is_file(name: str) -> bool:
    path = _split(name)[1]
    if _NAMED.search(path):
        return True
    return _ABSOLUTE.match(path) is not None and len([part for part in re.split(r"[\\/]", path) if part]) > 1


def _file_in(word: str) -> str:
    """The word without what follows a name: punctuation, or the next word of a script without blanks."""
    if match := _THEN_WORD.match(word):
        return match[1]
    return word.rstrip(".:_~") or word


def _split(name: str) -> tuple[str, str]:
    """What stands before a path (`Saved:`) and the path; schemes that are none are dropped."""
    head, colon, path = name.rpartition(":")
    if not colon or len(head) < 2:
        return "", name
    return ("" if head.lower() in _MADE_UP else head + colon), re.sub(r"^//(?=/)", "", path)


def _address_in(word: str) -> str:
    """The address without the bracket it stands in and the punctuation after it."""
    depth = 0
    for place, sign in enumerate(word):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            word = word[:place]
            break
    return word.rstrip(".,;:!?'*_~") or word


def _bare(address: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", address.lower()).rstrip("/")
