"""One run's board: where tasks publish their results and dependents wait for them, and each task's race.

Lives in the process only. After an interruption a fresh board gets the results that were finished.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from compegpt.league.form import Trust
from compegpt.schema import Expert, Result

REFUSALS = 2
"""Experts of a source that refuse its key before no other of it is asked: a single one may have its own reasons."""


@dataclass
class Board:
    patience: float = 2.0
    seconds: float = 60.0
    """For one task, from its first expert's start."""
    last: float = float("inf")
    """Event-loop time at which the whole request ends."""
    _results: dict[int, asyncio.Future[Result]] = field(default_factory=dict)
    _races: dict[int, Race] = field(default_factory=dict)

    def publish(self, result: Result) -> None:
        """Make a result known to everybody who waits for it; failures too, so that nobody waits for ever."""
        future = self._future(result["id"])
        if not future.done():
            future.set_result(result)

    async def result(self, task_id: int) -> Result:
        """The result of a task, as soon as it is published."""
        return await asyncio.shield(self._future(task_id))

    def race(self, task_id: int) -> Race:
        """The task's race; a resumed task finds one without reserves, whose quorum is never reached."""
        if task_id not in self._races:
            self._races[task_id] = Race(patience=self.patience, seconds=self.seconds, last=self.last)
        return self._races[task_id]

    def _future(self, task_id: int) -> asyncio.Future[Result]:
        if task_id not in self._results:
            self._results[task_id] = asyncio.get_running_loop().create_future()
        return self._results[task_id]


@dataclass
class Race:
    """The experts of one task side by side: their common deadline, the quorum, and who may step in.

    Once `quorum` experts have answered after t seconds, the others have until max(patience * t, t + 1).
    """

    quorum: int = 1_000
    patience: float = 2.0
    seconds: float = 60.0
    last: float = float("inf")
    reserves: deque[Expert] = field(default_factory=deque)
    k: int = 0
    """The usual number of experts where more may follow after a verdict; 0 where none do."""
    trust: Trust = field(default_factory=Trust)
    """From where on nobody more is needed."""
    first: float | None = None
    """The confidence of the verdict over the one expert that began alone; None where several did."""
    rounds: int = 1
    """How often experts were sent out."""
    refused: Counter[str] = field(default_factory=Counter)
    """How many experts of a source refused its key."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the quorum has answered."""
    started: float | None = None
    hurried: bool = False
    _answered: int = 0
    _limits: set[asyncio.Timeout] = field(default_factory=set)

    @contextmanager
    def lane(self) -> Iterator[asyncio.Timeout]:
        """A time-out that shortens when the quorum is reached; enter it with `async with` around the call.

        Who had to load first, and begins when the quorum has answered, gets the time the others had.
        """
        now, end = asyncio.get_running_loop().time(), self.end()
        limit = asyncio.timeout_at(min(max(self._hurry_until, now + self._allowed), end) if self.hurried else end)
        self._limits.add(limit)
        try:
            yield limit
        finally:
            self._limits.discard(limit)

    def end(self) -> float:
        """Event-loop time at which the task's time ends, counted from its first expert's start."""
        if self.started is None:
            self.started = asyncio.get_running_loop().time()
        return min(self.started + self.seconds, self.last)

    def left(self) -> float:
        """Seconds until the end of the task's time."""
        return self.end() - asyncio.get_running_loop().time()

    def next_reserve(self) -> Expert | None:
        """The best expert that was not called yet and whose source is not known to refuse its key."""
        while self.reserves:
            reserve = self.reserves.popleft()
            if self.refused[reserve.source] < REFUSALS:
                return reserve
        return None

    def again(self, count: int, quorum: int | None) -> list[Expert]:
        """Up to `count` reserves for another round; its time and quorum (None for one less than they are) begin anew,
        the task's deadline stays."""
        found = [one for _ in range(count) if (one := self.next_reserve())]
        if found:
            self.rounds += 1
            self.quorum = max(len(found) - 1, 1) if quorum is None else quorum
            self.settled, self.hurried, self._answered = asyncio.Event(), False, 0
            self._hurry_until, self._began = float("inf"), asyncio.get_running_loop().time()
        return found

    def answered(self) -> None:
        """Count one answer; at the quorum, shorten what the others have left."""
        self._answered += 1
        if self._answered < self.quorum or self.hurried or self.started is None:
            return
        self.settled.set()
        now = asyncio.get_running_loop().time()
        began = self.started if self._began is None else self._began
        taken = now - began
        until = began + max(self.patience * taken, taken + 1.0)
        if until < min(self.started + self.seconds, self.last):
            self.hurried, self._hurry_until, self._allowed = True, until, until - began
            for limit in self._limits:
                if limit.when() is not None and not limit.expired():
                    limit.reschedule(until)

    _began: float | None = None
    """When the round in hand began, where it is not the first."""
    _hurry_until: float = float("inf")
    _allowed: float = 0.0


def now() -> float:
    """Seconds since the epoch: comparable between processes, for the record."""
    return time.time()
