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
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, cast

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from langgraph.types import StateSnapshot

from compegpt.context import Context
from compegpt.conversations import opened
from compegpt.errors import ExpertTimeout, ExpertUnavailable, NothingToResume
from compegpt.events import Event, Judged, Noticed, Planned
from compegpt.media.places import Places
from compegpt.schema import Request, Result, Turn
from compegpt.state import Asked
from compegpt.threads import in_thread
from compegpt.wiring import Parts
from graphs.compegpt import builder

GRACE = 5.0
"""Seconds past the request's deadline for judging and writing what there is."""


class Session:
    """Threads of turns over one checkpoint store; use as an async context manager.

    Where the data directory cannot be written, turns are kept in memory and each says so.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Session:
        import filelock.asyncio  # noqa: F401 (the first turn need not wait for it)

        self._kept = await self._stack.enter_async_context(opened(self.parts.settings))
        self._graph = builder.compile(checkpointer=self._kept.saver)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self._stack.aclose()
        if self.parts.league is not None:
            await in_thread(self.parts.league.settled, GRACE)

    async def stream(self, request: Request, resume: bool = False,
                     parts: Parts | None = None) -> AsyncGenerator[Event, None]:
        """Run one turn of `request["thread"]`, or finish its interrupted one; ends with `Responded`.

        `parts` in place of the session's own (an asker's keys, another choice of experts) serve this turn alone.

        Raises NothingToResume, ExpertTimeout when the request's deadline (and a little grace) passes, ExpertUnavailable
        when another turn holds the thread that long, StorageError when the store fails on the way. Closing the
        iterator cancels everything the turn had started.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        turn = asyncio.create_task(self._turn(request, resume, queue, parts or self.parts))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await turn
        finally:
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

    async def history(self, thread: str) -> list[Turn]:
        """The finished turns of a thread, oldest first. Raises StorageError."""
        try:
            state = await self._graph.aget_state(_config(thread))
        except self._kept.faults as error:
            raise self._kept.failed(error) from error
        turns: list[Turn] = state.values.get("history", [])
        return turns

    async def interrupted(self, thread: str) -> Request | None:
        """The request of a turn that was broken off and can be resumed. Raises StorageError."""
        try:
            state = await self._graph.aget_state(_config(thread))
        except self._kept.faults as error:
            raise self._kept.failed(error) from error
        if not state.next:
            return None
        begun = [task.result for task in state.tasks if task.name == "__start__"]  # not among the values yet
        request: Request | None = ((begun[0] if begun else None) or state.values).get("request")
        return request

    async def forget(self, thread: str) -> bool:
        """Remove a thread with its files, once no turn of it runs; whether there was one.

        Raises ExpertUnavailable where a turn goes on for too long, StorageError.
        """
        known = False
        try:
            async with self._alone(thread, lambda: None, GRACE):
                known = (await self._graph.aget_state(_config(thread))).created_at is not None
                await self._kept.saver.adelete_thread(thread)
                places = Places(self.parts.settings.data_dir)
                known = await in_thread(places.forget, thread) or known
        except self._kept.faults as error:
            raise self._kept.failed(error) from error
        return known

    async def _turn(self, request: Request, resume: bool, queue: asyncio.Queue[Event | None], parts: Parts) -> None:
        """The turn as a task of its own, so that its deadline never strikes in the reader's code."""
        seconds, thread = parts.settings.deadline, request["thread"]
        try:
            if self._kept.notice:
                queue.put_nowait(Noticed(self._kept.notice))

            def waiting() -> None:
                queue.put_nowait(Noticed(f"Waiting for another turn of thread '{_shown(thread)}' to end."))

            async with self._alone(thread, waiting, seconds), asyncio.timeout(seconds + GRACE):
                try:
                    await self._run(request, resume, queue, parts)
                finally:
                    await self._kept.settled()
        except TimeoutError as error:
            raise ExpertTimeout(f"The request's deadline of {seconds:g} s passed; "
                                "give --deadline more seconds.") from error
        except self._kept.faults as error:
            raise self._kept.failed(error) from error
        finally:
            queue.put_nowait(None)

    @contextlib.asynccontextmanager
    async def _alone(self, thread: str, waiting: Callable[[], None], seconds: float) -> AsyncIterator[None]:
        """Hold the thread against all others. Raises ExpertUnavailable where it is not free within `seconds`."""
        async with contextlib.AsyncExitStack() as held:
            try:
                await held.enter_async_context(self._kept.alone(thread, waiting, seconds))
            except TimeoutError as error:
                raise ExpertUnavailable(f"Another turn of thread '{_shown(thread)}' is still running; try again when "
                                        "it has ended, or use another --thread.") from error
            yield

    async def _run(self, request: Request, resume: bool, queue: asyncio.Queue[Event | None], parts: Parts) -> None:
        config = _config(request["thread"])
        self._kept.unsaved(request["thread"])
        state = await self._graph.aget_state(config, subgraphs=resume)
        context = parts.context(request["thread"])
        given: Asked | None = {"request": request}
        if resume:
            if not state.next:
                raise NothingToResume(f"Thread '{_shown(request['thread'])}' has no interrupted turn to resume.")
            finished = _finished(state)
            given, context = None, _with_finished(context, finished)
            for told in _told_before(state.values, finished):
                queue.put_nowait(told)
        elif state.next:
            queue.put_nowait(Noticed(f"The last turn of thread '{_shown(request['thread'])}' was interrupted; "
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
        error = self._kept.unsaved(thread)
        if error is not None:
            queue.put_nowait(Noticed(f"This turn is not kept for later ones: {self._kept.failed(error)}"))
        return error is not None


def _shown(thread: str) -> str:
    """A thread's name without its owner."""
    return thread.partition("/")[2] or thread


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
