"""Requests from files: with plans, and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compegpt.embed import shared_encoder
from compegpt.errors import InputError
from compegpt.plan.shape import TYPES
from compegpt.plan.train.known import Known, example, known, unlabelled


def test_the_projects_own_requests_have_plans_of_every_kind() -> None:
    rows = known([])
    assert {row.gold.source for row in rows} >= {"plain", "talkative", "short"}
    assert {node.task for row in rows for node in row.gold.nodes} >= {"ocr", "translation", "video-dubbing"}


def test_a_known_plan_becomes_types_arcs_files_and_words() -> None:
    row: Known = next(row for row in known([]) if row.gold.request.startswith("Read menu1.png and scan"))
    made = example(row, shared_encoder().tokenizer)
    assert {TYPES[number] for number in made.counts} == {"ocr", "barcode-detection"}
    assert {(TYPES[number], source) for number, source in made.brings} == {("ocr", 0), ("barcode-detection", 1)}


@pytest.mark.parametrize(("content", "said"), [("{}", "line 1"), ('{"request": "a"}\nnot json', "line 2"),
                                               ('{"request": "a", "type": "tree"}', "line 1")])
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        unlabelled(path)


@pytest.mark.parametrize("arguments", [["--unlabelled", "nowhere.jsonl"], ["--gold", "nowhere.jsonl"],
                                       ["--samples", "3"]])
def test_wrong_arguments_are_told_before_anything_is_trained(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "compegpt.plan.train", *arguments], capture_output=True, text=True,
                          check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
