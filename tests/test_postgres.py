"""Conversations in PostgreSQL, on a real server: what is kept, who waits for whom, and what a fault costs."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.conversations import opened
from compegpt.errors import ExpertUnavailable, StorageError
from compegpt.events import Event, Noticed, Responded
from compegpt.media.artifacts import Store
from compegpt.postgres import Shared
from compegpt.schema import Finding, Proposal
from compegpt.session import Session
from compegpt.threads import in_thread
from tests.conftest import ROOT
from tests.fakes import FakePlanner, FakeSource, fake_parts, settings, task
from tests.graphs.test_resume import CHILD, calls
from tests.postgres_server import PASSWORD, Server

pytest_plugins = ["tests.postgres_server"]
PLAN = [task("summarization", 0, text="x"), task("translation", 1, [0], text="<resource>-0", target="es")]
TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


def session(data_dir: Path, url: str, between: Callable[[], None] | None = None,
            **flags: Any) -> Session:
    """A session whose turns do two tasks; `between` is called in a thread in the middle of the first turn's second."""
    first = [between] if between is not None else []

    async def translates(args: Mapping[str, Any], store: Store) -> Finding:
        if first:
            await in_thread(first.pop())
        return Finding({"text": "Corto."})

    source = FakeSource({"summarization": [("one", "a", Finding({"text": "Short."}))],
                         "translation": [("two", "b", translates)]})
    return Session(fake_parts(settings(data_dir, database_url=url, **flags), source, PLAN))


async def turn(of: Session, text: str = "go", thread: str = "t") -> list[Event]:
    return [event async for event in of.stream({"text": text, "files": [], "thread": thread})]


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Noticed)]


async def kept(of: Session, thread: str = "t") -> list[str]:
    return [one["request"]["text"] for one in await of.history(thread)]


def statuses(events: list[Event]) -> list[str]:
    assert isinstance(events[-1], Responded)
    return [one["status"] for one in events[-1].turn["results"]]


@pytest.fixture
async def store(database: str, data_dir: Path) -> AsyncIterator[Any]:
    async with opened(settings(data_dir, database_url=database)) as made:
        yield made


async def test_what_one_server_keeps_another_goes_on_with_and_can_forget(database: str, data_dir: Path,
                                                                         server: Server) -> None:
    async with session(data_dir, database) as first, session(data_dir / "other", database) as second:
        assert notices(await turn(first, "one")) == []
        await turn(second, "two")
        await turn(second, "elsewhere", "other")
        assert await kept(first) == ["one", "two"]
        assert await second.forget("t")
        assert await kept(first) == []
        assert not await second.forget("t")
        assert await kept(first, "other") == ["elsewhere"]
    left = {str(row[0]) for name in TABLES
            for row in server.do(f"select thread_id from {name}", database.rpartition("/")[2])}
    assert left == {"other"}


@pytest.mark.parametrize("odd", ["nothing\0here", "not UTF-8 \udcff", "🦉 Grüße"], ids=["NUL", "surrogate", "letters"])
async def test_an_answer_of_any_letters_is_kept(odd: str, database: str, data_dir: Path) -> None:
    source = FakeSource({})
    async with Session(fake_parts(settings(data_dir, database_url=database), source, [], reply=odd)) as made:
        assert notices(await turn(made)) == []
        assert await kept(made) == ["go"]


async def test_a_second_server_waits_for_the_turn_of_the_first(database: str, data_dir: Path) -> None:
    async with session(data_dir, database) as one, session(data_dir, database) as other:
        async with one._kept.alone("t", lambda: None, 5):
            stream = other.stream({"text": "go", "files": [], "thread": "t"})
            assert notices([await anext(stream)]) == ["Waiting for another turn of thread 't' to end."]
        assert statuses([event async for event in stream]) == ["ok", "ok"]


async def test_a_second_server_waits_no_longer_than_its_deadline(database: str, data_dir: Path) -> None:
    async with session(data_dir, database) as one, session(data_dir, database, deadline=0.2) as other:
        async with one._kept.alone("t", lambda: None, 5):
            with pytest.raises(ExpertUnavailable, match="still running"):
                await turn(other)
        assert statuses(await turn(other)) == ["ok", "ok"]


async def test_a_hundred_turns_of_one_thread_run_one_by_one_on_few_connections(store: Shared, server: Server) -> None:
    inside, most = 0, 0

    async def one(thread: str) -> None:
        nonlocal inside, most
        async with store.alone(thread, lambda: None, 60):
            inside += thread == "t"
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= thread == "t"

    await asyncio.gather(*(one("t") for _ in range(50)), *(one(f"t{number}") for number in range(50)))
    assert most == 1
    connections = server.do("select count(*) from pg_stat_activity where datname like 'test_%'")
    assert connections == [(2,)]


