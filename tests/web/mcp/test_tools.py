"""The MCP server as a process: its tools over standard input and output, in both eras of the protocol."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.web.mcp.clients import ERAS, INITIALIZE, SECONDS, cancelled_call, links, over_stdio, process, said

SOURCE = """
import asyncio
from compegpt import wiring
from compegpt.schema import Finding
from tests.fakes import FakeSource, fake_parts, task

started, cancelled = asyncio.Event(), asyncio.Event()

async def hang(args, store):
    started.set()
    try:
        await asyncio.Event().wait()
    finally:
        cancelled.set()

async def witness(args, store):
    await started.wait()
    if args["text"] == "cancelled?":
        await cancelled.wait()
    return Finding({"text": args["text"]})

async def loud(args, store):
    print("noise on stdout", flush=True)
    __import__("os").write(1, b"native noise")
    __import__("subprocess").run(["cat"])
    return Finding({"text": "Short."})

experts = {"text-generation": [("slow", "a", hang)], "text2text-generation": [("w", "b", witness)],
           "summarization": [("loud", "c", loud)]}
wiring.parts_from = lambda settings: fake_parts(settings, FakeSource(experts), [task("summarization", text="Long.")])
from compegpt.cli import main
main()
"""
"""`main.py` over fake experts: one that hangs, one that tells what became of it, one that prints."""


@ERAS
async def test_a_request_is_answered_by_the_engines_here_and_told_as_it_goes(era: str, data_dir: Path,
                                                                             examples: Path) -> None:
    told: list[str] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async with over_stdio(data_dir, era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("ask", {"request": "Read the text in the picture.",
                                                "files": [str(examples / "sign.png")]}, progress_callback=progress)
    assert {"ask", "ocr", "language-identification"} <= set(tools)
    assert "text-to-video" not in tools
    assert tools["ocr"].input_schema["required"] == ["image"]
    assert (tools["ocr"].title, tools["ocr"].annotations.read_only_hint) == ("Reading the text in a picture", True)
    assert not result.is_error
    assert "GATE" in said(result)
    assert result.structured_content["results"][0]["task"] == "ocr"
    assert "plan: ocr" in told
    assert any(line.startswith("ocr: ") and line.endswith(" won") for line in told)


def content(uri: str) -> bytes:
    """Of a file of this machine."""
    return Path(unquote(urlsplit(uri).path)).read_bytes()


async def test_what_a_task_makes_is_there_to_hear_and_can_be_given_to_the_next(data_dir: Path) -> None:
    async with over_stdio(data_dir) as client:
        spoken = await client.call_tool("text-to-speech", {"text": "Good morning.", "language": "English"})
        (link,) = links(spoken)
        voiced = await client.call_tool("voice-activity-detection", {"audio": link})
    (sound,) = [one for one in spoken.content if one.type == "audio"]
    assert (sound.mime_type, base64.b64decode(sound.data)) == ("audio/wav", content(link))
    assert not voiced.is_error
    assert voiced.structured_content["results"][0]["output"]["data"]


@ERAS
async def test_a_client_that_cancels_stops_the_experts_of_the_process(era: str, data_dir: Path) -> None:
    async with over_stdio(data_dir, era, SOURCE) as client:
        await cancelled_call(client, lambda: client.call_tool("text2text-generation", {"text": "started?"}))
        result = await client.call_tool("text2text-generation", {"text": "cancelled?"})
    assert said(result) == "cancelled?"


def spoken_to(folder: Path, *messages: dict[str, Any], script: str | None = None,
              argv: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """The server as a process that was sent these."""
    env = {"COMPEGPT_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen([sys.executable, *process(*argv, script=script)], cwd=ROOT, env=env,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert started.stdin is not None
    for message in messages:
        started.stdin.write(json.dumps(message).encode() + b"\n")
    started.stdin.flush()
    return started


SUMMARIZE = {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
             "params": {"name": "summarization", "arguments": {"text": "Long."}}}


def test_the_end_of_input_ends_it_and_nothing_but_messages_was_written(data_dir: Path) -> None:
    running = spoken_to(data_dir, INITIALIZE, SUMMARIZE, script=SOURCE)
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(2)]
    rest, errors = running.communicate(timeout=SECONDS)
    assert [json.loads(line)["id"] for line in lines] == [1, 2]
    assert json.loads(lines[1])["result"]["content"][0]["text"] == "Short."
    assert (running.returncode, rest, errors) == (0, b"", b"")


def test_an_end_of_input_before_anything_was_said_is_no_failure(data_dir: Path) -> None:
    running = spoken_to(data_dir)
    assert running.communicate(timeout=SECONDS) == (b"", b"")
    assert running.returncode == 0


def test_what_is_no_message_is_passed_over(data_dir: Path) -> None:
    running = spoken_to(data_dir)
    assert running.stdin is not None
    assert running.stdout is not None
    surrogate = json.dumps({**SUMMARIZE, "params": {"name": "summarization", "arguments": {"text": "\ud800"}}})
    for line in (b"nonsense", b"\xff\xfe", b"[" * 100_000, b"{}", b"[]", surrogate.encode(), b""):
        running.stdin.write(line + b"\n")
    running.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
    running.stdin.flush()
    answer = json.loads(running.stdout.readline())
    rest, errors = running.communicate(timeout=SECONDS)
    assert answer["result"]["serverInfo"]["name"] == "compegpt"
    assert (running.returncode, rest, errors) == (0, b"", b"")


def test_an_interrupt_ends_it_with_130(data_dir: Path) -> None:
    running = spoken_to(data_dir, INITIALIZE)
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    assert running.wait(SECONDS) == 130
    running.communicate()


@pytest.mark.parametrize("argv", [("--top-k", "none"), ("--port", "1"), ("twice",)], ids=lambda argv: argv[0])
def test_a_wrong_flag_is_told_before_a_client_is_answered(argv: tuple[str, ...], data_dir: Path) -> None:
    out, errors = spoken_to(data_dir, argv=argv).communicate(timeout=SECONDS)
    assert out == b""
    assert errors.startswith(b"error: ")


def test_settings_that_do_not_go_together_are_told_when_a_tool_is_called(data_dir: Path) -> None:
    running = spoken_to(data_dir, INITIALIZE, SUMMARIZE, argv=("--experts", "nobody"))
    assert running.stdout is not None
    answers = [json.loads(running.stdout.readline()) for _ in range(2)]
    _, errors = running.communicate(timeout=SECONDS)
    assert answers[1]["result"]["isError"]
    assert "--experts names 'nobody'" in answers[1]["result"]["content"][0]["text"]
    assert b"--experts names 'nobody'" in errors
