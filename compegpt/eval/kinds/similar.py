"""Pairs of sentences whose likeness is known by how they were made: said otherwise, same topic, opposite, swapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import lines, material, seeded
from compegpt.schema import Output

ALIKE = {"paraphrase": 1.0, "same topic": 0.4, "opposite": 0.4, "roles swapped": 0.6, "unrelated": 0.0}
"""Likeness on the scale of the semantic textual similarity tasks (0 to 5, here divided by 5), fixed by construction."""
_NEAR = 0.2


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """Five pairs for each sentence; which comes first is drawn, and so is the sentence that an unrelated one is."""
    random = seeded("sentence-similarity", part)
    rows = [[cell.strip() for cell in line.split("|")] for line in lines(material("similar", part))]
    shift = int(random.integers(1, len(rows)))
    for number, row in enumerate(rows):
        sentence, others = row[0], [*row[1:], rows[(number + shift) % len(rows)][0]]
        for (category, truth), other in zip(ALIKE.items(), others, strict=True):
            text, second = (sentence, other) if random.random() < 0.5 else (other, sentence)
            yield Case(f"{number:02}-{category.replace(' ', '-')}", category, {"text": text, "other": second}, truth)


def closeness(output: Output, truth: float) -> float:
    """1 - distance from the truth."""
    scores = output.get("scores") or []
    return max(0.0, 1 - abs(scores[0] - truth)) if scores else 0.0


def near(output: Output, truth: float) -> float:
    return float(closeness(output, truth) >= 1 - _NEAR - 1e-9)


KIND = Kind("sentence-similarity", cases, {"1 - error": closeness, "within 0.2": near},
            "pairs of sentences: paraphrases, same topic, opposites, swapped roles, unrelated")
