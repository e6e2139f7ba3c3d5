from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.zeroshot import ENGINES

by_name = {engine.name: engine for engine in ENGINES}
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@pytest.mark.parametrize(("text", "labels", "expected"), [
    ("The striker scored twice in the final minutes of the match.", ["politics", "sports", "cooking"], "sports"),
    ("The new phone has a faster chip.", ["technology", "travel", "health"], "technology"),
    ("Simmer the onions in butter for ten minutes.", ["politics", "sports", "cooking"], "cooking"),
])
def test_meaning_finds_a_label_that_no_word_says(text: str, labels: list[str], expected: str, tmp_path: Path) -> None:
    args = {"text": text, "labels": labels}
    assert by_name["minilm"].run(args, Store(tmp_path)).output["labels"][0]["label"] == expected


@pytest.mark.parametrize("name", ["tfidf", "bm25"])
def test_engines_of_words_abstain_without_evidence(name: str, tmp_path: Path) -> None:
    args = {"text": "The striker scored twice.", "labels": ["politics", "sports"]}
    finding = by_name[name].run(args, Store(tmp_path))
    assert (finding.output, finding.empty) == ({"labels": []}, True)


@each_engine
def test_only_offered_labels_come_back_with_scores_that_sum_to_one(engine: Engine, tmp_path: Path) -> None:
    args = {"text": "Please correct my bill, you charged me twice.", "labels": ["shipping", "billing", "billing", " "]}
    labels = engine.run(args, Store(tmp_path)).output["labels"]
    assert [label["label"] for label in labels] == ["billing", "shipping"]
    assert sum(label["score"] for label in labels) == pytest.approx(1, abs=1e-3)
