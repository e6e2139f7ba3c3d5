from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.sentences import sentences
from compegpt.sources.embedded.summaries import ENGINES, asked_count

TEXT = """About the tower

The Eiffel Tower is a lattice tower on the Champ de Mars in Paris. It is named after the engineer Gustave Eiffel, whose
company designed and built the tower. The tower was built for the world's fair of 1889. Some artists criticised its
design. The tower is 330 metres tall and has three levels for visitors. Tickets can be bought for stairs or lifts. Mr.
Hill paid 3.50 dollars for coffee. More than 250 million people have visited the tower since it was built."""
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@each_engine
@pytest.mark.parametrize(("asked", "count"), [(None, 3), ("two", 2), ("1 sentence", 1), (5, 5)])
def test_the_summary_has_the_sentences_asked_for_in_their_order(engine: Engine, asked: object, count: int,
                                                                  tmp_path: Path) -> None:
    summary = engine.run({"text": TEXT, "sentences": asked}, Store(tmp_path)).output["text"]
    kept, whole = sentences(summary), sentences(TEXT)
    assert len(kept) == count
    assert [sentence for sentence in whole if sentence in kept] == kept
    assert "About the tower" not in kept


@each_engine
def test_a_text_as_short_as_its_summary_comes_back_unchanged(engine: Engine, tmp_path: Path) -> None:
    finding = engine.run({"text": "One sentence.\nAnother one. "}, Store(tmp_path))
    assert finding.output == {"text": "One sentence.\nAnother one."}
    assert "own summary" in (finding.note or "")


@each_engine
def test_the_central_sentence_beats_the_aside(engine: Engine, tmp_path: Path) -> None:
    assert "coffee" not in engine.run({"text": TEXT, "sentences": 2}, Store(tmp_path)).output["text"]


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine.name != "minilm-centroid"],
                         ids=lambda engine: engine.name)
@pytest.mark.parametrize("text", ["It is so. " * 3000, "the of and. " * 50, "Über allen Gipfeln ist Ruh. " * 40,
                                  "今天很好。" * 50])
def test_odd_texts_are_summarized(engine: Engine, text: str, tmp_path: Path) -> None:
    finding = engine.run({"text": text}, Store(tmp_path))
    assert len(sentences(finding.output["text"])) == 3


@pytest.mark.parametrize(("asked", "count"), [("three", 3), ("in 4 sentences", 4), ("0", 1), ("", 3), (None, 3),
                                              ("many", 3)])
def test_the_count_is_read_from_words_and_numbers(asked: str | None, count: int) -> None:
    assert asked_count({"sentences": asked}) == count


def test_the_engines_differ_in_family() -> None:
    assert {engine.family for engine in ENGINES} == {"minilm", "sentence-graph", "lsa", "luhn"}


def test_textrank_orders_sentences_as_the_reference_does() -> None:
    """Against plain PageRank over the dense matrix of the paper."""
    import numpy as np

    from compegpt.sources.embedded.summaries import _by_textrank
    from compegpt.sources.embedded.words import stems

    listed = [sentence for sentence in sentences(TEXT) if sentence.endswith(".") and len(stems(sentence)) > 1]
    bags = [stems(sentence) for sentence in listed]
    weights = np.array([[0 if a is b else sum(b.count(word) for word in a) / (np.log(len(a)) + np.log(len(b)))
                         for b in bags] for a in bags])
    out = weights.sum(axis=1)
    step = np.divide(weights, out[:, None], out=np.full_like(weights, 1 / len(bags)), where=out[:, None] > 0)
    rank = np.full(len(bags), 1 / len(bags))
    for _ in range(200):
        rank = 0.15 / len(bags) + 0.85 * step.T @ rank
    assert _by_textrank(listed, "en", 3)[:3] == list(np.argsort(-rank, kind="stable")[:3])
