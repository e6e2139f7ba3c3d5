"""The chat in the browser: what a turn shows, whose files it may use, and that the page is served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from compegpt.schema import Finding
from compegpt.session import Session
from compegpt.web.chat import Chat
from tests.conftest import ROOT
from tests.fakes import FakeSource, fake_parts, settings, task

SPEAK = task("text-to-speech", text="Hello")


async def speaks(args: Any, store: Any) -> Finding:
    path = store.new(".wav")
    path.write_bytes(b"RIFF0000WAVE")
    return Finding({"audio": str(path)})


def experts() -> FakeSource:
    return FakeSource({"text-to-speech": [("voice", "a", speaks)],
                       "summarization": [("short", "b", Finding({"text": "S."}))],
                       "automatic-speech-recognition": [("ear", "c", Finding({"text": "hello"}))]})


@asynccontextmanager
async def chatting(data_dir: Path, *plans: Any) -> AsyncIterator[tuple[Chat, Any]]:
    parts = fake_parts(settings(data_dir), experts(), *plans)
    chat = Chat(data_dir / "web")
    async with Session(parts) as session:
        chat.session = session
        yield chat, parts.planner


async def said(chat: Chat, text: str = "Do it", files: list[str] | None = None, history: int = 0,
               visitor: str = "ann") -> list[dict[str, Any]]:
    """The last messages of one turn."""
    return [shown async for shown in chat.reply({"text": text, "files": files or []}, [{}] * history, visitor)][-1]


async def test_a_turn_shows_its_tasks_as_thoughts_then_the_answer_then_its_files(data_dir: Path) -> None:
    async with chatting(data_dir, [SPEAK]) as (chat, _):
        plan, step, answer, file = await said(chat)
    assert plan["metadata"] == {"title": "Plan: text-to-speech", "id": "plan", "status": "done"}
    assert step["metadata"] == {"title": "text-to-speech: fake:voice won", "id": "task-0", "parent_id": "plan",
                                "status": "done"}
    assert answer["content"] == "text-to-speech: ok"
    copy = Path(file["content"]["path"])
    assert (copy.name, copy.parent.parent) == ("text-to-speech.wav", data_dir / "web")


@pytest.mark.parametrize("plan", [
    [task("ocr", image="/etc/hostname")], [task("ocr", image="/nowhere/at/all.png")],
    [task("summarization", text="/etc/passwd")],
], ids=["a picture here", "a picture nowhere", "a text here"])
async def test_a_file_of_this_machine_that_was_not_attached_is_out_of_reach(plan: Any, data_dir: Path) -> None:
    async with chatting(data_dir, plan) as (chat, planner):
        messages = await said(chat)
        await said(chat, history=2)
    assert "is not attached" in messages[-1]["content"]
    first, second = (request["thread"] for request, _ in planner.asked)
    assert first != second  # what had run before it was stopped cannot be asked for in the next turn


async def test_attached_files_and_those_made_in_the_conversation_can_be_used(data_dir: Path, tmp_path: Path) -> None:
    given = tmp_path / "note.txt"
    given.write_text("A long note.")
    plans: list[Any] = [[task("summarization", text=str(given))], [SPEAK], []]
    async with chatting(data_dir, *plans) as (chat, planner):
        assert "summarization: ok" in (await said(chat, files=[str(given)]))[-1]["content"]
        await said(chat, history=2)
        _, history = planner.asked[-1]
        made = next(iter(chat._conversations["ann"].known - {str(given)}))
        planner._plans.insert(0, [task("automatic-speech-recognition", audio=made)])
        assert "is not attached" not in str(await said(chat, history=4))
        assert len(history) == 1


async def test_visitors_have_threads_of_their_own_and_clearing_begins_a_new_one(data_dir: Path) -> None:
    async with chatting(data_dir, []) as (chat, planner):
        for visitor, history in (("ann", 0), ("ann", 2), ("bob", 2), ("ann", 0)):
            await said(chat, history=history, visitor=visitor)
    ann, again, bob, cleared = (request["thread"] for request, _ in planner.asked)
    assert ann == again
    assert len({ann, bob, cleared}) == 3


@pytest.mark.parametrize(("text", "files", "says"), [("", [], "The prompt is empty"), ("Read", ["/no.png"], "no file")])
async def test_a_refusal_is_a_message(text: str, files: list[str], says: str, data_dir: Path) -> None:
    async with chatting(data_dir, [SPEAK]) as (chat, _):
        assert says in (await said(chat, text, files))[-1]["content"]


SERVED = """
import json, socket, sys, threading, time
from pathlib import Path
import httpx, uvicorn
from compegpt.web.ui import application
from tests.fakes import fake_parts, settings
from tests.test_app import SPEAK, experts

folder = Path(sys.argv[1])
port = socket.create_server(("127.0.0.1", 0)); number = port.getsockname()[1]
served = application(fake_parts(settings(folder), experts(), [SPEAK]))
server = uvicorn.Server(uvicorn.Config(served, log_level="error"))
threading.Thread(target=server.run, kwargs={"sockets": [port]}, daemon=True).start()
from gradio_client import Client
client = Client(f"http://127.0.0.1:{number}", verbose=False)
messages = client.predict({"text": "Say hello", "files": []}, api_name="/chat")
get = lambda path: httpx.get(f"http://127.0.0.1:{number}{path}").status_code
print(json.dumps({"messages": messages, "page": get("/"), "passwd": get("/gradio_api/file=/etc/passwd"),
                  "code": get(f"/gradio_api/file={Path('pyproject.toml').absolute()}"),
                  "checkpoints": get(f"/gradio_api/file={folder / 'checkpoints.sqlite'}")}))
server.should_exit = True
"""


def test_the_page_is_served_answers_and_gives_out_nothing_else(data_dir: Path, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", SERVED, str(data_dir)], cwd=ROOT, capture_output=True, text=True,
                         check=False, timeout=120, env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"})
    assert ran.returncode == 0, ran.stderr
    served = json.loads(ran.stdout.splitlines()[-1])
    assert served["page"] == 200
    assert [one["content"] for one in served["messages"]][2] == "text-to-speech: ok"
    assert (served["passwd"], served["code"], served["checkpoints"]) == (403, 403, 403)
