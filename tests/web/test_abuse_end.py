"""A server in a process of its own: how it ends, and what no request may do to it before."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
WAIT = 60.0
"""Seconds until what must happen has failed to."""
SCRIPT = """
import asyncio, sys
from pathlib import Path
from compegpt.schema import Finding
from compegpt.web import server
from tests.fakes import FakeSource, fake_parts, settings, task

folder, server.LAST = Path(sys.argv[1]), float(sys.argv[2])

async def slow(args, store):
    (folder / "began").touch()
    while not (folder / "open").exists():
        await asyncio.sleep(0.02)
    return Finding({"text": "Through."})

source = FakeSource({"summarization": [("s", "a", slow)]})
parts = fake_parts(settings(folder / "data"), source, [task("summarization", text="Long.")])
server.listen(server.application(parts, page=False), "127.0.0.1", 0)
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def end(self, by: int = signal.SIGTERM) -> None:
        """Tell it to end, and wait until it takes no more connections."""
        self.process.send_signal(by)
        until(lambda: refused(self.port))

    def status(self) -> int:
        """The exit status, once it and all that it started are gone."""
        status = self.process.wait(WAIT)
        with pytest.raises(ProcessLookupError):
            os.killpg(self.process.pid, 0)
        return status


def refused(port: int) -> bool:
    with contextlib.suppress(ConnectionResetError), socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0
    return True


def until(there: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    last = time.monotonic() + WAIT
    while not there():
        assert time.monotonic() < last
        time.sleep(0.02)


@contextlib.contextmanager
def running(folder: Path, seconds: float = 20.0) -> Iterator[Running]:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), str(seconds)], cwd=ROOT, text=True,
                               stderr=subprocess.PIPE, start_new_session=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("CompeGPT at http://"), line + process.stderr.read()
        yield Running(process, line.split()[-1])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def followed(served: Running, body: dict[str, object], then: Callable[[], None] | None = None) -> dict[str, object]:
    """A run's last event; `then` is called once its experts are chosen."""
    with httpx.stream("POST", f"{served.address}/runs", json=body, headers={"Accept": "text/event-stream"},
                      timeout=WAIT) as answer:
        lines = answer.iter_lines()
        if then is not None:
            next(line for line in lines if line == "event: selected")
            then()
        data = [line[6:] for line in lines if line.startswith("data: ")]
    done: dict[str, object] = json.loads(data[-1])
    return done


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=lambda by: by.name)
def test_a_run_that_goes_on_is_finished_and_its_client_hears_it(by: int, tmp_path: Path) -> None:
    def then() -> None:
        until((tmp_path / "began").exists)
        served.end(by)
        (tmp_path / "open").touch()

    with running(tmp_path) as served:
        done = followed(served, {"text": "Shorten it."}, then)
        assert served.status() == 0
    assert (done["status"], done["answer"]) == ("done", "summarization: ok")


def test_a_run_that_takes_too_long_is_parked_and_resumed_by_the_next_server(tmp_path: Path) -> None:
    def then() -> None:
        until((tmp_path / "began").exists)
        served.end()

    with running(tmp_path, 0.5) as served:
        done = followed(served, {"text": "Shorten it.", "thread": "farm"}, then)
        assert served.status() == 0
    assert done["status"] == "failed"
    assert done["error"] == {"code": "interrupted", "retryable": True, "message":
                             "The server shut down in the middle of it; resume its thread to go on."}
    (tmp_path / "open").touch()
    with running(tmp_path) as served:
        done = followed(served, {"thread": "farm", "resume": True})
        turns = httpx.get(f"{served.address}/threads/farm").json()["turns"]
        served.end()
        assert served.status() == 0
    assert (done["status"], done["answer"]) == ("done", "summarization: ok")
    assert [turn["request"]["text"] for turn in turns] == ["Shorten it."]


def test_a_server_that_does_nothing_ends_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        assert httpx.get(f"{served.address}/readyz").json() == {"ready": True}
        served.end()
        assert served.status() == 0


def test_headers_that_never_end_are_cut_off(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        for head in (b"GET /" + b"a" * 10_000_000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2_000_000):
            with (socket.create_connection(("127.0.0.1", served.port), timeout=WAIT) as caller,
                  pytest.raises((BrokenPipeError, ConnectionResetError))):
                caller.sendall(head)
        assert httpx.get(f"{served.address}/healthz").text == "ok"


@pytest.mark.parametrize("host", ["256.0.0.1", "nowhere.invalid", "8.8.8.8"])
def test_an_address_that_is_not_this_machines_is_refused_by_name(host: str, tmp_path: Path) -> None:
    from compegpt.errors import ConfigurationError
    from compegpt.web.server import application, listen
    from tests.fakes import FakeSource, fake_parts, settings

    with pytest.raises(ConfigurationError, match="cannot listen at"):
        listen(application(fake_parts(settings(tmp_path), FakeSource({})), page=False), host, 0)
