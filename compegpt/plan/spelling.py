"""Slips of the keyboard in the words that tell tasks apart: one letter too many, missing, wrong, or two swapped."""

from __future__ import annotations

import re

_WORDS = [
    "translate", "translation", "transcribe", "transcript", "transcription", "summarize", "summarise", "summary",
    "language", "sentiment", "keyword", "keywords", "describe", "description", "similar", "similarity", "compare",
    "picture", "classify", "detect", "extract", "segment", "recording", "enlarge", "upscale", "positive", "negative",
    "entities", "sentence", "question", "answer", "pronounce", "objects", "sharpen", "animate", "caption",
    "embedding", "speech", "barcode", "colour", "French", "German", "Spanish", "Italian", "Portuguese", "English",
]
_STEMS = tuple(word.lower()[:-1] if word.endswith("e") else word.lower() for word in _WORDS)
_LONGEST = 5000


def mended(text: str) -> str:
    """A masked request with such slips put right in words of six letters and more; only its start, where it is long."""
    return re.sub(r"(?<!⟦)\b[A-Za-z]{6,14}\b", lambda word: _mended(word[0]), text[:_LONGEST]) + text[_LONGEST:]


def _mended(word: str) -> str:
    lowered = word.lower()
    if lowered.startswith(_STEMS):
        return word
    return next((known for known in _WORDS if _one_slip(lowered, known.lower())), word)


def _one_slip(word: str, known: str) -> bool:
    """Whether two different words are one edit apart (insert, delete, change, swap of neighbours)."""
    if abs(len(word) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    left, right = word[start:], known[start:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or (len(right) > 1 and swapped)
