from __future__ import annotations

import asyncio
import io
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from compegpt.cli import run
from compegpt.console import Console
from compegpt.errors import AuthenticationError, ExpertUnavailable, InputError, UsageError
from compegpt.eval import planning
from compegpt.eval.planning_data import golds
from compegpt.eval.planning_ways import Contender, Row, contenders, planned, version, winner
from compegpt.plan.llm import LLMPlanner
from compegpt.schema import Proposal, Request, Task, Turn
from compegpt.settings import Settings
from compegpt.wiring import parts_from
from tests.fakes import FakeEncoder, FakeLLM, FakePlanner, task
from tests.loopback.openai import OpenAI
from tests.loopback.server import Server

REQUESTS = [
    ("a", "single", "Draw a sheep", [{"task": "text-to-image", "args": ["a sheep"]}], []),
    ("b", "chain", "Write down talk.wav and translate the transcript to French",
     [{"task": "automatic-speech-recognition", "args": ["talk.wav"]}, {"task": "translation", "args": ["<node-0>"]}],
     [[0, 1]]),
    ("c", "dag", "Describe cat.png, and find the objects in cat.png",
     [{"task": "image-to-text", "args": ["cat.png"]}, {"task": "object-detection", "args": ["cat.png"]}], []),
    ("d", "single", "Read the text in sign.png", [{"task": "image-to-text", "args": ["sign.png"]}], []),
]
OCR, CAPTION = [task("ocr", image="a.png")], [task("image-to-text", image="a.png")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plans.jsonl"
    keys = ("id", "type", "request", "nodes", "links")
    path.write_text("".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in REQUESTS))
    return path


def ran(*argv: str) -> tuple[str, str, int]:
    """Standard output, standard error and status of `eval planning`."""
    console = Console(io.BytesIO(), io.BytesIO(), io.StringIO())
    status = run(["eval", "planning", *argv], console)
    return console.out.getvalue().decode(), console.err.getvalue(), status  # type: ignore[attr-defined]


def test_a_file_is_measured_and_told_in_every_form(file: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "results", tmp_path / "predictions.jsonl"
    text, _, status = ran(str(file), "--tasks", "taskbench", "--output-dir", str(folder), "--predictions", str(out))
    assert status == 0
    assert "### all: 4 requests" in text
    assert "nobody competes and both columns are equal" in text
    assert (folder / "results.md").read_text().rstrip() == text.rstrip()
    figures = json.loads((folder / "results.json").read_text())["groups"]
    assert {way: figures["all"][way]["node F1"]["value"] for way in ("off", "on")} == {"off": 1.0, "on": 1.0}
    assert figures["single"]["on"]["accuracy"]["value"] == 1.0
    assert figures["chain"]["on"]["edit distance"]["value"] == 0.0
    assert (folder / "results.png").read_bytes().startswith(b"\x89PNG")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["id"], row["planner"]) for row in rows] == [(row[0], "embedded") for row in REQUESTS]
    assert rows[3]["plan"] == [task("image-to-text", image="sign.png")]
    assert {*rows[0]} == {"id", "plan", "planner", "confidence", "seconds"}


def test_all_task_types_are_allowed_unless_told(file: Path, tmp_path: Path) -> None:
    text, _, _ = ran(str(file), "--json", "--output-dir", str(tmp_path / "results"), "--competition", "off")
    figures = json.loads(text)["groups"]["single"]
    assert figures["off"]["accuracy"]["value"] == 0.5
    assert "on" not in figures


