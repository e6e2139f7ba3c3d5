from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.keywords import ENGINES
from compegpt.sources.embedded.words import stem, words

TEXT = """Solar panels turn sunlight into electricity. Modern solar panels are made of silicon cells, and silicon cells
lose little energy. A heat pump needs electricity, so solar panels and a heat pump work well together."""
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@each_engine
def test_the_topic_is_among_the_first_keywords(engine: Engine, tmp_path: Path) -> None:
    spans = engine.run({"text": TEXT}, Store(tmp_path)).output["data"]
    assert any("solar panels" in span["text"].lower() for span in spans[:3])


@each_engine
def test_offsets_point_at_the_phrases_best_first(engine: Engine, tmp_path: Path) -> None:
    spans = engine.run({"text": TEXT}, Store(tmp_path)).output["data"]
    assert [TEXT[span["start"] : span["end"]] for span in spans] == [span["text"] for span in spans]
    assert [span["score"] for span in spans] == sorted((span["score"] for span in spans), reverse=True)
    assert all(0 <= span["score"] <= 1 for span in spans)
    assert 4 <= len(spans) <= 10


@each_engine
def test_no_keyword_is_part_of_another(engine: Engine, tmp_path: Path) -> None:
    spans = engine.run({"text": TEXT}, Store(tmp_path)).output["data"]
    stems = [{stem(word) for word in words(span["text"])} for span in spans]
    assert not [(one, other) for one in stems for other in stems if one is not other and one <= other]


@each_engine
@pytest.mark.parametrize("text", ["", "1234 !!", "the and of"])
def test_a_text_without_content_has_no_keywords(engine: Engine, text: str, tmp_path: Path) -> None:
    finding = engine.run({"text": text}, Store(tmp_path))
    assert (finding.output, finding.empty) == ({"data": []}, True)


@each_engine
def test_german_stop_words_are_no_keywords(engine: Engine, tmp_path: Path) -> None:
    text = "Die Wärmepumpe braucht Strom, und der Strom kommt aus der Solaranlage auf dem Dach der alten Schule."
    found = {span["text"].lower() for span in engine.run({"text": text}, Store(tmp_path)).output["data"]}
    assert found
    assert not found & {"die", "und", "der", "aus", "auf", "dem"}


@each_engine
def test_as_many_keywords_as_asked(engine: Engine, tmp_path: Path) -> None:
    assert len(engine.run({"text": TEXT, "count": 2}, Store(tmp_path)).output["data"]) == 2


@each_engine
def test_no_keyword_runs_over_an_empty_line(engine: Engine, tmp_path: Path) -> None:
    text = "The Sheep Farm\n\nSheep farming is old work. Sheep farming feeds\nthe valley, and sheep give wool and milk."
    spans = engine.run({"text": text}, Store(tmp_path)).output["data"]
    assert spans
    assert not [span["text"] for span in spans if "\n\n" in span["text"]]
