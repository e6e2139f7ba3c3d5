from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.sentiment import ENGINES

CASES = [
    ("I absolutely love this phone.", "positive"), ("The food was delicious and the service excellent.", "positive"),
    ("What a fantastic movie!", "positive"), ("This is the best day of my life", "positive"),
    ("What a terrible movie.", "negative"), ("Worst customer service ever", "negative"),
    ("I am so disappointed.", "negative"), ("I hate waiting in line, it is awful.", "negative"),
    ("The meeting is at three o'clock.", "neutral"), ("Paris is the capital of France.", "neutral"),
    ("The staff were horrible and rude. The breakfast starts at 8. I would never go back, awful.", "negative"),
]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@each_engine
@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_plain_sentiment_is_told(engine: Engine, text: str, expected: str, tmp_path: Path) -> None:
    labels = engine.run({"text": text}, Store(tmp_path)).output["labels"]
    assert labels[0]["label"] == expected
    assert {label["label"] for label in labels} == {"positive", "neutral", "negative"}
    assert sum(label["score"] for label in labels) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", ["vader", "textblob"])
def test_english_lexicons_pass_over_another_language(name: str) -> None:
    engine = next(engine for engine in ENGINES if engine.name == name)
    assert engine.fits is not None
    assert "English" in (engine.fits({"text": "Das Essen war wirklich sehr gut und wir kommen wieder"}) or "")
    assert engine.fits({"text": "The food was really very good and we will be back"}) is None


@each_engine
def test_blank_text_has_no_sentiment(engine: Engine, tmp_path: Path) -> None:
    assert engine.run({"text": " "}, Store(tmp_path)).empty


def test_a_long_text_is_sampled_and_says_so(tmp_path: Path) -> None:
    engine = next(engine for engine in ENGINES if engine.name == "minilm-anchors")
    assert "evenly spaced" in (engine.run({"text": "We loved it. " * 400}, Store(tmp_path)).note or "")
