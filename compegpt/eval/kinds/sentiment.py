"""Texts with a sentiment: reviews, posts, understatement, negation, irony, mixed feelings, bare facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import lines, lowered, material, mistyped, seeded, top_label

HASTY = 0.3
"""Share of the texts that are typed in haste."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    random = seeded("text-classification", part)
    for category, by_label in material("sentiment", part).items():
        for label, texts in by_label.items():
            for number, text in enumerate(lines(texts)):
                hasty = random.random() < HASTY
                typed = mistyped(lowered(text), random) if hasty else text
                yield Case(f"{category}-{label}-{number:02}", category, {"text": typed}, label,
                           "typed in haste" if hasty else "as written")


KIND = Kind("text-classification", cases, {"accuracy": top_label},
            "sentiment (positive, neutral, negative) of reviews, posts and sentences with negation, understatement, "
            "irony, mixed feelings or bare facts", right="accuracy")
