"""Names of languages, as people write them in a request, and their ISO 639-1 codes."""

from __future__ import annotations

import re

from compegpt.languages import ALSO, LANGUAGES

CODES: dict[str, str] = {**{name.lower(): code for code, name in LANGUAGES.items()}, **ALSO}
NAME = "(?:" + "|".join(sorted(CODES, key=len, reverse=True)) + ")"
"""Pattern of any language name; match it without regard to case."""

_TARGET = re.compile(rf"\b(?:in|into|to|as|speak)\s+(?:(?:good|plain|simple|proper|the)\s+)?({NAME})\b"
                     rf"|\b({NAME})\s+(?:version|translation|equivalent|voice[- ]?over|dub(?:bing)?)\b", re.IGNORECASE)
_SOURCE = re.compile(rf"\bfrom\s+(?:the\s+)?({NAME})\b|\b({NAME})\s+(?:text|sentence|article|phrase|original|"
                     rf"word)\b", re.I)
_ALSO = re.compile(rf"\s*(?:,|,?\s*\band\b|&|,?\s*\bor\b)\s*(?:(?:in|into|to)\s+)?({NAME})\b", re.IGNORECASE)
_ANY = re.compile(rf"\b({NAME})s?\b", re.IGNORECASE)


def targets(clause: str) -> list[str]:
    """Codes of the languages a clause wants its result in ("to German and French" gives two)."""
    found = _TARGET.search(clause)
    if found is None:
        return []
    codes = [_code(found)]
    end = found.end()
    while more := _ALSO.match(clause, end):
        codes.append(_code(more))
        end = more.end()
    return list(dict.fromkeys(codes))


def source(clause: str) -> str | None:
    """Code of the language a clause says its input is in."""
    found = _SOURCE.search(clause)
    return _code(found) if found else None


def mentioned(clause: str) -> list[str]:
    """Codes of all languages a clause names, in order."""
    return [CODES[name.lower()] for name in _ANY.findall(clause)]


def _code(match: re.Match[str]) -> str:
    return CODES[next(group for group in match.groups() if group).lower()]


def all_targets(clause: str) -> list[str]:
    """Codes of all languages a clause asks for, one for each text included ("a.txt to French and b.txt to German")."""
    found = [_code(match) for match in _TARGET.finditer(clause)]
    return list(dict.fromkeys([*found, *targets(clause)]))
