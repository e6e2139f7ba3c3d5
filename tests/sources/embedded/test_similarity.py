from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.similarity import ENGINES

SIMILARITY = [pytest.param(engine, id=engine.name) for engine in ENGINES if engine.task == "sentence-similarity"]
FEATURES = [pytest.param(engine, id=engine.name) for engine in ENGINES if engine.task == "feature-extraction"]


def _score(engine, text: str, other: str, folder: Path) -> float:  # type: ignore[no-untyped-def]
    [score] = engine.run({"text": text, "other": other}, Store(folder)).output["scores"]
    assert 0 <= score <= 1
    return float(score)


@pytest.mark.parametrize("engine", SIMILARITY)
def test_a_paraphrase_is_nearer_than_another_topic(engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = "A man is playing the guitar on stage."
    near = _score(engine, text, "On a stage a man plays guitar music.", tmp_path)
    assert near > _score(engine, text, "Share prices fell sharply.", tmp_path)


@pytest.mark.parametrize("engine", SIMILARITY)
def test_a_text_equals_itself(engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert _score(engine, "The very same text.", "The very same text.", tmp_path) == pytest.approx(1, abs=1e-3)


def test_meaning_has_the_first_place() -> None:
    first = max((row for row in ENGINES if row.task == "sentence-similarity"), key=lambda row: row.prior)
    assert first.name == "minilm"


@pytest.mark.parametrize("engine", FEATURES)
def test_vectors_have_unit_length_and_tell_texts_apart(engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one, other = (engine.run({"text": text}, Store(tmp_path)).output["data"] for text in ("apples", "fast trains"))
    assert len(one) == (384 if engine.name == "minilm" else 1024)
    assert sum(value * value for value in one) == pytest.approx(1, abs=1e-3)
    assert one != other
