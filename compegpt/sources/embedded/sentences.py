"""Sentences of a text, without trained data: terminators, abbreviations, decimals, wrapped lines, other scripts.

Lines matter: a line of a receipt or a list is a sentence of its own, a line of wrapped prose is not. A line counts as
wrapped where it runs on in lower case, or where the next line's first word would not have fitted into its block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NEVER_LAST = """
mr mrs ms dr prof rev hon gen col sgt capt lt st mt ft vs cf fig figs vol vols pp p ch sec eq ed eds dept est univ
approx ca resp viz i.e e.g z.b d.h u.a bzw nr str bd hrsg vgl evtl ggf inkl sog hr fr sr sra srta dra ud uds av mme
mlle mm jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun art abs zzgl tel
"""
_MAYBE_LAST_WORDS = "etc al a.m p.m am pm inc ltd co corp jr sr u.s u.k u.n e.u usw ph.d b.a m.a bros no a.d b.c"
_OPENING_WORDS = """
the a an he she it they we you i this that these those in on at but and so then there when while after before his her
its their our my as if however for with to what why how who
"""
_RUNNING_WORDS = """
the a an and or but of in on at to for with by from as that which who is was are were be his her its their our my into
than der die das und oder von zu mit el la los las y o de en con le les et ou du des
"""
_ABBREVIATIONS = frozenset(_NEVER_LAST.split())
_MAYBE_LAST = frozenset(_MAYBE_LAST_WORDS.split())
"""At the end of a sentence where a word follows that opens one."""
_OPENERS = frozenset(_OPENING_WORDS.split())
_RUNNING = frozenset(_RUNNING_WORDS.split())
"""No line of its own ends in one of these."""

_RAGGED = 0.8
"""Share of its block's width that a line of prose fills at least."""
MAX_LENGTH = 1500
"""Characters; a longer run without an end is cut."""

_ENDS = "。！？｡।॥؟۔։።…"
_END = re.compile(rf"(?:[.!?]+|[{_ENDS}]+)[\"'”’»)\]」』]*")
_BULLET = re.compile(r"\s*(?:[-*•‣▪–—]\s|\(?\d{1,3}[.)]\s|[a-z]\)\s|#{1,6}\s|>\s)")
_FIELD = re.compile(r"\s*[^\s:][^:.!?\n]{0,40}:(?:\s|$)|.*\S(?: {3,}|\t)\S|.*\.{4,}")
_MONTHS = re.compile(r"(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b")


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, in order; blanks around a sentence belong to none."""
    found = []
    cased = text != text.lower()
    for start, end in _blocks(text):
        position = start
        for match in _END.finditer(text, start, end):
            if match.end() < end and _ends_sentence(text, match, cased):
                found.append((position, match.end()))
                position = match.end()
        found.append((position, end))
    pieces = [piece for span in found for piece in _cut(text, *span)]
    return [span for span in (_trimmed(text, *piece) for piece in pieces) if span[0] < span[1]]


def sentences(text: str) -> list[str]:
    """The sentences in order, wrapped lines joined by one blank."""
    return [" ".join(text[start:end].split()) for start, end in spans(text)]


def windows(texts: list[str], size: int = 900) -> list[list[int]]:
    """Indices of neighbouring texts, grouped up to `size` characters each (at least one per group)."""
    groups: list[list[int]] = []
    length = size
    for index, text in enumerate(texts):
        if length + len(text) > size or not groups:
            groups.append([])
            length = 0
        groups[-1].append(index)
        length += len(text) + 1
    return groups


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What runs on for too long to be a sentence, cut at blanks."""
    while end - start > MAX_LENGTH:
        blank = text.rfind(" ", start + 1, start + MAX_LENGTH)
        middle = blank if blank > start else start + MAX_LENGTH
        yield start, middle
        start = middle
    yield start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _ends_sentence(text: str, match: re.Match[str], cased: bool) -> bool:
    mark = match.group()
    if mark[0] in _ENDS and mark[0] != "…":
        return True
    following = text[match.end() :match.end() + 60].lstrip()
    if not text[match.end()].isspace() or not following:
        return False
    if cased and following[0].islower():
        return False
    if mark[0] != ".":
        return True
    before = text[max(0, match.start() - 20) : match.start()]
    word = re.split(r"[\s(\"'“„«]", before)[-1]
    return mark.startswith("..") or not _abbreviated(word, following, at_start=before.rstrip(word)[-1:] in ("", "\n"))


def _abbreviated(word: str, following: str, at_start: bool) -> bool:
    lowered = word.lower()
    opener = re.match(r"[^\W\d_]+", following)
    if lowered in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I"):
        return True
    if lowered == "no":
        return following[0].isdigit()
    if lowered in _MAYBE_LAST or re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word):
        return opener is None or opener.group().lower() not in _OPENERS
    if re.fullmatch(r"\d{1,3}", word):
        return at_start or _MONTHS.match(following) is not None
    return False


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines that are one flow of prose, and single lines that stand alone."""
    offset = 0
    for paragraph in re.split(r"(\n[ \t]*(?:\n[ \t]*)+)", text):
        yield from _flows(paragraph, offset)
        offset += len(paragraph)


def _flows(paragraph: str, offset: int) -> Iterator[tuple[int, int]]:
    lines = paragraph.splitlines(keepends=True)
    width = max((len(line.rstrip()) for line in lines), default=0)
    start = position = offset
    for line, following in zip(lines, [*lines[1:], ""][: len(lines)], strict=True):
        position += len(line)
        if not following or not _runs_on(line.rstrip(), following.rstrip(), width):
            yield start, position
            start = position


def _runs_on(line: str, following: str, width: int) -> bool:
    if not line.strip() or not following.strip() or _BULLET.match(following) or _FIELD.match(following):
        return False
    if re.search(rf"{_END.pattern}$", line):
        return False
    if _FIELD.match(line) and not following.lstrip()[0].islower():
        return False
    first = following.split()[0]
    if len(line.split()) > 2 and (first[0].islower() or line.endswith(",") or line.split()[-1] in _RUNNING):
        return True
    if width < 36 or len(line.split()) <= 3 or re.search(r"\d[\d.,]*\s*(?:[%€$£]|[A-Z]{3})?$", line):
        return False
    ragged = re.search(r"[.!?]\s", line) is not None or (width >= 60 and line[-1].islower())
    return len(line) + 1 + len(first) > width or (ragged and len(line) > _RAGGED * width)
