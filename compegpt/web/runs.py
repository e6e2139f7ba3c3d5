"""Runs that outlive their clients: each turn is a task of the server that keeps what it told, so that whoever lost his
connection hears the rest, and a second reader the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
import traceback
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from compegpt.errors import CompeGPTError, InternalError
from compegpt.events import Event
from compegpt.media.places import Places
from compegpt.record import Interrupted, Outcome, artifacts_of, record
from compegpt.schema import Request
from compegpt.session import Session
from compegpt.threads import in_thread
from compegpt.web.faults import Closing, TooMany, Unknown
from compegpt.web.keeping import keep
from compegpt.wiring import Parts

MAX_ACTIVE = 256
"""Runs at once in a process."""
KEPT = 3_600.0
"""Seconds that a finished run can still be asked for; its thread stays."""
MAX_KEPT = 2_000
"""Finished runs that are kept at most."""
log = logging.getLogger(__name__)


@dataclass
class Run:
    """One turn, running or finished."""

    id: str
    owner: str
    request: Request
    outcome: Outcome
    events: list[Event] = field(default_factory=list)
    stopped: bool = False
    """Whether its owner ended it."""
    ended: float | None = None
    """`time.monotonic()` when it ended."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @property
    def status(self) -> str:
        """`running`, `done`, `stopped` or `failed`."""
        if self.ended is None:
            return "running"
        return "stopped" if self.stopped else "done" if self.outcome.turn is not None else "failed"

    async def follow(self, after: int = 0) -> AsyncGenerator[tuple[int, Event], None]:
        """The events from number `after` + 1 on, each with its number, until the run ends."""
        at = after
        while True:
            news = self._news
            for event in self.events[at:]:
                at += 1
                yield at, event
            if self.ended is not None and at >= len(self.events):
                return
            if at >= len(self.events):
                await news.wait()

    async def finished(self) -> Outcome:
        """What the run comes to. Raises nothing: errors stand in the outcome."""
        if self._task is not None:
            await asyncio.wait([self._task])
        return self.outcome

    def tell(self, event: Event | None = None) -> None:
        if event is not None:
            self.events.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()


class Runs:
    """All runs of a process."""

    def __init__(self, session: Session, done: Callable[[Run], None] = lambda run: None) -> None:
        self.session = session
        self.closing = False
        self._done = done
        self._places = Places(session.parts.settings.data_dir)
        self._runs: dict[str, Run] = {}

    @property
    def active(self) -> list[Run]:
        return [run for run in self._runs.values() if run.ended is None]

    def start(self, owner: str, request: Request, resume: bool = False, parts: Parts | None = None) -> Run:
        """Begin a turn; `request["thread"]` is the owner's, as `OWNER/NAME`. Raises Closing, TooMany."""
        if self.closing:
            raise Closing("The server is shutting down; try again in a moment.", retry_after=5)
        if len(self.active) >= MAX_ACTIVE:
            raise TooMany("The server is busy; try again in a moment.", retry_after=2)
        self._sweep()
        run = Run(f"run-{secrets.token_hex(16)}", owner, request,
                  Outcome(thread=request["thread"].partition("/")[2], began=time.time()))
        self._runs[run.id] = run
        run._task = asyncio.create_task(self._followed(run, resume, parts), name=run.id)
        return run

    def find(self, owner: str, run_id: str) -> Run:
        """Raises Unknown, also for another's."""
        run = self._runs.get(run_id)
        if run is None or run.owner != owner:
            raise Unknown("There is no such run; it may have ended more than an hour ago.")
        return run

    def of_thread(self, thread: str) -> list[Run]:
        """The runs of a thread that are kept, oldest first; `thread` as `OWNER/NAME`."""
        return [run for run in self._runs.values() if run.request["thread"] == thread]

    def drop(self, thread: str) -> None:
        """Keep the ended runs of a thread no longer."""
        for run in self.of_thread(thread):
            if run.ended is not None:
                del self._runs[run.id]

    async def stop(self, run: Run) -> None:
        """End a run and everything that it started; one that has ended stays as it is."""
        if run._task is not None and run.ended is None:
            run.stopped = True
            run._task.cancel()
            await asyncio.wait([run._task])

    async def close(self, seconds: float) -> None:
        """Take no more runs, let those that go on finish, and park the rest: what they did stays in their threads."""
        self.closing = True
        tasks = [run._task for run in self.active if run._task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _followed(self, run: Run, resume: bool, parts: Parts | None) -> None:
        begun = time.monotonic()
        error: CompeGPTError | None = None
        try:
            async with contextlib.aclosing(self.session.stream(run.request, resume, parts)) as events:
                async for event in events:
                    run.outcome.take(event)
                    run.tell(event)
            if run.outcome.turn is not None:
                await in_thread(keep, self._places, run.request["thread"], run.outcome.turn)
        except CompeGPTError as wrong:
            error = wrong
        except asyncio.CancelledError:
            error = Interrupted("It was stopped." if run.stopped else
                                "The server shut down in the middle of it; resume its thread to go on.")
        except Exception as bug:
            redacted = (parts or self.session.parts).redacted
            log.error("run %s: %s", run.id, redacted("".join(traceback.format_exception(bug))))
            error = InternalError("An internal error stopped it; the server's log says more.")
        finally:
            run.outcome.error = error
            run.outcome.seconds = time.monotonic() - begun
            run.ended = time.monotonic()
            run.tell()
            self._done(run)

    def _sweep(self) -> None:
        ended = sorted((run for run in self._runs.values() if run.ended is not None), key=lambda run: run.ended or 0.0)
        for place, run in enumerate(ended):
            if time.monotonic() - (run.ended or 0.0) > KEPT or place < len(ended) - MAX_KEPT:
                del self._runs[run.id]


def record_of(run: Run, with_answer: bool = True) -> dict[str, Any]:
    """The JSON object of a run as it stands, with paths. Reads files: call it in a thread."""
    run.outcome.artifacts = artifacts_of(run.outcome.results)
    return record(run.outcome, with_answer)
