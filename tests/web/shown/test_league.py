from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.league.ledger import Ledger
from compegpt.standings import rows
from compegpt.web.shown.league import shown
from tests.fakes import settings
from tests.league.rows import match
from tests.web.shown.markup import HARMLESS, HOSTILE, places, put, read

ROW: dict[str, Any] = {
    "task": "ocr", "expert": "embedded:rapidocr", "family": "ppocr", "competitions": 12.4, "wins": 9.0,
    "win_rate": 0.75, "win_rate_interval": [0.5, 0.875], "strength": 0.625, "strength_interval": [0.5, 0.75],
    "calls": 13.0, "failure_rate": 0.125, "failure_rate_interval": [0.0, 0.25], "median_seconds": 2.0}


def test_an_empty_league_says_so() -> None:
    assert "No competition yet." in read(shown([])).text


def test_a_row_tells_its_numbers_and_draws_them_with_words() -> None:
    page = read(shown([ROW, {**ROW, "expert": "hub:org/fast", "median_seconds": 0.5}]))
    first, second = page.one("tbody").all("tr")
    assert first.one("th").own == "rapidocr"
    assert [one.text for one in first.all("td")] == ["12", "0.62", "0.75", "0.12", "2.00"]
    assert [one.attributes["aria-label"] for one in first.all("svg")] == [
        "strength 0.62, between 0.50 and 0.75", "share won 0.75, between 0.50 and 0.88",
        "failure rate 0.12, between 0.00 and 0.25"]
    assert all(one.attributes["role"] == "img" for one in first.all("svg"))
    assert second.one("span", "cg-bar").attributes["style"] == "--v:0.25"


def test_what_is_not_known_is_a_dash() -> None:
    blank = {**ROW, "strength": None, "strength_interval": None, "win_rate": None, "median_seconds": None}
    page = read(shown([blank]))
    assert [one.text for one in page.one("tbody").all("td")] == ["12", "–", "–", "0.12", "–"]


def test_the_plots_show_the_numbers() -> None:
    plots = list(read(shown([ROW])).all("svg"))
    assert plots[0].one("circle").attributes["cx"] == "59.0"  # 4 + 88 x 0.625
    assert plots[1].one("rect").attributes["width"] == "66.0"
    assert (plots[1].one("path", "cg-range").attributes["d"] or "").startswith("M48.0 7.0H81.0")


def test_real_standings_are_drawn_task_by_task(data_dir: Path) -> None:
    Ledger(data_dir / "league.db").add([match("a", "b", "c!")] * 5 + [match("x", "y", task="translation")])
    page = read(shown(rows(settings(data_dir), None)))
    assert [one.own for one in page.all("h3")] == ["ocr", "translation"]
    assert [len(list(one.all("tr"))) for one in page.all("tbody")] == [3, 2]


@pytest.mark.parametrize("place", places(ROW), ids=lambda place: place[0])
def test_no_text_of_a_row_gets_out_of_its_place(place: tuple[Any, ...]) -> None:
    assert HARMLESS in read(shown([put(ROW, place, HOSTILE)])).text
