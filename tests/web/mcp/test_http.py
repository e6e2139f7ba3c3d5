"""The MCP server over HTTP: behind the door, with each owner's own files, sessions and runs."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from tests.conftest import ROOT
from tests.fakes import FakeSource, task
from tests.web.mcp.clients import ERAS, INITIALIZE, PNG, SECONDS, cancelled_call, drawn, links, over_http, read, said
from tests.web.serving import bearer, serving

ACCEPT = {"Accept": "application/json, text/event-stream"}


class Hanging:
    """An expert that never answers, and what became of it."""

    def __init__(self) -> None:
        self.started, self.cancelled = threading.Event(), threading.Event()

    async def __call__(self, args: Mapping[str, Any], store: Store) -> Finding:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError


def source() -> FakeSource:
    return FakeSource({"ocr": [("o", "o", read)], "canny-control": [("d", "d", drawn)],
                       "summarization": [("s", "s", Finding({"text": "Short."}))]})


def upload(address: str, key: str | None) -> str:
    answer = httpx.post(f"{address}/files", files={"file": ("sign.png", PNG)}, headers=bearer(key) if key else {})
    file_id: str = answer.json()["id"]
    return file_id


def got(address: str) -> httpx.Response:
    return httpx.get(address)


def opened(address: str, **headers: str) -> httpx.Response:
    """The answer to the first message of a session."""
    return httpx.post(f"{address}/mcp", json=INITIALIZE, headers={**ACCEPT, **headers})


@ERAS
async def test_over_http_files_are_uploads_and_what_is_made_has_an_address(era: str, data_dir: Path) -> None:
    told: list[str | None] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(message)

    with serving(data_dir, source(), [task("summarization", text="Long.")]) as served:
        file_id = upload(served.address, None)
        async with over_http(served.address, era=era) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            asked = await client.call_tool("ask", {"request": "Shorten it."}, progress_callback=progress)
            known = await client.call_tool("ocr", {"image": file_id})
            inline = await client.call_tool("ocr", {"image": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"})
            made = await client.call_tool("canny-control", {"image": "/examples/sign.png"})
            (link,) = links(made)
            again = await client.call_tool("ocr", {"image": link})
        fetched = got(link)
    assert names == ["ask", "summarization", "ocr", "canny-control"]
    assert (said(asked), told[-1]) == ("summarization: ok", "answered")
    assert "summarization: fake:s won" in told
    assert (said(known), said(inline)) == ("read sign.png", "read data.png")
    assert link.startswith(f"{served.address}/files/")
    assert fetched.content == PNG
    assert str(data_dir) not in made.model_dump_json()
    assert made.structured_content["results"][0]["output"]["image"] == link
    assert said(again).startswith("read ")


@ERAS
async def test_over_http_a_client_that_cancels_stops_the_experts(era: str, data_dir: Path) -> None:
    hanging = Hanging()
    with serving(data_dir, FakeSource({"text-generation": [("h", "h", hanging)]})) as served:
        async with over_http(served.address, era=era) as client:
            await cancelled_call(client, lambda: asyncio.to_thread(hanging.started.wait, SECONDS))
            assert await asyncio.to_thread(hanging.cancelled.wait, SECONDS)


@ERAS
async def test_nobody_gets_at_anothers_files(era: str, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with serving(data_dir, source(), [task("summarization", text="x")], keys="alice,bob") as served:
        file_id = upload(served.address, "alice")
        async with over_http(served.address, "alice", era) as alice, over_http(served.address, "bob", era) as bob:
            hers = await alice.call_tool("ocr", {"image": file_id})
            made = await alice.call_tool("canny-control", {"image": file_id})
            tried = [await bob.call_tool(*call) for call in (
                ("ocr", {"image": file_id}), ("ocr", {"image": links(made)[0]}),
                ("ask", {"request": "Read it.", "files": [file_id]}),
                ("ask", {"request": f"Read /files/{file_id}/sign.png."}),
                ("ocr", {"image": str(ROOT / "examples" / "sign.png")}), ("ocr", {"image": "../../etc/passwd"}),
                ("ocr", {"image": "/examples/../main.py"}))]
            text = await bob.call_tool("summarization", {"text": str(tmp_path / "secret.txt")})
        refused = opened(served.address)
        args = [args for _, args in served.source.calls]
    assert said(hers) == "read sign.png"
    assert [one.is_error for one in tried] == [True] * len(tried)
    assert {said(one).split(";")[0] for one in tried[:4]} == {
        "There is no such file, or it is not yours, or it has expired"}
    assert all("is no file of yours" in said(one) for one in tried[4:])
    assert not text.is_error
    assert args[-1]["text"] == str(tmp_path / "secret.txt")  # a text, not what the file of that name holds
    assert refused.status_code == 401


def test_a_session_is_its_owners_alone(data_dir: Path) -> None:
    with serving(data_dir, source(), keys="alice,bob") as served:
        first = opened(served.address, **bearer("alice"))
        session = {"Mcp-Session-Id": first.headers["Mcp-Session-Id"], **ACCEPT}
        listed = {key: httpx.post(f"{served.address}/mcp", json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
                                  headers={**bearer(key), **session}).status_code for key in ("alice", "bob")}
    assert first.status_code == 200
    assert listed == {"alice": 200, "bob": 404}


@pytest.mark.parametrize(("host", "status"), [("localhost", 200), ("127.0.0.1:99", 200), ("evil.example", 403)])
def test_only_the_door_says_under_which_names_it_answers(host: str, status: int, data_dir: Path) -> None:
    with serving(data_dir, source()) as served:
        answer = opened(served.address, Host=host)
    assert answer.status_code == status


async def test_a_server_that_closes_ends_its_sessions(data_dir: Path) -> None:
    hanging = Hanging()
    with serving(data_dir, FakeSource({"text-generation": [("h", "h", hanging)]})) as served:
        async with over_http(served.address) as client:
            call = asyncio.create_task(client.call_tool("text-generation", {"text": "x"}))
            await asyncio.to_thread(hanging.started.wait, SECONDS)
            loop = served.desk.runs.active[0]._task.get_loop()  # type: ignore[union-attr]
            closing = asyncio.run_coroutine_threadsafe(served.app.state.mcp.close(), loop)
            await asyncio.wrap_future(closing)
            assert hanging.cancelled.is_set()
            late = opened(served.address)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
    assert late.status_code == 503
    assert late.json()["error"]["code"] == "closing"


def test_a_server_that_is_told_to_end_lets_its_sessions_go(data_dir: Path) -> None:
    running = subprocess.Popen([sys.executable, "main.py", "serve", "--port", "0"], cwd=ROOT, text=True,
                               stderr=subprocess.PIPE, env={**os.environ, "COMPEGPT_DATA_DIR": str(data_dir)})
    assert running.stderr is not None
    try:
        address = running.stderr.readline().split()[-1]
        session = {"Mcp-Session-Id": opened(address).headers["Mcp-Session-Id"]}
        with httpx.stream("GET", f"{address}/mcp", headers={**ACCEPT, **session}, timeout=SECONDS) as listening:
            running.send_signal(signal.SIGTERM)
            heard = "".join(listening.iter_text())  # to its end: a stream that is cut off is an error
        assert (listening.status_code, heard) == (200, "")
        assert running.communicate(timeout=SECONDS) == (None, "")
        assert running.returncode == 0
    finally:
        running.kill()
        running.communicate()
