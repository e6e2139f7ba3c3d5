"""What the page does when its visitor speaks: runs begin, are followed, are stopped; conversations open and go.

Whatever a browser sends may be made up: it is checked in `Visitor.of` and `Talk.request`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

from compegpt.errors import InputError, NothingToResume, UsageError
from compegpt.schema import Request
from compegpt.threads import in_thread
from compegpt.web.desk import EXAMPLES, MAX_FILES, Desk, Own
from compegpt.web.faults import Conflict, Unknown
from compegpt.web.runs import Run
from compegpt.web.ui.messages import of_interrupted, of_run, of_turn
from compegpt.web.ui.pieces import Message
from compegpt.web.ui.visitor import Visitor

PACE = 0.15
"""Seconds between two pictures of a run; what happens in between is in the next."""


class Talk:
    """Conversations of all visitors over one desk, which is there once the server has started."""

    def __init__(self, desk: Callable[[], Desk], uploads: Path) -> None:
        self._desk = desk
        self._uploads = uploads.resolve()
        """Where Gradio puts what visitors send: the only place from which a message may bring files."""

    async def request(self, visitor: Visitor, text: str, paths: Sequence[Any] = (),
                      examples: Sequence[str] = ()) -> Request:
        """A visitor's request, its files as his thread's own. Raises UsageError, InputError, StorageError."""
        if not text.strip():
            raise UsageError("Say what to do with it, then send.")
        if len(paths) > MAX_FILES:
            raise UsageError(f"A request takes {MAX_FILES} files at most.")
        given = [self._uploaded(path) for path in paths] + [EXAMPLES / name for name in examples]
        desk = self._desk()
        made = await desk.request(visitor.owner, text, thread=visitor.thread)
        places = desk.files.places
        made["files"] += [str(await in_thread(places.taken, path, visitor.full)) for path in given]
        return made

    async def begin(self, visitor: Visitor, request: Request, own: Own) -> Run:
        """Start a run with the visitor's own settings. Raises Conflict where one of his thread goes on, TooMany."""
        desk = self._desk()
        if self.active(visitor) is not None:
            raise Conflict("The last request is still being answered; stop it, or wait for it.")
        return desk.runs.start(visitor.owner, request, parts=await desk.parts_of(own))

    async def interrupted(self, visitor: Visitor) -> Request | None:
        """The open conversation's request that was broken off, where no run shows it. Raises StorageError."""
        desk = self._desk()
        if any(run.outcome.turn is None for run in desk.runs.of_thread(visitor.full)):
            return None
        return await desk.session.interrupted(visitor.full)

    async def finish(self, visitor: Visitor, own: Own) -> Run:
        """Go on with what was interrupted. Raises NothingToResume, TooMany, StorageError."""
        desk, request = self._desk(), await self.interrupted(visitor)
        parts = await desk.parts_of(own)
        if request is None or self.active(visitor) is not None:
            raise NothingToResume("Nothing is left to finish here; send a new request.")
        return desk.runs.start(visitor.owner, request, resume=True, parts=parts)

    def active(self, visitor: Visitor) -> Run | None:
        """The visitor's run of the open conversation that goes on."""
        runs = self._desk().runs.of_thread(visitor.full)
        return next((run for run in runs if run.ended is None), None)

    async def messages(self, visitor: Visitor, but: Run | None = None) -> list[Message]:
        """The open conversation as it stands, but for one run: from the runs that are kept, older turns in brief."""
        desk = self._desk()
        turns = await desk.turns(visitor.full)
        runs = desk.runs.of_thread(visitor.full)
        older = turns[: max(0, len(turns) - sum(run.outcome.turn is not None for run in runs))]
        views = [of_turn(f"turn-{place}", turn, desk.files) for place, turn in enumerate(older)]
        views += [of_run(run, desk.files) for run in runs if run is not but]
        if request := await self.interrupted(visitor):
            views.append(of_interrupted(f"turn-{len(turns)}", request, desk.files))
        return [message for view in views for message in view.messages()]

    async def followed(self, visitor: Visitor, run: Run) -> AsyncGenerator[list[Message], None]:
        """The open conversation again and again until the run ends; who goes away does not end it."""
        earlier = await self.messages(visitor, but=run)
        view, seen = of_run(run, self._desk().files), len(run.events)
        yield [*earlier, *view.messages()]
        async with contextlib.aclosing(run.follow(seen)) as events:
            async for place, event in events:
                view.take(event)
                if place == len(run.events):
                    yield [*earlier, *view.messages()]
                    await asyncio.sleep(PACE)
        view.end(run)
        yield [*earlier, *view.messages()]

    async def stop(self, visitor: Visitor) -> None:
        """End the visitor's run with everything that it started."""
        if run := self.active(visitor):
            await self._desk().runs.stop(run)

    async def forget(self, visitor: Visitor) -> None:
        """Stop and delete the open conversation with its files. Raises ExpertUnavailable, StorageError."""
        await self.stop(visitor)
        with contextlib.suppress(Unknown):  # nothing was asked in it
            await self._desk().forget(visitor.owner, visitor.thread)

    def _uploaded(self, path: Any) -> Path:
        """Raises InputError for a path that is none of an upload."""
        found = Path(path).resolve() if isinstance(path, str) and "\0" not in path else None
        if found is None or not found.is_relative_to(self._uploads) or not found.is_file():
            raise InputError("A file did not arrive; attach it again.")
        if found.stat().st_size == 0:
            raise InputError(f"'{found.name}' is empty (0 bytes); attach a file with content.")
        return found

