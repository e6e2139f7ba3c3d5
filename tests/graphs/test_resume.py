"""A process killed in the middle of a turn: the next one finishes the turn and repeats nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from compegpt import inputs
from compegpt.errors import NothingToResume
from compegpt.events import Judged, Responded
from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Result, Task
from compegpt.session import Session
from tests.conftest import ROOT
from tests.fakes import FakeSource, fake_parts, settings, task

CHILD = '''
import asyncio, sys
from pathlib import Path
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.session import Session
from tests.fakes import FakeSource, fake_parts, settings, task

mode, folder = sys.argv[1], Path(sys.argv[2])

def expert(name):
    async def run(args, store):
        with (folder / "calls").open("a") as log:
            log.write(f"{mode} {name}\\n")
        if mode == "first" and name == "slow":
            await asyncio.Event().wait()
        return Finding({"text": name})
    return (name, name, run)

PLAN = [task("summarization", 0, text="x"), task("translation", 1, (0,), text="<resource>-0", target="es"),
        task("text-generation", 2, text="x"), task("fill-mask", 3, (2,), text="<resource>-2")]
EXPERTS = {"summarization": [expert("done")], "translation": [expert("after done")],
           "text-generation": [expert("quick"), expert("slow")], "fill-mask": [expert("last")]}

async def main():
    async with Session(fake_parts(settings(folder / "data", task_deadline=600), FakeSource(EXPERTS), PLAN)) as session:
        async for event in session.stream({"text": "go", "files": [], "thread": "t"}, resume=mode == "second"):
            print(type(event).__name__, getattr(event, "reused", ""), flush=True)

asyncio.run(main())
'''


def start(mode: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, mode, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_a_killed_turn_is_finished_without_repeating_what_it_had_finished(tmp_path: Path) -> None:
    first = start("first", tmp_path)
    assert first.stdout is not None
    judged = 0
    for line in first.stdout:  # two tasks are judged; the third has one expert done and one that hangs
        judged += line.startswith("Judged")
        if judged == 2 and len(calls(tmp_path)) == 4:
            break
    settled(tmp_path / "data" / "checkpoints.sqlite", first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()

    second = start("second", tmp_path)
    output, _ = second.communicate(timeout=60)
    assert output.splitlines()[-1] == "Responded 2"
    assert sorted(calls(tmp_path)) == sorted(
        ["first done", "first after done", "first quick", "first slow", "second slow", "second last"])


def settled(database: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the writes of the two finished tasks are in the store, beside the one that began the turn."""
    import sqlite3

    while process.poll() is None:
        with sqlite3.connect(database) as connection:
            rows = connection.execute("select count(*) from writes where channel = 'results' and checkpoint_ns = ''")
            count = rows.fetchone()[0]
        connection.close()
        if count >= 3:
            return


async def test_with_nothing_to_resume_it_says_so(data_dir: Path) -> None:
    async with Session(fake_parts(settings(data_dir), FakeSource({}), [])) as session:
        with pytest.raises(NothingToResume, match="'t' has no interrupted turn"):
            async for _ in session.stream({"text": "", "files": [], "thread": "t"}, resume=True):
                pass


@pytest.mark.parametrize("steps", [0, 1, 2, 4, 8, 16, 32])
async def test_a_dependent_gets_its_input_wherever_the_turn_broke_off_after_the_judge(
        steps: int, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the end of a competition and its result's way out of the sub-graph lie some steps of the loop."""
    sessions: list[Session] = []

    async def late(args: Mapping[str, Any], store: Store) -> Finding:
        await sessions[0]._kept.settled()  # all that was before stands in the store
        return Finding({"text": "short"})

    source = FakeSource({"summarization": [("one", "a", late)],
                         "translation": [("two", "b", Finding({"text": "corto"}))]})
    plan = [task("summarization", 0, text="x"), task("translation", 1, (0,), text="<resource>-0", target="es")]
    broken_off = asyncio.Event()

    async def held(resolve: Callable[..., Any], one: Task, results: Mapping[int, Result], within: Any) -> Any:
        if one["id"] == 1:
            await broken_off.wait()
        return resolve(one, results, within)

    monkeypatch.setattr(inputs, "in_thread", held)
    async with Session(fake_parts(settings(data_dir, deadline=5), source, plan)) as session:
        sessions.append(session)
        stream = session.stream({"text": "go", "files": [], "thread": "t"})
        async for event in stream:
            if isinstance(event, Judged):
                break
        for _ in range(steps):
            await asyncio.sleep(0)
        await stream.aclose()
        broken_off.set()
        events = [event async for event in session.stream({"text": "", "files": [], "thread": "t"}, resume=True)]
    assert [event.result["task"] for event in events if isinstance(event, Judged)] == ["summarization", "translation"]
    assert isinstance(events[-1], Responded)
    assert [result["status"] for result in events[-1].turn["results"]] == ["ok", "ok"]
