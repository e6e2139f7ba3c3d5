"""Runs over HTTP: what is told of them, plans of one's own, threads, files, and the settings of one asker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from compegpt.schema import Finding
from compegpt.web.desk import Own
from tests.fakes import FakeSource, task
from tests.web.serving import Served, bearer, serving

SUMMARY = task("summarization", text="A long text.")
SPEAK = task("text-to-speech", 1, [0], text="<resource>-0")


async def speaks(args: Any, store: Any) -> Finding:
    path = store.new(".wav")
    path.write_bytes(b"RIFF0000WAVE")
    return Finding({"audio": str(path)})


def source() -> FakeSource:
    return FakeSource({"summarization": [("short", "a", Finding({"text": "S."})), ("brief", "b", RuntimeError("no"))],
                       "text-to-speech": [("voice", "c", speaks)]})


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    with serving(data_dir, source(), [SUMMARY, SPEAK]) as server:
        yield server


def events(text: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Name, number and data of each server-sent event."""
    found = []
    for block in text.replace("\r", "").split("\n\n"):
        parts = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in parts:
            found.append((parts["event"], int(parts["id"]), json.loads(parts["data"])))
    return found


def ended(served: Served, asked: dict[str, Any], **headers: str) -> dict[str, Any]:
    """The last event of a run."""
    answer = httpx.post(f"{served.address}/runs", json=asked, timeout=30,
                        headers={"Accept": "text/event-stream", **headers})
    assert answer.status_code == 200, answer.text
    name, _, data = events(answer.text)[-1]
    assert name == "done"
    return data


def test_a_run_tells_every_step_and_ends_with_its_record(served: Served) -> None:
    answer = httpx.post(f"{served.address}/runs", json={"text": "Do it."}, headers={"Accept": "text/event-stream"},
                        timeout=30)
    told = events(answer.text)
    names = [name for name, _, _ in told]
    assert names[:2] == ["run", "planned"]
    assert names[-2:] == ["responded", "done"]
    assert (names.count("selected"), names.count("executed"), names.count("judged")) == (2, 3, 2)
    assert [number for _, number, _ in told[:-1]] == list(range(len(told) - 1))
    done = told[-1][2]
    assert (done["status"], done["answer"]) == ("done", "summarization: ok; text-to-speech: ok")
    assert [one["status"] for one in done["results"][0]["candidates"]] == ["ok", "failed"]


def test_events_go_on_after_the_last_that_was_heard(served: Served) -> None:
    run = httpx.post(f"{served.address}/runs", json={"text": "Do it."}, timeout=30).json()
    address = served.address + run["events"]
    whole = events(httpx.get(address, timeout=30).text)
    rest = events(httpx.get(address, timeout=30, headers={"Last-Event-ID": "3"}).text)
    assert rest == [one for one in whole if one[1] > 3]
    assert httpx.get(f"{served.address}/runs/{run['id']}").json()["status"] == "done"


def test_no_path_of_the_server_is_told_and_files_have_addresses(served: Served, data_dir: Path) -> None:
    run = httpx.post(f"{served.address}/runs", json={"text": "Do it."}, timeout=30).json()
    whole = httpx.get(served.address + run["events"], timeout=30).text
    assert str(data_dir) not in whole
    record = httpx.get(f"{served.address}/runs/{run['id']}").json()
    made = record["artifacts"][0]["path"]
    file = httpx.get(served.address + made)
    assert (file.content, file.headers["content-type"]) == (b"RIFF0000WAVE", "audio/wav")
    assert record["results"][1]["output"]["audio"] == made


def test_a_plan_of_ones_own_is_run_as_it_is(served: Served) -> None:
    step = {"task": "summarization", "id": 7, "args": {"text": "Another."}}
    done = ended(served, {"plan": [step]})
    assert (done["planner"], done["plan"]) == ("given", [{**step, "dep": [-1]}])
    assert served.planner.asked == []
    assert served.source.calls[0][1] == {"text": "Another."}


def test_a_plan_that_cannot_be_run_says_what_is_wrong(served: Served) -> None:
    done = ended(served, {"plan": [{"task": "sumarization", "id": 0, "args": {}}]})
    assert (done["status"], done["error"]["code"]) == ("failed", "usage")
    assert "sumarization" in done["error"]["message"]


