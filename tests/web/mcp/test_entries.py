"""The tools themselves: what they take, what they refuse, what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.web.mcp.results import INLINE
from tests.fakes import FakeSource, task
from tests.web.mcp.clients import PNG, in_process, read, said


@pytest.mark.parametrize(("name", "args", "sentence"), [
    ("nothing", {}, "There is no tool 'nothing'"),
    ("translatoin", {}, "did you mean translation"),
    ("x" * 100_000, {}, "There is no tool"),
    ("text-to-video", {"text": "x"}, "No expert here can do text-to-video"),
    ("translation", {"text": "x"}, "target: Field required"),
    ("translation", {"text": "x", "target": "Klingon"}, "not the ISO 639-1 code"),
    ("translation", {"text": "x", "target": "de", "more": 1}, "more: Extra inputs"),
    ("translation", {"text": ["x"], "target": "de"}, "text: Input should be a valid string"),
    ("translation", {"text": "x" * 1_000_000, "target": "de"}, "1,000,000 characters"),
    ("ocr", {"image": "../nowhere.png"}, "There is no file"),
    ("ocr", {"image": "/etc"}, "is not a file but a directory"),
    ("ocr", {"image": "x" * 1_000_000}, "cannot be read"),
    ("ocr", {"image": "a\0b"}, "bytes that are not text"),
    ("ocr", {"image": "data:image/png;base64,AAAA"}, "is not an image file"),
    ("ocr", {"image": "data:nonsense"}, "no comma"),
    ("ocr", {"image": ""}, "at least 1 character"),
    ("ask", {}, "request: Field required"),
    ("ask", {"request": " "}, "The prompt is empty"),
    ("ask", {"request": "x" * 60_000}, "at most 50000 characters"),
    ("ask", {"request": "x", "files": ["nowhere.png"]}, "There is no file 'nowhere.png'"),
    ("ask", {"request": "x", "files": "a.png"}, "files: Input should be a valid list"),
    ("ask", {"request": "x", "thread": "\n"}, "A thread's name"),
    ("summarization", {"text": "Long."}, "It is broken"),
], ids=lambda value: str(value)[:30])
async def test_what_cannot_be_done_is_a_sentence(name: str, args: dict[str, Any], sentence: str,
                                                 data_dir: Path) -> None:
    source = FakeSource({"ocr": [("o", "o", read)], "translation": [("t", "t", Finding({"text": "y"}))],
                         "summarization": [("s", "s", ExpertError("It is broken."))]})
    async with in_process(data_dir, source) as client:
        result = await client.call_tool(name, args)
    assert result.is_error
    assert sentence in said(result)
    assert sentence in result.structured_content["error"]["message"]
    assert len(said(result)) < 500


async def test_a_bug_is_told_as_one_without_what_it_says(data_dir: Path, caplog: pytest.LogCaptureFixture,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("compegpt.web.mcp.sides.request_of", broken)
    async with in_process(data_dir, FakeSource({"ocr": [("o", "o", read)]})) as client:
        result = await client.call_tool("ocr", {"image": "x"})
    assert result.is_error
    assert said(result) == "An internal error stopped it; the server's log says more."
    assert "secret" in caplog.text


@pytest.mark.parametrize(("padding", "kinds"), [(0, ["text", "image", "resource_link"]),
                                               (INLINE, ["text", "resource_link"])], ids=["small", "large"])
async def test_a_large_picture_is_only_linked_to(padding: int, kinds: list[str], data_dir: Path) -> None:
    async def drawn(args: Mapping[str, Any], store: Store) -> Finding:
        path = store.new(".png")
        path.write_bytes(PNG + bytes(padding))
        return Finding({"image": str(path)})

    async with in_process(data_dir, FakeSource({"text-to-image": [("d", "d", drawn)]})) as client:
        result = await client.call_tool("text-to-image", {"text": "A dot."})
    assert [one.type for one in result.content] == kinds


async def test_a_task_tool_asks_no_planner_and_a_failing_expert_does_not_stop_it(data_dir: Path) -> None:
    source = FakeSource({"summarization": [("b", "b", ExpertError("It is broken.")),
                                           ("s", "s", Finding({"text": "Short."}))]})
    async with in_process(data_dir, source, ExpertError("no planner was to be asked")) as client:
        result = await client.call_tool("summarization", {"text": "Long.", "sentences": 2})
    assert said(result) == "Short."
    assert result.structured_content["results"][0]["winner"] == "fake:s"
    assert source.calls[0][1] == {"text": "Long.", "sentences": 2}


async def test_references_in_a_text_are_text_and_names_of_files_need_not_be(data_dir: Path, tmp_path: Path) -> None:
    async def echo(args: Mapping[str, Any], store: Store) -> Finding:
        return Finding({"text": args["text"]})

    picture = tmp_path / "a\udcff.png"
    picture.write_bytes(PNG)
    source = FakeSource({"ocr": [("o", "o", read)], "summarization": [("e", "e", echo)]})
    async with in_process(data_dir, source) as client:
        echoed = await client.call_tool("summarization", {"text": "<resource>-0 is here"})
        named = await client.call_tool("ocr", {"image": picture.as_uri()})
    assert said(echoed) == "‹resource›-0 is here"
    assert said(named) == "read a?.png"


async def test_a_conversation_goes_on_in_its_thread(data_dir: Path) -> None:
    source = FakeSource({"summarization": [("s", "s", Finding({"text": "Short."}))]})
    async with in_process(data_dir, source, [task("summarization", text="Long.")]) as client:
        first = await client.call_tool("ask", {"request": "Shorten it."})
        second = await client.call_tool("ask", {"request": "Again.", "thread": first.structured_content["thread"]})
    assert said(first) == "summarization: ok"
    assert second.structured_content["thread"] == first.structured_content["thread"]
