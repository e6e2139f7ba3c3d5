"""Short texts to be sorted into four to six offered labels, of which one is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import lines, material, seeded, top_label

FEWEST = 4


def cases(part: Part, folder: Path) -> Iterator[Case]:
    random = seeded("zero-shot-classification", part)
    for category, by_label in material("topics", part).items():
        for truth, texts in by_label.items():
            others = [label for label in by_label if label != truth]
            for number, text in enumerate(lines(texts)):
                wrong = random.permutation(others)[: int(random.integers(FEWEST - 1, len(others) + 1))]
                offered = [str(label) for label in random.permutation([truth, *wrong])]
                name = f"{category}-{truth}-{number}".replace(" ", "-")
                yield Case(name, category, {"text": text, "labels": offered}, truth, f"{len(offered)} labels")


KIND = Kind("zero-shot-classification", cases, {"accuracy": top_label},
            "sentences with four to six offered labels: news, requests, school subjects, feelings, places and others",
            right="accuracy")
