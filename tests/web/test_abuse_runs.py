"""Clients that leave, read slowly or not at all, come twice at once, or meddle with the runs of others."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.threads import in_thread
from tests.fakes import FakeSource, task
from tests.web.serving import Served, bearer, serving

STREAM = {"Accept": "text/event-stream"}
WAIT = 30.0
"""Seconds until what must happen has failed to."""
SUMMARY = task("summarization", text="Long.")


class Gate:
    """An expert that says that it began, waits to be let through, and says whether it was cancelled."""

    def __init__(self) -> None:
        self.began, self.open, self.cancelled = threading.Event(), threading.Event(), threading.Event()

    async def __call__(self, args: Mapping[str, Any], store: Store) -> Finding:
        self.began.set()
        try:
            await in_thread(self.open.wait)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return Finding({"text": "Through."})


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def served(data_dir: Path, gate: Gate) -> Iterator[Served]:
    source = FakeSource({"summarization": [("s", "a", gate)], "translation": [("t", "b", Finding({"text": "Kurz."}))]})
    with serving(data_dir, source, [SUMMARY], keys="alice,bob", rate="100000/minute") as made:
        yield made


@pytest.fixture
def alice(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, headers=bearer("alice"), timeout=WAIT) as made:
        yield made


@pytest.fixture
def bob(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, headers=bearer("bob"), timeout=WAIT) as made:
        yield made


def begun(client: httpx.Client, **more: Any) -> str:
    return str(client.post("/runs", json={"text": "Shorten it.", **more}).json()["id"])


def ended(client: httpx.Client, run: str) -> dict[str, Any]:
    client.get(f"/runs/{run}/events").read()
    report: dict[str, Any] = client.get(f"/runs/{run}").json()
    return report


def left(client: httpx.Client, gate: Gate, **more: Any) -> tuple[str, str, list[str]]:
    """Begin a run as a stream and leave in the middle: its id, thread and the ids of the events that came."""
    with client.stream("POST", "/runs", json={"text": "Shorten it.", **more}, headers=STREAM) as answer:
        lines, ids, thread = answer.iter_lines(), [], ""
        for line in lines:
            ids += [line[4:]] if line.startswith("id: ") else []
            if line.startswith("data: ") and "thread" in line and not thread:
                thread = json.loads(line[6:])["thread"]
            if line == "event: selected":
                break
        assert gate.began.wait(WAIT)
        return answer.headers["location"].rpartition("/")[2], thread, ids


def test_a_run_goes_on_without_its_client_and_the_rest_can_be_heard(alice: httpx.Client, gate: Gate) -> None:
    run, _, heard = left(alice, gate)
    assert alice.get(f"/runs/{run}").json()["status"] == "running"
    gate.open.set()
    rest = alice.get(f"/runs/{run}/events", headers={"Last-Event-ID": heard[-1]}).text
    ids = [line[4:] for line in rest.splitlines() if line.startswith("id: ")]
    every = [line[4:] for line in alice.get(f"/runs/{run}/events").text.splitlines() if line.startswith("id: ")]
    assert every == [*heard, *ids]
    assert "event: done" in rest
    assert not gate.cancelled.is_set()


@pytest.mark.parametrize(("number", "status"), [("999999999", 200), ("-1", 422), ("x", 422), ("1e3", 422), ("9" * 30,
    422)])
def test_events_that_never_were_are_not_waited_for(number: str, status: int, alice: httpx.Client, gate: Gate) -> None:
    gate.open.set()
    run = begun(alice)
    ended(alice, run)
    answer = alice.get(f"/runs/{run}/events", headers={"Last-Event-ID": number})
    assert answer.status_code == status
    assert status != 200 or "event: done" in answer.text


def test_a_run_that_is_stopped_stops_its_experts_and_can_be_resumed(alice: httpx.Client, gate: Gate) -> None:
    run, thread, _ = left(alice, gate)
    stopped = alice.delete(f"/runs/{run}").json()
    assert (stopped["status"], stopped["error"]["code"]) == ("stopped", "interrupted")
    assert gate.cancelled.is_set()
    gate.open.set()
    report = ended(alice, str(alice.post("/runs", json={"thread": thread, "resume": True}).json()["id"]))
    assert (report["status"], report["results"][0]["output"]["text"]) == ("done", "Through.")
    assert [turn["request"]["text"] for turn in alice.get(f"/threads/{thread}").json()["turns"]] == ["Shorten it."]
    assert alice.delete(f"/runs/{run}").json()["status"] == "stopped"


def test_what_another_began_is_neither_seen_nor_stopped(alice: httpx.Client, bob: httpx.Client, gate: Gate) -> None:
    run, never = begun(alice, thread="farm"), "run-" + "0" * 32
    assert gate.began.wait(WAIT)
    for method, path in (("GET", "/runs/{}"), ("GET", "/runs/{}/events"), ("DELETE", "/runs/{}")):
        one, other = bob.request(method, path.format(run)), bob.request(method, path.format(never))
        assert (one.status_code, one.content) == (404, other.content)
    gate.open.set()
    assert ended(alice, run)["status"] == "done"
    for method in ("GET", "DELETE"):
        one, other = bob.request(method, "/threads/farm"), bob.request(method, "/threads/never")
        assert (one.status_code, one.content) == (404, other.content)
    resumed = bob.post("/runs", json={"thread": "farm", "resume": True}).json()["id"]
    assert ended(bob, resumed)["error"]["code"] == "nothing_to_resume"
    assert len(alice.get("/threads/farm").json()["turns"]) == 1


def test_two_turns_of_a_thread_at_once_both_stand_in_its_history(alice: httpx.Client, gate: Gate) -> None:
    runs = [begun(alice, thread="farm", text=text) for text in ("First.", "Second.")]
    gate.open.set()
    assert [ended(alice, run)["status"] for run in runs] == ["done", "done"]
    turns = alice.get("/threads/farm").json()["turns"]
    assert sorted(turn["request"]["text"] for turn in turns) == ["First.", "Second."]
    assert [turn["request"]["thread"] for turn in turns] == ["farm", "farm"]


def test_a_thread_is_deleted_with_its_files_and_not_while_it_runs(alice: httpx.Client, gate: Gate,
    data_dir: Path) -> None:
    made = alice.post("/files", files={"file": ("note.txt", b"some")}).json()
    run = begun(alice, thread="farm", files=[made["id"]])
    assert gate.began.wait(WAIT)
    assert alice.delete("/threads/farm").status_code == 409
    gate.open.set()
    ended(alice, run)
    turn = alice.get("/threads/farm").json()["turns"][0]
    (attached,) = turn["request"]["files"]
    assert alice.get(attached).content == b"some"
    assert alice.delete("/threads/farm").status_code == 204
    assert [alice.get(path).status_code for path in (attached, "/threads/farm", f"/runs/{run}")] == [404, 404, 404]
    assert [path.read_bytes() for path in (data_dir / "artifacts").rglob("note.txt")] == [b"some"]  # the upload itself
    assert alice.delete("/threads/farm").status_code == 404


def test_a_client_that_reads_nothing_holds_up_nobody(alice: httpx.Client, bob: httpx.Client, gate: Gate,
    served: Served) -> None:
    body = json.dumps({"text": "Shorten it."}).encode()
    with socket.create_connection(("127.0.0.1", urlsplit(served.address).port or 0)) as mute:
        mute.sendall(b"POST /runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice\r\n"
                     b"Accept: text/event-stream\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert gate.began.wait(WAIT)
        quick = begun(bob, text="", plan=[task("translation", text="Short.", target="de")])
        assert ended(bob, quick)["status"] == "done"
        gate.open.set()
        assert ended(alice, begun(alice))["status"] == "done"


def test_two_hundred_slow_readers_hold_up_nobody(alice: httpx.Client, bob: httpx.Client, gate: Gate,
    served: Served) -> None:
    run = begun(alice)
    asked = f"GET /runs/{run}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice\r\n\r\n".encode()
    with ExitStack() as stack:
        readers = []
        for _ in range(200):
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", urlsplit(served.address).port or 0)))
            reader.settimeout(WAIT)
            reader.sendall(asked)
            assert reader.recv(4).startswith(b"HTTP")
            readers.append(reader)
        quick = begun(bob, text="", plan=[task("translation", text="Short.", target="de")])
        assert ended(bob, quick)["status"] == "done"
        assert alice.get(f"/runs/{run}").json()["status"] == "running"
        gate.open.set()
        for reader in readers:
            heard = b""
            while b"event: done" not in heard:
                heard += reader.recv(100) or pytest.fail("the stream ended before it was done")


def test_more_runs_than_the_server_takes_are_told_to_wait(alice: httpx.Client, gate: Gate,
    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.runs.MAX_ACTIVE", 1)
    run = begun(alice)
    refused = alice.post("/runs", json={"text": "Again."})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many")
    assert int(refused.headers["retry-after"]) > 0
    gate.open.set()
    ended(alice, run)
    assert alice.post("/runs", json={"text": "Again."}).status_code == 201


def test_a_server_that_shuts_down_takes_no_more(alice: httpx.Client, gate: Gate, served: Served) -> None:
    gate.open.set()
    served.desk.runs.closing = True
    refused = alice.post("/runs", json={"text": "Again."})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "closing")
    assert int(refused.headers["retry-after"]) > 0
    assert alice.get("/readyz").status_code == 503
    assert alice.get("/healthz").status_code == 200
