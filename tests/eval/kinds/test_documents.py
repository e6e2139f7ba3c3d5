from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from compegpt.eval.kinds import documents
from compegpt.media.artifacts import Store
from compegpt.sources.embedded.documents import ENGINES


@pytest.mark.parametrize(("text", "truth", "anls", "exact"), [
    ("12.40", "12.40", 1.0, 1.0), ("hanako  YAMADA", "Hanako Yamada", 1.0, 1.0), ("12.48", "12.40", 0.8, 0.0),
    ("7 Church Hill", "12.40", 0.0, 0.0), ("", "12.40", 0.0, 0.0), ("ab", "ax", 0.5, 0.0), ("abc", "axy", 0.0, 0.0),
], ids=["same", "case and blanks", "one sign", "another field", "empty", "half", "less than half"])
def test_an_answer_is_compared_with_the_field(text: str, truth: str, anls: float, exact: float) -> None:
    assert documents.anls({"text": text}, truth) == pytest.approx(anls)
    assert documents.exact({"text": text}, truth) == exact


def test_no_text_is_no_answer() -> None:
    assert documents.anls({}, "12.40") == documents.exact({}, "12.40") == 0.0


def test_a_set_is_always_the_same_and_no_other_part_has_its_pictures(tmp_path: Path) -> None:
    told = {}
    for part, name in (("test", "a"), ("test", "b"), ("dev", "c"), ("fresh", "d")):
        cases = list(documents.cases(part, tmp_path / name))  # type: ignore[arg-type]
        told[name] = [(case.name, case.args["text"], case.truth, Path(case.args["image"]).read_bytes())
                      for case in cases]
    assert told["a"] == told["b"]
    pictures = {name: {row[3] for row in rows} for name, rows in told.items()}
    assert not pictures["a"] & pictures["c"]
    assert not pictures["a"] & pictures["d"]


def test_every_sort_of_paper_is_asked_as_often_and_about_half_are_damaged(tmp_path: Path) -> None:
    cases = list(documents.cases("test", tmp_path))
    assert len(cases) >= 200
    assert Counter(case.category for case in cases) == dict.fromkeys(documents.SORTS, len(cases) // 4)
    damaged = sum(case.group == "damaged" for case in cases) / len(cases)
    assert 0.4 < damaged < 0.5


def test_dev_and_test_share_no_name_no_place_and_no_question() -> None:
    dev, test = documents._material("dev"), documents._material("test")
    assert dev.keys() == test.keys()

    def said(material: Any) -> set[str]:
        return {part.strip() for name, lines in material.items() for line in lines
                for part in (line.split("|")[1:] if name.endswith("_questions") else [line])}

    assert not said(dev) & said(test) - {"Dear {person},"}


@pytest.mark.skipif(bool(ENGINES[1].missing()), reason=ENGINES[1].install)
async def test_a_real_expert_finds_the_numbers_of_clean_invoices(tmp_path: Path) -> None:
    clean = [case for case in documents.cases("dev", tmp_path) if case.name.endswith("-number") and
             case.group == "clean"][:3]
    outputs = [(await ENGINES[1].run(case.args, Store(tmp_path / "made"))).output for case in clean]
    assert sum(documents.anls(output, case.truth) for output, case in zip(outputs, clean, strict=True)) >= 2