def test_a_stopped_run_goes_on_and_comes_to_the_same_figures(file: Path, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Stopping(FakePlanner):
        async def plan(self, request: Request, history: Sequence[Turn],
                       allowed: Collection[str] | None = None) -> Proposal:
            asked.append(request["text"])
            if len(asked) == 3:
                raise KeyboardInterrupt
            return Proposal([task("text-to-image", text=request["text"])], 0.5, "embedded")

    monkeypatch.setattr(planning, "contenders", lambda parts: [Contender("embedded", Stopping())])
    arguments = [str(file), "--json", "--output-dir", str(tmp_path / "results")]
    assert ran(*arguments)[2] == 130
    told = json.loads(ran(*arguments)[0])
    assert asked == [row[2] for row in (*REQUESTS[:3], *REQUESTS[2:])]
    whole = json.loads(ran(*arguments[:-1], str(tmp_path / "whole"))[0])
    assert told["groups"] == whole["groups"]
    assert len(asked) == 9


def test_a_limited_run_is_the_beginning_of_a_full_one(file: Path, tmp_path: Path) -> None:
    arguments = [str(file), "--json", "--output-dir", str(tmp_path / "results")]
    assert json.loads(ran(*arguments, "--limit", "2")[0])["requests"] == 2
    [ledger] = (tmp_path / "results").glob("plans-*.jsonl")
    before = ledger.read_bytes()
    assert json.loads(ran(*arguments)[0])["requests"] == 4
    assert ledger.read_bytes().startswith(before)


@pytest.mark.parametrize(("argv", "says", "status"), [
    (["none.jsonl"], "cannot be read", 1), (["{file}", "--tasks", "juggling"], "no task type 'juggling'", 2),
    (["{file}", "--limit", "0"], "no whole number above 0", 2), ([], "FILE", 2),
    (["{file}", "--predictions", "{file}"], "the requests itself", 2),
    (["{file}", "--predictions", "{folder}"], "is a directory", 2),
    (["{file}", "--output-dir", "{file}"], "is a file", 2),
], ids=["no file", "unknown task", "no limit", "nothing", "onto the requests", "a folder", "output is a file"])
def test_what_cannot_be_done_is_told_before_anything_is_done(file: Path, tmp_path: Path, argv: list[str], says: str,
                                                             status: int) -> None:
    before = file.read_bytes()
    text, said, found = ran(*(one.format(file=file, folder=tmp_path) for one in argv))
    assert (text, found, file.read_bytes()) == ("", status, before)
    assert says in said
    assert list(tmp_path.glob("*.jsonl")) == [file]


def row(plan: list[Task], confidence: float | None = None, seconds: float = 0.1, **rest: Any) -> Row:
    made: dict[str, Any] = {"id": "a", "plan": plan, "planner": "x", "confidence": confidence, "seconds": seconds,
                            "note": None, **rest}
    return made  # type: ignore[return-value]


@pytest.mark.parametrize(("rows", "expected"), [
    ([row(OCR, 0.9), row(CAPTION)], OCR), ([row(OCR, 0.2), row(CAPTION)], CAPTION),
    ([row(OCR, 0.6), row(CAPTION)], OCR), ([row(OCR, 0.9), row(CAPTION), row(CAPTION)], CAPTION),
    ([row(OCR, 0.1), row(CAPTION, 0.9, stood_in=True)], OCR), ([row([], 0.0), row(CAPTION)], CAPTION),
    ([row([], 0.0), row([])], []), ([row(OCR, 0.1, stood_in=True)], OCR),
], ids=["sure", "unsure", "tie", "agreement", "stood in", "empty", "both empty", "all stood in"])
def test_the_winner_is_sure_and_agreed_with(rows: list[Row], expected: list[Task]) -> None:
    assert winner(rows)["plan"] == expected


def test_a_competition_takes_as_long_as_its_slowest() -> None:
    assert winner([row(OCR, 0.9, 0.1), row(CAPTION, 0.1, 2.0)])["seconds"] == 2.0


def test_who_competes_is_who_is_set_up(data_dir: Path) -> None:
    def names(**settings: Any) -> list[str]:
        return [one.name for one in contenders(parts_from(Settings(data_dir=data_dir, **settings)))]

    model = {"openai_base_url": "http://127.0.0.1:9/v1", "llm": "openai:one"}
    assert names() == ["embedded"]
    assert names(**model) == ["auto", "openai:one", "embedded"]
    assert names(**model, planner="llm") == ["openai:one", "embedded"]
    assert names(**model, planner="embedded") == ["embedded", "openai:one"]
    assert names(**model, planner="llm", chat_models="openai:two, openai:one") == [
        "openai:one", "embedded", "openai:two"]


def test_plans_of_a_language_model_that_cannot_be_reached_are_not_kept(file: Path, tmp_path: Path) -> None:
    llm = FakeLLM(*[ExpertUnavailable("The server is busy.")] * 4)
    contender = Contender("fake:model", LLMPlanner(llm, FakeEncoder(), FallBack(OCR)))
    found = asyncio.run(planned(contender, golds(file), 4, None, tmp_path / "results", lambda done, total: None))
    assert [bool(one.get("stood_in")) for one in found.values()] == [True] * 4
    assert not list(tmp_path.glob("results/*"))


async def test_a_refused_key_ends_it(file: Path, tmp_path: Path) -> None:
    contender = Contender("fake:model", LLMPlanner(FakeLLM(AuthenticationError("The key was refused.")), FakeEncoder(),
                                                   FallBack(OCR)))
    with pytest.raises(AuthenticationError, match="The key was refused"):
        await planned(contender, golds(file), 4, None, tmp_path, lambda done, total: None)


class FallBack(FakePlanner):
    async def plan(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None) -> Proposal:
        return Proposal(self._plans[0], 0.3, "embedded")  # type: ignore[arg-type]


def test_plans_of_another_version_are_not_mixed_with_these(file: Path, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [str(file), "--output-dir", str(tmp_path / "results"), "--limit", "1"]
    assert version() == version()
    for name in ("one", "two", "two"):
        monkeypatch.setattr("compegpt.eval.planning_ways.version", lambda name=name: name)
        ran(*arguments)
    assert len(list((tmp_path / "results").glob("plans-*.jsonl"))) == 2


def test_two_planners_are_shown_side_by_side(file: Path) -> None:
    rows = golds(file).rows
    off = [row([], 0.0, planner="embedded") for _ in rows]
    on = [row([task("text-to-image", text="a sheep")], planner="llm") for _ in rows]
    both = [Contender("embedded", FakePlanner()), Contender("fake:model", FakePlanner())]
    tables, data, notes = planning.told(rows, {"off": off, "on": on}, both)
    cells = {line[0]: line[1:] for line in tables[0].rows}
    assert cells["recall"][0].startswith("0.000")
    assert cells["recall"][2].startswith("+0.167")
    assert data["groups"]["all"]["on"]["exact"]["value"] == 0.25
    assert "Plans that won: 4 by llm." in notes


def test_the_flags_are_known_to_help() -> None:
    parser = ArgumentParser()
    planning.add_arguments(parser)
    assert parser.parse_args(["f"]) == Namespace(file=Path("f"), tasks="all", predictions=None, competition="both",
                                                 output_dir=planning.FOLDER, limit=None)
    with pytest.raises((InputError, UsageError)):
        planning.allowed_from(",")


def test_a_language_model_competes_with_the_embedded_planner(file: Path, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(chat: dict[str, Any]) -> str:
        drawn = "sheep" in chat["messages"][-1]["content"]
        return json.dumps({"tasks": [task("text-to-image", text="a sheep")] if drawn else [], "reply": None})

    fake = OpenAI(reply)
    with Server(fake) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("COMPEGPT_PLANNER", "llm")
        arguments = (str(file), "--json", "--llm", "openai:some-model", "--tasks", "taskbench", "--output-dir",
                     str(tmp_path / "results"))
        told = json.loads(ran(*arguments)[0])
        asked = len(fake.chats)
        assert json.loads(ran(*arguments)[0]) == told
    assert len(fake.chats) == asked
    assert told["planners"] == ["openai:some-model", "embedded"]
    assert "ocr (" not in fake.chats[0]["messages"][0]["content"]
    recall = {way: told["groups"]["all"][way]["recall"]["value"] for way in ("off", "on")}
    assert recall["off"] == pytest.approx(1 / 6)
    assert recall["on"] > recall["off"]
