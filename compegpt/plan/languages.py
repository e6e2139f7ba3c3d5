"""Names of languages, as people write them in a request, and their ISO 639-1 codes."""

from __future__ import annotations

import re

from compegpt.languages import ALSO, LANGUAGES, code_of

CODES: dict[str, str] = {**{name.lower(): code for code, name in LANGUAGES.items()}, **ALSO}
NAME = "(?:" + "|".join(sorted(CODES, key=len, reverse=True)) + ")"
"""Pattern of any language name; match it without regard to case."""

_TARGET = re.compile(rf"\b(?:in|into|to|as|speak)\s+(?:(?:good|plain|simple|proper|the)\s+)?({NAME})\b"
                     rf"|\b({NAME})\s+(?:version|translation|equivalent|voice[- ]?over|dub(?:bing)?)\b", re.IGNORECASE)
_UNKNOWN = re.compile(rf"\b(?:don['’]?t|do not|can['’]?t|cannot) (?:speak|read|understand|know) (?:any )?({NAME})\b",
                      re.IGNORECASE)
"""A language that somebody does not understand: what is to be translated is in it."""
_SOURCE = re.compile(rf"\bfrom\s+(?:the\s+)?({NAME})\b|\b({NAME})\s+(?:text|sentence|article|phrase|original|"
                     rf"word)\b", re.I)
_ALSO = re.compile(rf"\s*(?:,|,?\s*\band\b|&|,?\s*\bor\b)\s*(?:(?:in|into|to)\s+)?({NAME})\b", re.IGNORECASE)
_ANY = re.compile(rf"\b({NAME})s?\b", re.IGNORECASE)


def targets(clause: str) -> list[str]:
    """Codes of the languages a clause wants its result in ("to German and French" gives two)."""
    clause = _UNKNOWN.sub(" ", clause)
    found = _TARGET.search(clause)
    if found is None:
        return []
    codes = [_code(found)]
    end = found.end()
    while more := _ALSO.match(clause, end):
        codes.append(_code(more))
        end = more.end()
    return list(dict.fromkeys(codes))


def coded(text: str) -> list[str]:
    """Codes of the languages that a text names by codes or as they call themselves ("to es/fr", "into Deutsch")."""
    for found in _CODED.finditer(text):
        names = re.split(r"\s*(?:/|,|\band\b)\s*", found["names"])
        codes = [code_of(name) if len(names) > 1 or name.isupper() or name.lower() not in _WORDS else None
                 for name in names]
        if codes and None not in codes:
            return [code for code in dict.fromkeys(codes) if code]
    return []


_CODED = re.compile(r"(?:\b(?:in)?to\b|\bin\b|->|→|\()\s*(?P<names>[^\W\d_]{2,}(?:-[A-Za-z]{2})?"
                    r"(?:\s*(?:/|,|\band\b)\s*[^\W\d_]{2,})*)(?=\s*(?:[):.,!?]|$|\bfor\b|\bplease\b))",
                    re.IGNORECASE)
_WORDS = frozenset(("am", "an", "as", "be", "he", "is", "it", "me", "my", "no", "or", "so", "us", "we"))


def source(clause: str) -> str | None:
    """Code of the language a clause says its input is in."""
    found = _UNKNOWN.search(clause) or _SOURCE.search(clause)
    return _code(found) if found else None


def mentioned(clause: str) -> list[str]:
    """Codes of all languages a clause names, in order."""
    return [CODES[name.lower()] for name in _ANY.findall(clause)]


def _code(match: re.Match[str]) -> str:
    return CODES[next(group for group in match.groups() if group).lower()]


def all_targets(clause: str) -> list[str]:
    """Codes of all languages a clause asks for, one for each text included ("a.txt to French and b.txt to German")."""
    found = [_code(match) for match in _TARGET.finditer(_UNKNOWN.sub(" ", clause))]
    return list(dict.fromkeys([*found, *targets(clause)]))
