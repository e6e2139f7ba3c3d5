"""The front door: requests in, typed events out.

1. The thread's lock is taken: turns of one thread run one after the other, in all processes.
2. plan turns the request into tasks; every task starts at once and waits only for its own inputs.
3. select picks k experts per task, execute runs them side by side, judge chooses and publishes the winner.
4. respond writes the answer; the turn joins the thread's history.
5. Each step is checkpointed, so that a broken-off turn can be resumed without repeating what it had finished.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, cast

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import StateSnapshot

from compegpt.context import Context
from compegpt.errors import ExpertTimeout, ExpertUnavailable, NothingToResume, StorageError
from compegpt.events import Event, Judged, Noticed, Planned
from compegpt.schema import Request, Result, Turn
from compegpt.state import Asked
from compegpt.threads import in_thread
from compegpt.wiring import Parts
from graphs.compegpt import builder

GRACE = 5.0
"""Seconds past the request's deadline for judging and writing what there is."""


class Session:
    """Threads of turns over one checkpoint store; use as an async context manager.

    Where the data directory cannot be written, turns are kept in memory and `notice` says so.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.notice: str | None = None
        self._stack = contextlib.AsyncExitStack()
        self._unsaved: dict[str, sqlite3.Error] = {}
        self._settled: Callable[[], Awaitable[None]] = _at_once
        """Waits for the checkpoints that are being written."""

    async def __aenter__(self) -> Session:
        import filelock.asyncio  # noqa: F401 (the first turn need not wait for it)

        saver = await self._saver()
        self._graph = builder.compile(checkpointer=saver)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self._stack.aclose()
        if self.parts.league is not None:
            await in_thread(self.parts.league.settled, GRACE)

    async def stream(self, request: Request, resume: bool = False) -> AsyncGenerator[Event, None]:
        """Run one turn of `request["thread"]`, or finish its interrupted one; ends with `Responded`.

        Raises NothingToResume, ExpertTimeout when the request's deadline (and a little grace) passes, ExpertUnavailable
        when another turn holds the thread that long, StorageError when the store fails on the way. Closing the
        iterator cancels everything the turn had started.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        turn = asyncio.create_task(self._turn(request, resume, queue))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await turn
        finally:
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

    async def history(self, thread: str) -> list[Turn]:
        """The finished turns of a thread, oldest first."""
        state = await self._graph.aget_state(_config(thread))
        turns: list[Turn] = state.values.get("history", [])
        return turns

    async def _turn(self, request: Request, resume: bool, queue: asyncio.Queue[Event | None]) -> None:
        """The turn as a task of its own, so that its deadline never strikes in the reader's code."""
        settings = self.parts.settings
        try:
            if self.notice:
                queue.put_nowait(Noticed(self.notice))
            async with self._alone(request["thread"], queue), asyncio.timeout(settings.deadline + GRACE):
                try:
                    await self._run(request, resume, queue)
                finally:
                    await self._settled()
        except TimeoutError as error:
            raise ExpertTimeout(f"The request's deadline of {settings.deadline:g} s passed; "
                                "give --deadline more seconds.") from error
        except sqlite3.Error as error:
            raise StorageError(f"The data directory '{settings.data_dir}' cannot be written ({error}); "
                               "free some space or set COMPEGPT_DATA_DIR to another folder.") from error
        finally:
            queue.put_nowait(None)

    async def _run(self, request: Request, resume: bool, queue: asyncio.Queue[Event | None]) -> None:
        config = _config(request["thread"])
        self._unsaved.pop(request["thread"], None)
        state = await self._graph.aget_state(config, subgraphs=resume)
        context = self.parts.context()
        given: Asked | None = {"request": request}
        if resume:
            if not state.next:
                raise NothingToResume(f"Thread '{request['thread']}' has no interrupted turn to resume.")
            finished = _finished(state)
            given, context = None, _with_finished(context, finished)
            for told in _told_before(state.values, finished):
                queue.put_nowait(told)
        elif state.next:
            queue.put_nowait(Noticed(f"The last turn of thread '{request['thread']}' was interrupted; "
                                     "this one takes its place."))
        # a subgraph's events come as (namespace, event)
        warned = False
        async for _, event in self._graph.astream(given, config, context=context, stream_mode="custom",
                                                  subgraphs=True, durability="async"):
            warned = warned or self._told_unsaved(request["thread"], queue)
            queue.put_nowait(cast(Event, event))
        if not warned:
            self._told_unsaved(request["thread"], queue)

    def _told_unsaved(self, thread: str, queue: asyncio.Queue[Event | None]) -> bool:
        """Whether this turn's checkpoints cannot be written any more, which becomes a notice."""
        error = self._unsaved.pop(thread, None)
        if error is not None:
            queue.put_nowait(Noticed(
                f"The data directory '{self.parts.settings.data_dir}' cannot be written ({error}): this turn is not "
                "kept for later ones; free some space or set COMPEGPT_DATA_DIR to another folder."))
        return error is not None

    @contextlib.asynccontextmanager
    async def _alone(self, thread: str, queue: asyncio.Queue[Event | None]) -> AsyncIterator[None]:
        """Hold the thread's lock, in this process and among all that share the data directory."""
        if self.notice:
            yield
            return
        from filelock import AsyncFileLock, Timeout

        settings = self.parts.settings
        name = hashlib.sha256(thread.encode()).hexdigest()[:24]
        lock = AsyncFileLock(settings.data_dir / "locks" / f"{name}.lock", is_singleton=False, run_in_executor=False)
        try:
            await lock.acquire(timeout=0)
        except Timeout:
            queue.put_nowait(Noticed(f"Waiting for another turn of thread '{thread}' to end."))
            try:
                await lock.acquire(timeout=settings.deadline)
            except Timeout as error:
                raise ExpertUnavailable(f"Another turn of thread '{thread}' is still running; try again when it has "
                                        "ended, or use another --thread.") from error
        try:
            yield
        finally:
            await lock.release()

    async def _saver(self) -> BaseCheckpointSaver[Any]:
        folder = self.parts.settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / "locks").mkdir(exist_ok=True)
            probe = folder / f".probe-{uuid.uuid4().hex}"
            try:
                probe.write_bytes(b"\0" * 65536)
            finally:
                probe.unlink(missing_ok=True)
            return await self._sqlite(folder / "checkpoints.sqlite")
        except OSError as error:
            self.notice = (f"The data directory '{folder}' cannot be written ({error.strerror}): the conversation is "
                           "not kept and no file can be made; set COMPEGPT_DATA_DIR to another folder.")
        except sqlite3.Error as error:
            self.notice = (f"The conversations in '{folder / 'checkpoints.sqlite'}' cannot be used ({error}), so this "
                           "one is not kept; move that file away or set COMPEGPT_DATA_DIR to another folder.")
        return InMemorySaver()

    async def _sqlite(self, path: Path) -> BaseCheckpointSaver[Any]:
        from compegpt.checkpoints import Checkpoints, Connection

        connection = await self._stack.enter_async_context(Connection(path))
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = Checkpoints(connection, self._unsaved)
        await saver.setup()
        self._settled = saver.settled
        return saver


async def _at_once() -> None:
    """In memory nothing is on its way."""


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def _finished(state: StateSnapshot) -> list[Result]:
    """The results of an interrupted turn, also those that their competition had and not yet handed on."""
    inner = [task.state.values for task in state.tasks if isinstance(task.state, StateSnapshot)]
    found = [result for values in (state.values, *inner) for result in values.get("results", [])]
    return list({result["id"]: result for result in found}.values())


def _told_before(values: dict[str, Any], finished: Sequence[Result]) -> list[Event]:
    """The events of what an interrupted turn had finished, so that who joins now has them all."""
    if "plan" not in values or values.get("answer") is not None:
        return []
    planned = Planned(values["plan"], values["planner"], values["confidence"])
    return [planned, *(Judged(result) for result in finished)]


def _with_finished(context: Context, finished: Sequence[Result]) -> Context:
    """The context for going on: results that were finished stand on its board already."""
    for result in finished:
        context.board.publish(result)
    return replace(context, reused=frozenset(result["id"] for result in finished))