@pytest.mark.parametrize("steps", range(8))
async def test_who_is_cancelled_while_he_takes_a_lock_leaves_it_free(steps: int, store: Shared, server: Server) -> None:
    async def takes() -> None:
        async with store.alone("t", lambda: None, 5):
            await asyncio.Event().wait()

    taking = asyncio.create_task(takes())
    for _ in range(steps):
        await asyncio.sleep(0)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    async with store.alone("t", lambda: None, 5):
        assert server.do("select count(*) from pg_locks where locktype = 'advisory'") == [(1,)]
    assert server.do("select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


HOLDER = '''
import asyncio, sys
from compegpt.postgres import shared

async def main():
    async with shared(sys.argv[1]) as store, store.alone("t", lambda: None, 5):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
'''


def started(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT)


async def test_a_killed_process_leaves_its_locks_free(store: Shared, database: str) -> None:
    with started(HOLDER, database) as holder:
        assert holder.stdout is not None
        assert await in_thread(holder.stdout.readline) == "held\n"
        with pytest.raises(TimeoutError):
            async with store.alone("t", lambda: None, 0.2):
                raise AssertionError("two have it")
        holder.send_signal(signal.SIGKILL)
    async with store.alone("t", lambda: None, 20):
        pass


def test_a_killed_turn_is_finished_without_repeating_what_it_had_finished(tmp_path: Path, database: str,
                                                                          server: Server) -> None:
    script = CHILD.replace("task_deadline=600", "task_deadline=600, database_url=sys.argv[3]")

    def written() -> int:
        rows = server.do("select count(*) from checkpoint_writes where channel = 'results' and checkpoint_ns = ''",
                         database.rpartition("/")[2])
        return int(str(rows[0][0]))

    with started(script, "first", str(tmp_path), database) as first:
        while first.poll() is None and (written() < 3 or len(calls(tmp_path)) < 4):
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
    with started(script, "second", str(tmp_path), database) as second:
        output, _ = second.communicate()
    assert output.splitlines()[-1] == "Responded 2"
    assert sorted(calls(tmp_path)) == sorted(
        ["first done", "first after done", "first quick", "first slow", "second slow", "second last"])


async def test_a_server_that_stops_in_the_middle_loses_no_answer_and_is_told_once(database: str, data_dir: Path,
                                                                                  server: Server) -> None:
    async with session(data_dir, database, between=server.stop) as made:
        events = await turn(made, "lost")
        assert statuses(events) == ["ok", "ok"]
        assert len(notices(events)) == 1
        assert "This turn is not kept for later ones: The database 'test_" in notices(events)[0]
        assert PASSWORD not in notices(events)[0]
        with pytest.raises(StorageError, match="Connection refused"):
            await turn(made, "refused")
        server.start()
        assert statuses(await turn(made, "kept")) == ["ok", "ok"]
        assert await kept(made) == ["kept"]


async def test_a_competition_begins_though_the_server_stopped_before_it(database: str, data_dir: Path,
                                                                        server: Server) -> None:
    class Stopping(FakePlanner):
        async def plan(self, *asked: Any) -> Proposal:
            await in_thread(server.stop)
            return await super().plan(*asked)

    async with session(data_dir, database) as made:
        made.parts = replace(made.parts, planner=Stopping(PLAN))
        assert statuses(await turn(made)) == ["ok", "ok"]


async def test_a_turn_that_lost_its_lock_adds_nothing_more(database: str, data_dir: Path, server: Server) -> None:
    """Another server may have the thread by then, and may have gone on with it."""
    def lose() -> None:
        server.do("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")

    async with session(data_dir, database, between=lose) as made:
        events = await turn(made, "lost")
        assert statuses(events) == ["ok", "ok"]
        assert "that kept others from this conversation was closed" in notices(events)[0]
        await turn(made, "kept")
        assert await kept(made) == ["kept"]


async def test_connections_that_were_broken_off_between_turns_cost_nothing(database: str, data_dir: Path,
                                                                           server: Server) -> None:
    async with session(data_dir, database) as made:
        await turn(made, "one")
        server.do("select pg_terminate_backend(pid) from pg_stat_activity where datname like 'test_%'")
        assert notices(await turn(made, "two")) == []
        assert await kept(made) == ["one", "two"]
