"""Recorded competitions for the tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compegpt.embed import Array
from compegpt.eval.case import Kind
from compegpt.eval.collecting import Row
from compegpt.schema import Output
from tests.fakes import candidate


def right(output: Output, truth: str) -> float:
    return float(output.get("text") == truth)


def length(output: Output, truth: str) -> float:
    return min(1.0, len(output.get("text", "")) / len(truth))


KIND = Kind("ocr", lambda part, folder: iter(()), {"right": right, "length": length}, "texts", right="right",
            unjudged=frozenset({"no text"}))


class Letters:
    """Encodes a text as how often it has each letter."""

    def encode(self, texts: Sequence[str]) -> Array:
        counts = np.array([[text.lower().count(letter) + 1e-3 for letter in "abcdefghijklmnopqrstuvwxyz"]
                           for text in texts], np.float32)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True))


def row(name: str, texts: Mapping[str, tuple[str, float] | None], truth: str = "right", category: str = "blur") -> Row:
    """texts: by expert its text and confidence, None for one that failed; a family per first letter."""
    candidates = [candidate(expert, {"text": told[0]} if told else None, "ok" if told else "failed", family=expert[0],
                            confidence=told[1] if told else None) for expert, told in texts.items()]
    quality = {measure: {one["expert"]: of(one["output"], truth) if one["output"] else 0.0 for one in candidates}
               for measure, of in KIND.measures.items()}
    return {"id": name, "task": "ocr", "category": category, "group": "words", "args": {}, "truth": truth,
            "candidates": candidates, "quality": quality}


def stream(count: int, seed: int = 0) -> list[Row]:
    """Competitions of a good engine that knows when it is wrong, a middling one and a bad, sure one."""
    random = np.random.default_rng(seed)

    def said(chance: float, honest: bool) -> tuple[str, float]:
        good = random.random() < chance
        sure = random.uniform(0.6, 1.0) if good or not honest else random.uniform(0.2, 0.7)
        return ("right" if good else str(random.choice(["wrong", "other", "odd"])), float(sure))

    return [row(f"{number:03}", {"apple": said(0.7, True), "berry": said(0.6, True), "cherry": said(0.2, False)})
            for number in range(count)]
