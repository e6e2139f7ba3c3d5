from __future__ import annotations

import json
from pathlib import Path

import pytest

from compegpt.errors import InputError
from compegpt.eval.ledger import Ledger

MADE_FROM = {"task": "ocr", "cases": "abc"}
HEAD = json.dumps({"ledger": 1, "made_from": MADE_FROM})


def test_rows_are_there_again_when_it_is_opened_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "rows.jsonl", MADE_FROM)
    ledger.add({"id": "a", "value": "é\n"})
    ledger.add({"id": "b", "value": 2})
    assert Ledger(ledger.path, MADE_FROM).rows == {"a": {"id": "a", "value": "é\n"}, "b": {"id": "b", "value": 2}}


@pytest.mark.parametrize("cut", [1, 5, 14])
def test_a_half_written_last_line_is_written_anew(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "rows.jsonl"
    ledger = Ledger(path, MADE_FROM)
    ledger.add({"id": "a", "value": 1})
    ledger.add({"id": "b", "value": 2})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    again = Ledger(path, MADE_FROM)
    assert list(again.rows) == ["a"]
    again.add({"id": "b", "value": 2})
    assert path.read_bytes() == whole


@pytest.mark.parametrize(("content", "says"), [
    (HEAD + "\n{oops\n", "line 2 is no JSON"),
    (HEAD + '\n{"id": "a"}\nnull\n', "line 3 is no JSON object"),
    (HEAD + '\n{"value": 1}\n', "line 2: a row has no id"),
    ('{"ledger": 99}\n', "line 1: these are not results of this version"),
    ('{"request": "x"}\n', "line 1: these are not results of this version"),
    (json.dumps({"ledger": 1, "made_from": {"task": "other"}}) + "\n", "made from something else"),
    ('{"ledger": 1', "holds no whole line"),
    ("[" * 100_000 + "\n", "line 1 is no JSON"),
    ("\xff\xfe\n", "line 1 is no JSON"),
], ids=["broken", "no object", "no id", "another version", "another file", "other cases", "half", "deep", "bytes"])
def test_what_is_no_ledger_is_told_with_its_line_and_stays_as_it_is(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=says):
        Ledger(path, MADE_FROM)
    assert path.read_bytes() == content.encode("latin-1")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        Ledger(tmp_path / "file" / "rows.jsonl", MADE_FROM).add({"id": "a"})
