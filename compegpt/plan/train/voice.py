"""The person who asks: what is said around the steps, in what order, and with what slips of the keyboard."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from compegpt.plan.train.bank import voices
from compegpt.plan.train.sample import Draft, Line, Piece, Sample, edged, joined, lowered, plain

_SLANG = {"you": "u", "please": "pls", "your": "ur", "because": "cuz", "are": "r", "what is": "whats", "I'm": "im",
          "want to": "wanna", "don't": "dont", "thanks": "thx", "and": "&", "to": "2", "with": "w/"}


def spoken(rng: random.Random, draft: Draft, lead: Sequence[Line], told: Sequence[Line], chatty: bool = True) -> Sample:
    """The request: what brings in the files, what is asked, and the chatter of this person around it."""
    talk = rng.random() if chatty else 1.0
    lines = [*lead, *told]
    if lead and rng.random() < 0.12 and len(told) == 1:
        lines = [*told, *lead]
    if talk < 0.28:
        lines = _talkative(rng, lead, told)
    elif talk < 0.4 and rng.random() < 0.5:
        lines[-1] = (*lines[-1], Piece(rng.choice([" ", ", "])), *plain(rng.choice(voices()["purpose"])))
    tidy = rng.random() < 0.7
    end = "" if rng.random() < 0.25 else "."
    made = joined([edged(line, tidy, "." if place < len(lines) - 1 else end) for place, line in enumerate(lines)],
                  "\n" if rng.random() < 0.04 else " ")
    if rng.random() < 0.2:
        made = joined([plain(rng.choice(voices()["openers"])), made])
    if rng.random() < 0.13:
        made = joined([edged(made, False, "."), plain(rng.choice(voices()["closers"]))])
    return draft.finished(_slipped(rng, made))


def _talkative(rng: random.Random, lead: Sequence[Line], told: Sequence[Line]) -> list[Line]:
    """Chatter before, between and after."""
    lines = list(lead)
    for _ in range(rng.choices([0, 1, 2], [1, 4, 2])[0]):
        lines.insert(rng.randrange(len(lines) + 1), plain(rng.choice(voices()["background"])))
    for line in told:
        lines.append(line)
        if rng.random() < 0.35:
            lines.append(plain(rng.choice(voices()["chatter_after"])))
    if rng.random() < 0.5:
        lines.append(plain(rng.choice(voices()["closers"])))
    return lines


def _slipped(rng: random.Random, line: Line) -> Line:
    manner = rng.random()
    if manner < 0.18:
        line = lowered(line)
    if manner < 0.07:
        line = tuple(piece if piece.value else replace(piece, text=_slang(rng, piece.text)) for piece in line)
    if rng.random() < 0.12:
        line = tuple(piece if piece.value else replace(piece, text=_misspelt(rng, piece.text)) for piece in line)
    return line


def _slang(rng: random.Random, text: str) -> str:
    return " ".join(_SLANG.get(word, word) if rng.random() < 0.6 else word for word in text.split(" "))


def _misspelt(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and word.isalpha() and rng.random() < 0.12:
            at = rng.randrange(len(word) - 1)
            words[place] = rng.choice([word[:at] + word[at + 1 :], word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                                       word[:at] + word[at] + word[at:]])
    return " ".join(words)
