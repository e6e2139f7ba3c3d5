from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from compegpt.console import Console
from compegpt.errors import InputError
from compegpt.eval import selection
from compegpt.eval.recorded import shuffled, streams_of
from compegpt.eval.replay import POLICIES
from tests.fakes import candidate

HEAD = {"ledger": 1, "made_from": {}}


def row(name: str, **quality: float) -> dict[str, Any]:
    return {"id": name, "task": "ocr", "category": "blur", "group": "", "args": {}, "truth": "",
            "candidates": [candidate(one, {"text": f"text of {one}"}) for one in quality],
            "quality": {"accuracy": {f"embedded:{one}": value for one, value in quality.items()},
                        "exact": {f"embedded:{one}": float(value == 1) for one, value in quality.items()}}}


def ledger(folder: Path, *lines: Any) -> Path:
    path = folder / "ocr-dev.jsonl"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return path


def evaluated(*argv: str) -> str:
    parser = ArgumentParser()
    selection.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    out = io.BytesIO()
    assert selection.run(parser.parse_args(argv), Console(io.BytesIO(), out, io.StringIO())) == 0
    return out.getvalue().decode()


def test_simulated_policies_are_told_side_by_side(tmp_path: Path) -> None:
    told = evaluated("--seeds", "0-1", "--requests", "20", "--output-dir", str(tmp_path))
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].strip() for line in rows] == ["policy", *(one.name for one in POLICIES), "oracle"]
    assert {path.name for path in tmp_path.iterdir()} == {"selection.md", "selection.json", "selection.png"}


def test_the_json_holds_every_stream() -> None:
    [found] = json.loads(evaluated("--seeds", "0-1", "--requests", "10", "--json")).values()
    assert {len(each) for each in found.values()} == {2}
    assert set(found["k = 1"][0]) == {"quality", "calls", "rounds"}


def test_recorded_competitions_are_replayed(tmp_path: Path) -> None:
    path = ledger(tmp_path, HEAD, row("one", a=1.0, b=0.5), row("two", a=0.5, b=0.5))
    [found] = json.loads(evaluated("--recorded", str(path), "--json")).values()
    assert found["k = 1"][0]["quality"] == 0.75
    assert found["k = 3"][0]["calls"] == 2.0


@pytest.mark.parametrize(("measure", "quality"), [(None, 0.5), ("accuracy", 0.5), ("exact", 0.0)])
def test_the_measure_may_be_chosen(measure: str | None, quality: float, tmp_path: Path) -> None:
    [[posed]] = streams_of([ledger(tmp_path, HEAD, row("one", a=0.5))], measure).values()
    assert posed.quality == {"embedded:a": quality}


@pytest.mark.parametrize(("lines", "said"), [
    (["{"], "line 1 is no JSON"), ([{"ledger": 9}], "line 1: these are no recorded"),
    ([HEAD, "[]"], "line 2 is no JSON object"),
    ([HEAD, row("one", a=1.0), {"id": "x"}], "line 3: this is no recorded competition .KeyError: 'task'"),
    ([HEAD, {**row("one", a=1.0), "task": "juggling"}], "line 2.*no task type 'juggling'"),
    ([HEAD, {**row("one", a=1.0), "quality": {"accuracy": {}}}], "line 2.*KeyError: 'embedded:a'"),
], ids=["no JSON", "another form", "no object", "a key is missing", "unknown task", "quality is missing"])
def test_a_broken_file_is_told_with_its_line(lines: list[Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        streams_of([ledger(tmp_path, *lines)])


def test_a_missing_file_and_an_unknown_measure_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        streams_of([tmp_path / "none.jsonl"])
    with pytest.raises(InputError, match="its measures are accuracy, exact"):
        streams_of([ledger(tmp_path, HEAD, row("one", a=1.0))], "beauty")


def test_a_shuffled_stream_has_the_same_requests() -> None:
    assert shuffled([1, 2, 3, 4], 1) == shuffled([1, 2, 3, 4], 1)  # type: ignore[list-item, comparison-overlap]
    assert sorted(shuffled([1, 2, 3, 4], 1)) == [1, 2, 3, 4]  # type: ignore[list-item, type-var]


@pytest.mark.parametrize(("flag", "value"), [("--seeds", "9-3"), ("--seeds", "x"), ("--requests", "0")])
def test_flags_that_make_no_sense_are_refused(flag: str, value: str) -> None:
    with pytest.raises(SystemExit):
        evaluated(flag, value)
