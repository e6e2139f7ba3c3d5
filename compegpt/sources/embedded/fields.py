"""Fields of line-structured text: "TOTAL   12.40 EUR", "Invoice No: 123", a label above its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

AMOUNT = r"(?:[€$£¥]|EUR|USD|GBP|CHF|Rs\.?)?\s?[-+]?\d[\d.,:/ \-]*\d|(?:[€$£¥]\s?)?\d"
_UNIT = r"(?:\s?(?:[%€$£¥°]C?|EUR|USD|GBP|CHF|JPY|PLN|SEK|kg|g|km|m|cm|mm|l|ml|h|min|am|pm|AM|PM))?"
_COLON = re.compile(r"([^\W\d_][^:\n]{0,40}?)\s*:(?!//|\d)\s*(\S.*?)??"
                    r"(?=\s{2,}\S|\t|\s+[A-Z][\w.#]*(?: (?:No|Number|Date|ID)\.?)?:(?!\d)|$)")
_COLUMNS = re.compile(r"(\S.{0,60}?)(?:\s{2,}|\t|\s?\.{3,}\s?|\s?_{3,}\s?|\s?\|\s?)(\S.*)$")
_NUMBER_LAST = re.compile(rf"([^\W\d_][\w .,#&'%/()\-]{{1,40}}?)\s+((?:{AMOUNT}){_UNIT}|[#A-Z]*-?\d[\w\-/]*)$")
_VALUE_ONLY = re.compile(rf"(?:{AMOUNT}){_UNIT}|[#A-Z]{{0,4}}-?\d[\w\-/.]*")
_PROSE_KEY = re.compile(r"\b(?:is|was|are|were|has|had|have|in|on|at|by|of|and|to|from|since|about|than|with)$",
                        re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    key: str
    value: str
    line: int


def fields(text: str) -> list[Field]:
    """The fields of a text, in order; a line of prose gives none."""
    lines = [line.strip() for line in text.splitlines()]
    found: list[Field] = []
    for number, line in enumerate(lines):
        if len(line) <= 120:
            found.extend(Field(key, value, number) for key, value in _in_line(line, lines[number + 1 : number + 2]))
    return found + list(_stacked(lines))


def _in_line(line: str, following: list[str]) -> Iterator[tuple[str, str]]:
    colons = [(match[1].strip(), (match[2] or "").strip()) for match in _COLON.finditer(line)]
    if colons:
        for key, value in colons:
            value = value or (following[0] if following and (key, value) == colons[-1] else "")
            if value and len(key.split()) <= 6:
                yield key, value
        return
    match = _COLUMNS.match(line) or _NUMBER_LAST.match(line)
    if match is None or len(match[1].split()) > 5 or line.endswith(".") or match[1][-1] in "!?;,":
        return
    if not _PROSE_KEY.search(match[1]):
        yield match[1].strip(" .:"), re.sub(r"\s+", " ", match[2]).strip()


def _stacked(lines: list[str]) -> Iterator[Field]:
    """Labels above each other followed by as many values: two columns that were read one after the other."""
    filled = [(number, line) for number, line in enumerate(lines) if line]
    is_value = [len(line) <= 40 and _VALUE_ONLY.fullmatch(line) is not None for _, line in filled]
    start = 0
    while start < len(filled):
        end = start
        while end < len(filled) and is_value[end]:
            end += 1
        count = end - start
        labels = filled[max(0, start - count) : start]
        if count and len(labels) == count and not any(is_value[start - count : start]) and all(
                len(label) <= 40 and not label.endswith((".", ":")) for _, label in labels):
            for (number, label), (_, value) in zip(labels, filled[start:end], strict=True):
                yield Field(label, value, number)
        start = max(end, start + 1)
