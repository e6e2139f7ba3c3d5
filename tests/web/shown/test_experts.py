from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.doctor import examined
from compegpt.listing import rows
from compegpt.web.shown.experts import missing_of, shown
from tests.fakes import settings
from tests.web.shown.markup import HARMLESS, HOSTILE, places, put, read

ROW: dict[str, Any] = {"task": "ocr", "expert": "embedded:tesseract", "family": "tesseract", "installed": True,
                       "missing": [], "install": "apt-get install tesseract-ocr", "languages": ["de", "en"],
                       "licence": "Apache-2.0", "about": "A reader"}
OTHER = {"task": "ocr", "expert": None, "source": "hub", "passed_over": "set HF_TOKEN"}


def test_experts_stand_below_their_task() -> None:
    twin = {**ROW, "expert": "embedded:rapidocr", "family": "ppocr", "languages": None, "licence": None}
    page = read(shown([ROW, twin, OTHER], {}))
    assert page.one("summary").text == "ocr reading the text in a picture 2 experts, 2 families"
    assert [one.text for one in page.all("li")] == [
        "tesseract family tesseract · Apache-2.0 · de enA reader",
        "rapidocr family ppocr · licence not told · any languageA reader", "hub: set HF_TOKEN"]
    assert "Nothing is missing." in page.text


def test_an_expert_that_is_not_installed_tells_what_to_install() -> None:
    page = read(shown([{**ROW, "installed": False, "missing": ["tesseract"]}], {}))
    assert page.one("summary").text.endswith("none ready")
    assert page.one("p", "cg-lack").text == "missing apt-get install tesseract-ocr"


def test_one_family_alone_does_not_compete() -> None:
    assert read(shown([ROW], {})).one("summary").text.endswith("1 expert, 1 family · no competition")


def test_each_remedy_is_told_once() -> None:
    page = read(shown([], {"a": "pip install x", "b": "apt-get install y", "c": "pip install x"}))
    assert "There is no expert here." in page.text
    assert [one.text for one in page.all("li")] == ["pip install xfor a, c", "apt-get install yfor b"]


def test_what_the_doctor_misses_has_a_remedy(data_dir: Path) -> None:
    found = examined(settings(data_dir))
    found |= {"missing_packages": ["yake>=0.6"], "programs": {"flite": None, "ffmpeg": "/bin/ffmpeg"}}
    missing = missing_of(found)
    assert missing["yake>=0.6"] == "pip install 'yake>=0.6'"
    assert missing["flite"] == "apt-get install flite"
    assert "HF_TOKEN" in missing["text-to-image"]
    assert not {"ffmpeg", "ocr"} & missing.keys()


def test_the_real_list_is_drawn() -> None:
    page = read(shown(rows(None), {}))
    assert len(list(page.all("details"))) > 10


@pytest.mark.parametrize("place", places(ROW), ids=lambda place: ".".join(map(str, place)))
def test_no_text_of_a_row_gets_out_of_its_place(place: tuple[Any, ...]) -> None:
    page = read(shown([put({**ROW, "installed": False}, place, HOSTILE)], {}))
    assert HARMLESS in page.text


def test_what_is_missing_and_passed_over_stays_text() -> None:
    page = read(shown([{**OTHER, "source": HOSTILE, "passed_over": HOSTILE}], {HOSTILE: HOSTILE}))
    assert page.text.count(HARMLESS) == 4
