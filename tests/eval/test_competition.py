from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compegpt.cli import run
from compegpt.console import Console
from compegpt.eval import collecting, competition
from compegpt.eval.case import KINDS, Case, Kind, Part, kind
from compegpt.learned import read_file
from compegpt.schema import Finding
from compegpt.tasks import TASKS
from tests.eval.rows import length, right
from tests.fakes import FakeSource

GOOD, BAD = Finding({"text": "right"}, 0.9), Finding({"text": "wrong one"}, 0.3)


def cases(part: Part, folder: Path) -> Iterator[Case]:
    for number in range(12):
        yield Case(f"{part}-{number:02}", "blur" if number % 3 else "no text", {"image": "/a.png"}, "right", "words")


@pytest.fixture(autouse=True)
def posed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of task, two experts that are right by turns."""
    made = Kind("ocr", cases, {"right": right, "length": length}, "texts", right="right",
                unjudged=frozenset({"no text"}))
    source = FakeSource({"ocr": [("one", "a", [GOOD, BAD] * 12), ("two", "b", [BAD, GOOD] * 12)]})
    monkeypatch.setattr(competition, "kind", lambda task: made)
    monkeypatch.setattr(competition, "KINDS", {"ocr": "ocr"})
    monkeypatch.setattr(collecting, "Embedded", lambda: source)


def evaluated(*argv: str) -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.StringIO()
    status = run(["eval", "competition", *argv], Console(io.BytesIO(), out, err))
    return status, out.getvalue().decode(), err.getvalue()


def test_a_run_prints_tables_and_writes_tables_json_and_a_plot(tmp_path: Path) -> None:
    status, out, err = evaluated("--output-dir", str(tmp_path))
    assert (status, err) == (0, "")
    for told in ("ocr: 8 test cases, 2 experts", "| **judge** |", "| oracle |", "cosine medoid (the paper's)",
                 "of that the judge gains", "without support", "by kind of input", "no text, 4 cases"):
        assert told in out
    results = json.loads((tmp_path / "results-test.json").read_text())
    assert results["ocr"]["measures"]["right"]["best_single"] in ("one", "two")
    assert results["ocr"]["confidence"]["bins"]
    kept = (tmp_path / "ocr-test.md").read_text() + "\n" + (tmp_path / "summary-test.md").read_text()
    assert kept.split() == out.split()
    assert "All kinds (test)" in out
    assert (tmp_path / "ocr-test.png").stat().st_size > 1000


def test_a_second_run_gives_the_same_figures(tmp_path: Path) -> None:
    first = evaluated("--output-dir", str(tmp_path), "--json")
    assert evaluated("--output-dir", str(tmp_path), "--json") == first
    assert json.loads(first[1])["ocr"]["cases"] == 8


def test_top_k_lets_the_first_compete_only(tmp_path: Path) -> None:
    _, out, _ = evaluated("--output-dir", str(tmp_path), "--top-k", "1", "--json")
    told = json.loads(out)["ocr"]
    assert told["experts"] == 1
    assert told["measures"]["right"]["headroom"] == 0


def test_fitting_writes_the_data_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "learned.json"
    path.write_text(json.dumps({"form": 1, "comparisons": {}, "tasks": {}}))
    monkeypatch.setattr(competition, "FILE", path)
    status, out, _ = evaluated("--fit", "--output-dir", str(tmp_path))
    assert (status, out[:4]) == (0, "ocr:")
    assert read_file(path)["tasks"]["ocr"]["weights"]


@pytest.mark.parametrize(("argv", "status", "says"), [
    (["--tasks", "mind-reading"], 2, "no task type 'mind-reading'"), (["--tasks", " , "], 2, "names no task type"),
    (["--top-k", "0"], 2, "must be a number"), (["--top-k", "x"], 2, "must be a number"),
    (["--part", "train"], 2, "invalid choice"), (["--nonsense"], 2, "nrecognized arguments"),
], ids=["task", "no task", "zero", "letters", "part", "flag"])
def test_what_cannot_be_is_told(argv: list[str], status: int, says: str, tmp_path: Path) -> None:
    got, out, err = evaluated(*argv, "--output-dir", str(tmp_path))
    assert (got, out) == (status, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    status, _, err = evaluated("--output-dir", str(tmp_path / "file"))
    assert status == 1
    assert "cannot be" in err


def test_with_one_expert_there_is_nothing_to_evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "Embedded", lambda: FakeSource({"ocr": [("one", "a", GOOD)]}))
    status, _, err = evaluated("--output-dir", str(tmp_path))
    assert status == 1
    assert "no competition for ocr" in err


@pytest.mark.parametrize("task", sorted(KINDS))
def test_every_kind_is_sound(task: str) -> None:
    made: Any = kind(task)
    assert made.task == task
    assert task in TASKS
    assert made.measures
    assert made.right in {"", *made.measures}
    assert made.about


@pytest.mark.parametrize(("argv", "status", "says"), [
    ([], 2, "eval needs to know what to evaluate"), (["juggling"], 2, "no evaluation 'juggling'")])
def test_eval_needs_a_name(argv: list[str], status: int, says: str) -> None:
    err = io.StringIO()
    assert run(["eval", *argv], Console(io.BytesIO(), io.BytesIO(), err)) == status
    assert says in err.getvalue()


def test_eval_help_lists_the_evaluations() -> None:
    out = io.BytesIO()
    assert run(["eval", "--help"], Console(io.BytesIO(), out, io.StringIO())) == 0
    assert b"planning" in out.getvalue()
