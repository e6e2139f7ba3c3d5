from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.errors import StorageError, UsageError
from compegpt.league.ledger import Ledger
from compegpt.standings import rows, table
from tests.fakes import settings
from tests.league.rows import match


def filled(data_dir: Path) -> None:
    Ledger(data_dir / "league.db").add([match("a", "b", "c!")] * 30 + [match("b", "a", "c!")] * 10)
    Ledger(data_dir / "league.db").add([match("x", "y", task="translation")])


def test_the_strongest_come_first_with_their_intervals(data_dir: Path) -> None:
    filled(data_dir)
    found = rows(settings(data_dir), "ocr")
    assert [row["expert"] for row in found] == ["a", "b", "c"]
    first = found[0]
    assert first["wins"] < first["competitions"] < 40
    low, high = first["strength_interval"]
    assert 0.5 < low < first["strength"] < high
    assert next(row for row in found if row["expert"] == "c")["failure_rate"] == 1.0
    assert first["median_seconds"] == 0.5


def test_all_tasks_are_told_under_their_names(data_dir: Path) -> None:
    filled(data_dir)
    told = table(rows(settings(data_dir), None), settings(data_dir))
    assert [line.split(" (")[0] for line in told.splitlines() if line and line[0] != " "][:2] == ["ocr", "translation"]
    assert "0.73" in told  # 30 of 40, the latest ten counting more


@pytest.mark.parametrize("flags", [{}, {"league": "off"}])
def test_an_empty_league_is_a_sentence(flags: dict[str, str], data_dir: Path) -> None:
    made = settings(data_dir, **flags)
    told = table(rows(made, None), made)
    assert told.startswith("No competition is recorded yet")
    assert ("COMPEGPT_LEAGUE is off" in told) == bool(flags)
    assert not data_dir.exists()


def test_a_task_under_another_name_is_found(data_dir: Path) -> None:
    filled(data_dir)
    assert rows(settings(data_dir), "optical character recognition") == rows(settings(data_dir), "ocr")


def test_an_unknown_task_and_a_damaged_file_are_told(data_dir: Path) -> None:
    with pytest.raises(UsageError, match="no task type"):
        rows(settings(data_dir), "juggling")
    data_dir.mkdir()
    (data_dir / "league.db").write_bytes(b"no league " * 1000)
    with pytest.raises(StorageError, match="damaged"):
        rows(settings(data_dir), None)
