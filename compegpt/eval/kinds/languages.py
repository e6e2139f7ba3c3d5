"""Short texts in 24 languages, many of them close relatives: pieces of sentences, some of them badly typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import (
    Random,
    lines,
    lowered,
    material,
    mistyped,
    seeded,
    top_label,
    without_diacritics,
)

RELATIVES = (("da", "no", "sv"), ("de", "en"), ("nl", "af"), ("es", "pt", "ca", "it"), ("fr", "ro"),
             ("cs", "sk", "sl", "pl"), ("ru", "uk", "bg", "mk"), ("fi", "et", "hu"))
_LENGTHS = ((3, "1 to 3 words"), (6, "4 to 6 words"), (99, "7 to 12 words"))
TYPED, LOWER, PLAIN = "typing mistakes", "lower case", "without diacritics"
_PLAN = (("short", TYPED), ("short", LOWER), ("short", PLAIN), ("short", ""), ("half", ""), ("half", ""),
         ("whole", ""), ("whole", ""))
"""How each sentence of a language is cut, and what is done to its longer piece; no two pieces share words."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """Fourteen texts in each language."""
    random, texts = seeded("language-identification", part), material("languages", part)
    for code, text in texts.items():
        elsewhere = " ".join(f" {lowered(other)} " for known, other in texts.items() if known != code)
        number, family = 0, ", ".join(next(family for family in RELATIVES if code in family))
        sentences = lines(text)
        for place, (cut, spoil) in zip(random.permutation(len(sentences)), _PLAN, strict=True):
            for piece, spoilt in _pieces(sentences[place], cut, spoil, elsewhere, random):
                category, typed = _typed(piece, spoilt, random)
                yield Case(f"{code}-{number:02}", category, {"text": typed}, code, family)
                number += 1


def _pieces(sentence: str, cut: str, spoil: str, elsewhere: str, random: Random) -> list[tuple[str, str]]:
    """The pieces of a sentence, each with what is to be done to it.

    A short piece that also stands in another language (`elsewhere`) has no one answer: it gets another word.
    """
    words = sentence.split()
    if cut == "whole":
        return [(sentence, "")]
    first = bool(random.random() < 0.5)
    size = len(words) // 2 if cut == "half" else int(random.integers(1, 4))
    while size < len(words) - 1 and f" {lowered(' '.join(_end(words, size, first)))} " in elsewhere:
        size += 1
    rest = _end(words, len(words) - size, not first)
    return [(" ".join(_end(words, size, first)), ""), (" ".join(rest), spoil)]


def _end(words: Sequence[str], size: int, first: bool) -> Sequence[str]:
    return words[:size] if first else words[-size:]


def _typed(piece: str, spoil: str, random: Random) -> tuple[str, str]:
    """Category and text: the length counts where nothing is done to the piece or nothing comes of it."""
    piece = piece.strip(" ,;")
    spoilt = {TYPED: lambda: mistyped(piece, random), LOWER: lambda: lowered(piece),
              PLAIN: lambda: without_diacritics(piece)}.get(spoil, lambda: piece)()
    if spoilt != piece:
        return spoil, spoilt
    return next(name for most, name in _LENGTHS if len(piece.split()) <= most), piece


KIND = Kind("language-identification", cases, {"accuracy": top_label},
            "pieces of one to twelve words of everyday sentences in 24 languages, with typing mistakes, in lower case "
            "or without diacritics", right="accuracy")
