from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from compegpt.league.form import Form
from compegpt.league.league import League
from tests.league.rows import match


def test_what_is_recorded_is_known_here_and_in_other_processes(tmp_path: Path) -> None:
    one, other = League.at(tmp_path / "league.db"), League.at(tmp_path / "league.db")
    for league, winner in ((one, "a"), (other, "b"), (one, "a")):
        league.record(match(winner, "c"))
        assert league.settled(10)
    assert round(one.form("ocr").records["a"].won) == round(other.form("ocr").records["a"].won) == 2
    assert one.form("ocr") == other.form("ocr")
    assert one.form("translation") == Form()


def test_a_form_read_in_pieces_is_the_form_read_at_once(tmp_path: Path) -> None:
    pieces = League.at(tmp_path / "league.db")
    for entries in (("a", "b"), ("b", "a="), ("a!", "c")):
        pieces.record(match(*entries))
        assert pieces.settled(10)
        pieces.form("ocr")
    assert pieces.form("ocr") == League.at(tmp_path / "league.db").form("ocr")


@pytest.mark.parametrize("use", ["form", "record"])
def test_a_league_that_cannot_be_used_complains_once_and_goes_on(use: str, tmp_path: Path) -> None:
    path = tmp_path / "league.db"
    path.write_bytes(b"no league " * 1000)
    league = League.at(path)
    for _ in range(3):
        if use == "form":
            assert league.form("ocr") == Form()
        else:
            league.record(match("a", "b"))
            assert league.settled(10)
    complaint = league.complaint()
    assert complaint is not None
    assert str(path) in complaint
    assert league.complaint() is None


def test_recording_takes_less_than_a_millisecond_of_the_turn(tmp_path: Path) -> None:
    league, taken = League.at(tmp_path / "league.db"), list[float]()
    for _ in range(50):
        begun = time.perf_counter()
        league.record(match("a", "b", "c"))
        taken.append(time.perf_counter() - begun)
    assert league.settled(30)
    assert statistics.median(taken) < 1e-3
