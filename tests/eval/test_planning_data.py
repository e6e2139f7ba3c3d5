from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import InputError, UsageError
from compegpt.eval.planning_data import TASKBENCH, allowed_from, golds
from compegpt.tasks import TASKS

GOOD: dict[str, Any] = {"id": "1", "type": "single", "request": "Say 'hello there' in French",
                        "nodes": [{"task": "translation", "args": ["hello there"]}], "links": []}


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "plans.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_requests_are_read_with_canonical_task_names(tmp_path: Path) -> None:
    asr = {**GOOD, "id": "2", "nodes": [{"task": "Automatic Speech Recognition", "args": ["a.wav"]}]}
    found = golds(written(tmp_path, GOOD, "", asr))
    assert [(one.id, [node.task for node in one.nodes]) for one in found.rows] == [
        ("1", ["translation"]), ("2", ["automatic-speech-recognition"])]


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(golds(path).rows) == 1


@pytest.mark.parametrize(("line", "says"), [
    ("{oops", "line 2: it is no JSON object"), ("[1]", "line 2: it is no JSON object"),
    ("[" * 100_000, "line 2: it is no JSON object"),
    ({**GOOD, "id": "2", "answer": 1}, "line 2: 'answer' is no key that is known here"),
    ({key: GOOD[key] for key in GOOD if key != "links"}, "line 2: 'links' is missing"),
    ({**GOOD, "id": 2}, "line 2: 'id' is wrong"), ({**GOOD, "id": ""}, "line 2: 'id' is wrong"),
    ({**GOOD, "id": "2", "type": "tree"}, "line 2: 'type' is wrong"),
    ({**GOOD, "id": "2", "nodes": []}, "line 2: 'nodes' is wrong"),
    ({**GOOD, "id": "2", "nodes": [{"task": "translation", "args": {"text": "x"}}]}, "line 2: 'nodes.0.args' is wrong"),
    ({**GOOD, "id": "2", "nodes": [{"task": "juggling", "args": []}]}, "line 2: There is no task type 'juggling'"),
    ({**GOOD, "id": "2", "links": [[0, 1]]}, "line 2: the link .0, 1. is to a node that is not there"),
    ({**GOOD, "id": "2", "links": [[0]]}, "line 2: 'links.0' is wrong"),
    (GOOD, "line 2: the id '1' is that of line 1 already"),
], ids=["broken", "list", "deep", "unknown key", "missing key", "number as id", "empty id", "unknown type", "no nodes",
        "args by name", "unknown task", "link to nowhere", "half a link", "twice"])
def test_a_broken_line_is_told(tmp_path: Path, line: Any, says: str) -> None:
    path = written(tmp_path, GOOD, line)
    before = path.read_bytes()
    with pytest.raises(InputError, match=says):
        golds(path)
    assert path.read_bytes() == before


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file but a directory"):
        golds(tmp_path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        golds(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="holds no requests"):
        golds(written(tmp_path, "", " "))
    (tmp_path / "plans.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="line 1: it is no JSON object"):
        golds(tmp_path / "plans.jsonl")


def test_taskbench_has_23_tools_that_are_task_types() -> None:
    assert len(TASKBENCH) == 23
    assert set(TASKS) >= TASKBENCH


@pytest.mark.parametrize(("given", "expected"), [
    ("all", None), ("taskbench", TASKBENCH), ("asr, ocr", {"automatic-speech-recognition", "ocr"})])
def test_allowed_task_types(given: str, expected: Any) -> None:
    assert allowed_from(given) == expected


@pytest.mark.parametrize("given", ["", " , ", "juggling", "taskbench,ocr"])
def test_task_types_that_do_not_exist_are_refused(given: str) -> None:
    with pytest.raises(UsageError):
        allowed_from(given)
