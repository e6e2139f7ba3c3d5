from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import InputError
from compegpt.eval.case import Case
from compegpt.eval.kinds import ocr
from compegpt.eval.kinds.ocr import KIND, NO_TEXT, PARTICULARS, WORDS, accuracy, exact
from compegpt.eval.kinds.ocr_damage import DEGRADE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Case]]:
    folder = tmp_path_factory.mktemp("cases")
    return {part: list(KIND.cases(part, folder / part)) for part in ("dev", "test", "fresh")}  # type: ignore[arg-type]


def test_the_test_set_is_large_and_even(made: dict[str, list[Case]]) -> None:
    count = Counter(case.category for case in made["test"])
    assert len(DEGRADE) == 12
    assert set(count) == {*DEGRADE, NO_TEXT}
    assert set(count.values()) == {30}
    groups = Counter(case.group for case in made["test"])
    assert groups[WORDS] == groups[PARTICULARS] == 120
    assert len(groups) == 5
    assert any("\n" in case.truth for case in made["test"])


def test_the_same_seed_makes_the_same_pictures(made: dict[str, list[Case]], tmp_path: Path) -> None:
    again = list(KIND.cases("test", tmp_path))
    assert [case.truth for case in again] == [case.truth for case in made["test"]]
    for one, other in zip(again[::40], made["test"][::40], strict=True):
        assert Path(one.args["image"]).read_bytes() == Path(other.args["image"]).read_bytes()


@pytest.mark.parametrize("what", ["words", "first_names", "last_names", "syllables"])
def test_dev_and_test_share_no_words(what: str) -> None:
    material = ocr._material()
    assert not set(material["dev"][what].split()) & set(material["test"][what].split())


def test_dev_and_test_share_no_sentences_fonts_and_seeds() -> None:
    material = ocr._material()
    for language in material["dev"]["sentences"]:
        assert not set(material["dev"]["sentences"][language]) & set(material["test"]["sentences"][language])
    assert not set(ocr.FONTS["dev"]) & set(ocr.FONTS["test"])
    seeds = [seed for each in ocr.SEEDS.values() for seed in each]
    assert len(seeds) == len(set(seeds))


def test_names_are_unique(made: dict[str, list[Case]]) -> None:
    assert all(len({case.name for case in cases}) == len(cases) for cases in made.values())


@pytest.mark.parametrize(("text", "truth", "share", "same"), [
    ("room 593", "room 593", 1.0, 1.0), ("room\n 593", "room 593", 1.0, 1.0), ("room 598", "room 593", 0.875, 0.0),
    ("", "room 593", 0.0, 0.0), ("", "", 1.0, 1.0), ("x", "", 0.0, 0.0), ("long debris of a reading", "ab", 0.0, 0.0)])
def test_measures(text: str, truth: str, share: float, same: float) -> None:
    assert accuracy({"text": text}, truth) == pytest.approx(share)
    assert exact({"text": text}, truth) == same


@pytest.mark.parametrize("output", [{}, {"labels": []}])
def test_another_output_is_worth_nothing(output: Any) -> None:
    assert accuracy(output, "room") == exact(output, "room") == 0


def test_a_missing_font_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_FONTS", tmp_path)
    with pytest.raises(InputError, match="apt-get install fonts"):
        next(iter(KIND.cases("test", tmp_path / "out")))
