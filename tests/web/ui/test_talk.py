"""What visitors may ask for: their own words, with files that came in through the page, in their own threads."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import InputError, UsageError
from compegpt.schema import Finding
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


@asynccontextmanager
async def talking(data_dir: Path, *plans: Any) -> AsyncIterator[tuple[Talk, Desk]]:
    source = FakeSource({"summarization": [("short", "a", Finding({"text": "S."}, confidence=0.9))]})
    parts = fake_parts(settings(data_dir), source, *plans)
    (data_dir / "uploads").mkdir(parents=True)
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
