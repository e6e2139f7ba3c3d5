from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import documents
from compegpt.sources.embedded.documents import ENGINES
from compegpt.sources.embedded.engine import Engine

each = pytest.mark.parametrize("engine", [
    pytest.param(engine, id=engine.name, marks=pytest.mark.skipif(bool(engine.missing()), reason=engine.install))
    for engine in ENGINES[:3]])


@each
@pytest.mark.parametrize(("question", "answer"), [
    ("What is the total?", "21.82"), ("What is the date?", "14 March 2026"),
    ("How much is the cheddar cheese?", "4.75"),
])
async def test_the_sample_receipt_is_understood(engine: Engine, question: str, answer: str, examples: Path,
                                                tmp_path: Path) -> None:
    finding = await engine.run({"image": str(examples / "receipt.png"), "text": question}, Store(tmp_path))
    assert answer in finding.output["text"]
    assert 0 < (finding.confidence or 0) <= 1
    assert all(half in (finding.note or "") for half in engine.name.split("+"))


@each
async def test_a_picture_without_text_is_empty(engine: Engine, tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), "white").save(tmp_path / "blank.png")
    finding = await engine.run({"image": str(tmp_path / "blank.png"), "text": "What is the total?"}, Store(tmp_path))
    assert finding.empty
    assert finding.output == {"text": ""}


async def test_a_text_that_does_not_answer_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Image.new("RGB", (700, 120), "white")
    ImageDraw.Draw(sheet).text((30, 30), "The meadow is green.", "black", ImageFont.load_default(48))
    sheet.save(tmp_path / "page.png")
    monkeypatch.setitem(documents.questions.READERS, "minilm", lambda question, context: ("", 0.0))
    with pytest.raises(ExpertError, match="does not answer the question"):
        await ENGINES[0].run({"image": str(tmp_path / "page.png"), "text": "What is the tax?"}, Store(tmp_path))


def test_the_three_tried_first_differ_as_pairs() -> None:
    first = sorted(ENGINES, key=lambda engine: -engine.prior)[:3]
    assert len({engine.family for engine in first}) == 3
    assert len({engine.name.split("+")[0] for engine in first}) == 3
