from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from compegpt.errors import StorageError
from compegpt.league.ledger import Ledger
from compegpt.league.match import Match
from tests.conftest import ROOT
from tests.league.rows import match

MATCHES = [match("a", "b=", "c!", "d~", confidence=0.7, own=0.6), match("b", "a", rounds=2),
           match("c!", agreement=None)]


def other_version(path: Path) -> None:
    Ledger(path).add(MATCHES)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE notes (text); PRAGMA user_version = 1;")


def cut_off(path: Path) -> None:
    Ledger(path).add(MATCHES * 200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    Ledger(path).add(MATCHES * 200)
    data = bytearray(path.read_bytes())
    data[4096:20480] = b"\xff" * 16384
    path.write_bytes(bytes(data))


WRONG = {"another version": (other_version, "is of version 9"), "another program": (other_program, "is not a league"),
         "no database": (lambda path: path.write_bytes(b"hello " * 2000), "is damaged"),
         "half a header": (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\1" * 20), "is damaged"),
         "cut off": (cut_off, "is damaged"), "overwritten": (overwritten, "is damaged")}


@pytest.mark.parametrize("path", [None, "league.db"], ids=["memory", "file"])
def test_competitions_come_back_as_they_were(path: str | None, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / path if path else None)) as ledger:
        ledger.add(MATCHES[:2])
        ledger.add([match("x", task="translation"), MATCHES[2]])
        assert [found for _, found in ledger.matches("ocr")] == MATCHES
        assert ledger.tasks() == ["ocr", "translation"]


def test_only_what_is_new_and_latest_is_read() -> None:
    with closing(Ledger(None)) as ledger:
        ledger.add(MATCHES)
        numbers = [number for number, _ in ledger.matches("ocr")]
        assert [found for _, found in ledger.matches("ocr", after=numbers[0])] == MATCHES[1:]
        assert [found for _, found in ledger.matches("ocr", latest=1)] == MATCHES[2:]


def test_where_there_is_no_file_reading_makes_none(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none" / "league.db")
    assert (ledger.tasks(), ledger.matches("ocr")) == ([], [])
    ledger.check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("spoil", "said"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("use", [lambda one: one.check(), lambda one: one.add(MATCHES)], ids=["check", "add"])
def test_a_file_that_is_no_sound_league_is_named_and_left_as_it_is(spoil: object, said: str, use: object,
                                                                   tmp_path: Path) -> None:
    path = tmp_path / "league.db"
    spoil(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(StorageError, match=said) as caught:
        use(Ledger(path))  # type: ignore[operator]
    assert str(path) in str(caught.value)
    assert "move it away" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["folder", "below a file"])
def test_a_place_that_cannot_be_written_is_told(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = tmp_path if where == "folder" else tmp_path / "file" / "league.db"
    with pytest.raises(StorageError, match="COMPEGPT_LEAGUE=off"):
        Ledger(path).add(MATCHES)


def test_a_write_that_cannot_end_is_told_and_loses_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "league.db")
    ledger.add(MATCHES)
    with closing(sqlite3.connect(tmp_path / "league.db")) as holder:
        holder.execute("BEGIN EXCLUSIVE")  # stands for whatever keeps a write from ending
        blocked = Ledger(tmp_path / "league.db", patience=0.05)
        with pytest.raises(StorageError, match="cannot be used now"):
            blocked.add(MATCHES)
    ledger.check()
    assert len(ledger.matches("ocr")) == len(MATCHES)


WRITER = """
import sys
from pathlib import Path
from compegpt.league.league import League
from tests.league.rows import match
league = League.at(Path(sys.argv[1]))
for number in range(50):
    league.record(match(sys.argv[2], "b"))
assert league.settled(60)
assert league.complaint() is None
"""


def test_eight_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data" / "league.db"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{number}"], cwd=ROOT)
               for number in range(8)]
    assert [one.wait(120) for one in writers] == [0] * 8
    found: list[Match] = [one for _, one in Ledger(path).matches("ocr")]
    assert sorted(str(one.winner) for one in found) == sorted(f"w{number}" for number in range(8) for _ in range(50))
