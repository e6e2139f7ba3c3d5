"""What visitors may ask for: their own words, with files that came in through the page, in their own threads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import InputError, NothingToResume, UsageError
from compegpt.events import Selected
from compegpt.schema import Finding, Request
from compegpt.session import Session
from compegpt.threads import in_thread
from compegpt.web.desk import Desk, Own
from compegpt.web.faults import Conflict
from compegpt.web.files import Files
from compegpt.web.runs import Runs
from compegpt.web.ui.talk import Talk
from compegpt.web.ui.visitor import Visitor
from tests.fakes import FakeSource, fake_parts, settings, task

SUM = task("summarization", text="A long text.")
SHORT = Finding({"text": "S."}, confidence=0.9)


@asynccontextmanager
async def talking(data_dir: Path, *plans: Any, expert: Any = SHORT) -> AsyncIterator[tuple[Talk, Desk]]:
    source = FakeSource({"summarization": [("short", "a", expert)]})
    parts = fake_parts(settings(data_dir), source, *plans)
    (data_dir / "uploads").mkdir(parents=True, exist_ok=True)
    async with Session(parts) as session:
        desk = Desk(parts, session, Runs(session), Files(data_dir), True)
        yield Talk(lambda: desk, data_dir / "uploads"), desk


def uploaded(data_dir: Path, text: str = "x") -> Path:
    path = data_dir / "uploads" / "abc" / "note.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def test_a_file_of_the_page_becomes_the_threads_own(data_dir: Path) -> None:
    async with talking(data_dir) as (talk, desk):
        visitor = Visitor.of({})
        request = await talk.request(visitor, "Sum it up", [str(uploaded(data_dir))], ("sign.png",))
        assert [Path(one).name for one in request["files"]] == ["note.txt", "sign.png"]
        assert all(Path(one).is_relative_to(desk.files.places.thread(visitor.full)) for one in request["files"])
        assert request["confined"]


@pytest.mark.parametrize("path", ["/etc/passwd", "{uploads}/../checkpoints.sqlite", "{uploads}", "{uploads}/none.txt",
                                  "note\0.txt", 5, None, {"path": "/etc/passwd"}], ids=repr)
async def test_no_other_file_of_this_machine_comes_in(path: Any, data_dir: Path) -> None:
    async with talking(data_dir) as (talk, _):
        (data_dir / "checkpoints.sqlite").touch()
        if isinstance(path, str):
            path = path.replace("{uploads}", str(data_dir / "uploads"))
        with pytest.raises(InputError, match="did not arrive"):
            await talk.request(Visitor.of({}), "Read it", [path])


async def test_a_link_out_of_the_uploads_leads_nowhere(data_dir: Path) -> None:
    async with talking(data_dir) as (talk, _):
        link = uploaded(data_dir).with_name("link")
        link.symlink_to("/etc/passwd")
        with pytest.raises(InputError, match="did not arrive"):
            await talk.request(Visitor.of({}), "Read it", [str(link)])


@pytest.mark.parametrize(("text", "files", "error"), [
    ("  ", 0, "Say what to do"), ("Read", 51, "50 files at most"), ("Read", 1, "empty"),
], ids=["no words", "too many files", "an empty file"])
async def test_what_cannot_be_asked_is_refused(text: str, files: int, error: str, data_dir: Path) -> None:
    async with talking(data_dir) as (talk, _):
        path = uploaded(data_dir, "")
        with pytest.raises((UsageError, InputError), match=error):
            await talk.request(Visitor.of({}), text, [str(path)] * files)


async def test_a_conversation_is_followed_kept_and_forgotten(data_dir: Path) -> None:
    async with talking(data_dir, [SUM]) as (talk, desk):
        ann, bob = Visitor.of({}), Visitor.of({})
        request = await talk.request(ann, "Sum it up", [str(uploaded(data_dir))])
        run = await talk.begin(ann, request, Own())
        with pytest.raises(Conflict, match="still being answered"):
            await talk.begin(ann, request, Own())
        pictures = [messages async for messages in talk.followed(ann, run)]
        assert pictures[-1][0]["role"] == "user"
        assert "The competition" in str(pictures[-1][-1]["content"].value)
        assert await talk.messages(bob) == []
        assert len(await talk.messages(ann)) == len(pictures[-1])
        desk.runs.drop(ann.full)
        older = await talk.messages(ann)  # from the thread's history, as after a restart
        assert "short</strong> won" in str(older[-1]["content"].value)
        await talk.forget(ann)
        assert await talk.messages(ann) == []
        assert not await in_thread(os.path.exists, request["files"][0])
        await talk.forget(ann)


async def test_stopping_ends_the_visitors_own_run_alone(data_dir: Path) -> None:
    async with talking(data_dir, [SUM]) as (talk, _):
        ann, bob = Visitor.of({}), Visitor.of({})
        runs = [await talk.begin(one, await talk.request(one, "Go", []), Own()) for one in (ann, bob)]
        await talk.stop(ann)
        for run in runs:
            await run.finished()
        assert [run.status for run in runs] == ["stopped", "done"]


async def never(args: Any, store: Any) -> Finding:
    await asyncio.Event().wait()
    return SHORT


async def broken_off(talk: Talk, desk: Desk, visitor: Visitor, request: Request) -> None:
    """The server ends while the expert is at it."""
    run = await talk.begin(visitor, request, Own())
    async for _, event in run.follow():
        if isinstance(event, Selected):
            break
    await desk.runs.close(0)


async def test_what_broke_off_is_shown_and_finished(data_dir: Path) -> None:
    visitor = Visitor.of({})
    async with talking(data_dir, [SUM], expert=never) as (talk, desk):
        assert await talk.interrupted(visitor) is None
        request = await talk.request(visitor, "Sum it up", [str(uploaded(data_dir))])
        await broken_off(talk, desk, visitor, request)
        assert "This was interrupted." not in str([one["content"] for one in await talk.messages(visitor)])
    async with talking(data_dir) as (talk, desk):
        messages = await talk.messages(visitor)
        assert await talk.interrupted(visitor) == request
        assert await talk.interrupted(Visitor.of({})) is None
        assert "note.txt" in messages[0]["content"].value
        assert "This was interrupted." in messages[-1]["content"].value
        run = await talk.finish(visitor, Own())
        assert (await run.finished()).error is None
        assert await talk.interrupted(visitor) is None
        with pytest.raises(NothingToResume, match="Nothing is left"):
            await talk.finish(visitor, Own())


async def test_what_is_being_finished_is_not_finished_twice(data_dir: Path) -> None:
    visitor = Visitor.of({})
    async with talking(data_dir, [SUM], expert=never) as (talk, desk):
        await broken_off(talk, desk, visitor, await talk.request(visitor, "Sum it up", []))
    async with talking(data_dir, expert=never) as (talk, desk):
        await talk.finish(visitor, Own())
        with pytest.raises(NothingToResume, match="Nothing is left"):
            await talk.finish(visitor, Own())
        await desk.runs.close(0)


async def test_a_request_cut_off_before_its_first_step_is_the_one_that_is_shown(
        data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor.of({})
    async with talking(data_dir, [SUM]) as (talk, desk):
        for text in ("The first", "The second"):
            await (await talk.begin(visitor, await talk.request(visitor, text, []), Own())).finished()
        graph = desk.session._graph
        steps = [step async for step in graph.aget_state_history({"configurable": {"thread_id": visitor.full}})]
        begun = next(step.config for step in steps if step.next == ("__start__",))
        monkeypatch.setattr("compegpt.session._config", lambda thread: begun)
        left = await desk.session.interrupted(visitor.full)
        assert left is not None
        assert left["text"] == "The second"