def test_a_thread_goes_on_and_is_deleted_with_its_files(served: Served, data_dir: Path) -> None:
    upload = httpx.post(f"{served.address}/files", files={"file": ("note.txt", b"A note.")}).json()
    ended(served, {"text": "One", "thread": "farm", "files": [upload["id"]]})
    done = ended(served, {"text": "Two", "thread": "farm"})
    request, history = served.planner.asked[-1]
    assert [turn["request"]["text"] for turn in history] == ["One"]
    assert (Path(history[0]["request"]["files"][0]).name, request["confined"]) == ("note.txt", True)
    kept = httpx.get(f"{served.address}/threads/farm").json()["turns"]
    assert [turn["request"]["text"] for turn in kept] == ["One", "Two"]
    made = served.address + done["artifacts"][0]["path"]
    assert httpx.get(made).status_code == 200
    assert httpx.delete(f"{served.address}/threads/farm").status_code == 204
    assert [httpx.get(address).status_code for address in (made, f"{served.address}/threads/farm")] == [404, 404]
    # the upload itself was not used up
    assert [path.name for path in data_dir.glob("artifacts/*/*/*/*")] == ["note.txt"]


def test_keys_divide_threads_runs_and_files(data_dir: Path) -> None:
    with serving(data_dir, source(), [SUMMARY, SPEAK], keys="alice-key,bob-key") as served:
        done = ended(served, {"text": "One", "thread": "farm"}, **bearer("alice-key"))
        run = httpx.post(f"{served.address}/runs", json={"text": "x", "thread": "farm"}, headers=bearer("alice-key"))
        paths = [done["artifacts"][0]["path"], "/threads/farm", f"/runs/{run.json()['id']}", run.json()["events"]]
        for key, status in (("alice-key", 200), ("bob-key", 404), ("eve", 401)):
            found = [httpx.get(served.address + path, headers=bearer(key), timeout=30).status_code for path in paths]
            assert found == [status] * 4, key


def test_a_run_that_is_stopped_stops_its_experts(data_dir: Path) -> None:
    stopped = []

    async def hangs(args: Any, store: Any) -> Finding:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(True)
            raise
        raise AssertionError

    slow = FakeSource({"summarization": [("slow", "a", hangs)]})
    with serving(data_dir, slow, [SUMMARY]) as served, httpx.stream(
            "POST", f"{served.address}/runs", json={"text": "go"}, headers={"Accept": "text/event-stream"},
            timeout=30) as answer:
        lines = answer.iter_lines()
        run = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        next(line for line in lines if line == "event: selected")
        done = httpx.delete(f"{served.address}/runs/{run['id']}", timeout=30).json()
        rest = list(lines)
    assert (done["status"], done["error"]["code"], stopped) == ("stopped", "interrupted", [True])
    assert "event: done" in rest


async def test_an_askers_own_key_is_in_his_parts_alone(data_dir: Path) -> None:
    with serving(data_dir, source(), [SUMMARY], openai_api_key="sk-the-servers-own",
                 openai_base_url="http://127.0.0.1:9/v1") as served:
        parts = await served.desk.parts_of(Own(openai_api_key="sk-of-the-asker", top_k=2, deadline=9_999))
    assert parts is not None
    assert (parts.settings.openai_api_key, parts.settings.openai_base_url) == ("sk-of-the-asker", None)
    assert (parts.settings.top_k, parts.settings.deadline) == (2, served.parts.settings.deadline)
    assert parts.slots is served.parts.slots
    assert served.parts.settings.openai_api_key == "sk-the-servers-own"


async def test_an_address_of_the_askers_gets_no_key_of_the_servers(data_dir: Path) -> None:
    with serving(data_dir, source(), [SUMMARY], openai_api_key="sk-the-servers-own") as served:
        parts = await served.desk.parts_of(Own(openai_base_url="http://127.0.0.1:9/v1"))
    assert parts is not None
    assert (parts.settings.openai_api_key, parts.settings.openai_base_url) == (None, "http://127.0.0.1:9/v1")


def test_the_example_files_may_be_named(served: Served) -> None:
    ended(served, {"text": "Read /examples/sign.png and /examples/../pyproject.toml."})
    request, _ = served.planner.asked[-1]
    assert [Path(file).name for file in request["files"]] == ["sign.png"]


def test_a_plan_alone_runs_nothing(served: Served) -> None:
    made = httpx.post(f"{served.address}/plans", json={"text": "Do it."}, timeout=30).json()
    assert ([one["task"] for one in made["plan"]], made["planner"]) == (["summarization", "text-to-speech"], "fake")
    assert served.source.calls == []


def test_the_figures_count_runs_and_experts(served: Served) -> None:
    before = figures(served)
    ended(served, {"text": "Do it."})
    after = figures(served)
    for name in ('compegpt_runs_total{status="done"}',
                 'compegpt_expert_calls_total{source="fake",status="failed",task="summarization"}'):
        assert after[name] == before.get(name, 0) + 1
    assert after["compegpt_runs_active"] == 0


def figures(served: Served) -> dict[str, float]:
    lines = httpx.get(f"{served.address}/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}
