"""Checkpoints on a disk that is full: the turn is answered all the same, and its owner is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.checkpoints import Checkpoints
from compegpt.events import Noticed, Responded
from compegpt.schema import Finding
from compegpt.session import Session
from compegpt.threads import in_thread
from tests.fakes import FakeSource, fake_parts, settings, task

PLAN = [task("summarization", 0, text="x"), task("translation", 1, [0], text="<resource>-0", target="es")]
EXPERTS: Any = {"summarization": [("one", "a", Finding({"text": "Short. " * 20_000}))],
                "translation": [("two", "b", Finding({"text": "Corto."}))]}


async def limited(session: Session, pages: int) -> None:
    """Let the store grow to so many pages; SQLite then says that the disk is full."""
    saver: Any = session._graph.checkpointer
    assert isinstance(saver, Checkpoints)
    await saver.conn.execute(f"PRAGMA max_page_count = {pages}")


async def test_a_disk_that_fills_up_in_the_middle_loses_no_answer_and_is_told_once(data_dir: Path) -> None:
    source = FakeSource(EXPERTS)
    async with Session(fake_parts(settings(data_dir), source, PLAN)) as session:
        await limited(session, 1)
        events = [event async for event in session.stream({"text": "go", "files": [], "thread": "t"})]
        assert [type(event) for event in events][-1] is Responded
        assert [one["status"] for one in events[-1].turn["results"]] == ["ok", "ok"]
        notices = [event.text for event in events if isinstance(event, Noticed)]
        assert len(notices) == 1
        assert "full" in notices[0]
        assert str(data_dir) in notices[0]
        assert len(source.calls) == 2


async def test_the_turn_after_space_was_made_is_kept_and_tells_nothing(data_dir: Path) -> None:
    async with Session(fake_parts(settings(data_dir), FakeSource(EXPERTS), PLAN)) as session:
        await limited(session, 1)
        async for _ in session.stream({"text": "lost", "files": [], "thread": "t"}):
            pass
        await limited(session, 1_000_000)
        events = [event async for event in session.stream({"text": "kept", "files": [], "thread": "t"})]
        assert not [event for event in events if isinstance(event, Noticed) and "full" in event.text]
        assert (await session.history("t"))[-1]["request"]["text"] == "kept"


def spoil(folder: Path) -> None:
    folder.mkdir()
    (folder / "checkpoints.sqlite").write_bytes(b"not a database at all" * 500)


async def test_a_store_that_is_no_database_is_named_and_the_turn_is_answered(data_dir: Path) -> None:
    await in_thread(spoil, data_dir)
    async with Session(fake_parts(settings(data_dir), FakeSource(EXPERTS), PLAN)) as session:
        events = [event async for event in session.stream({"text": "go", "files": [], "thread": "t"})]
        assert isinstance(events[0], Noticed)
        assert "checkpoints.sqlite' cannot be used (file is not a database)" in events[0].text
        assert isinstance(events[-1], Responded)
