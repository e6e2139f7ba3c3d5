"""One branch of a competition: a contender, later tries of it, and the reserves that step in for it.

- Where it fails, the next in rank takes its place at once; where trying again may help, it is tried again beside that.
- Where it stays silent for long, the next in rank starts beside it.
- The first that stands ends the branch. Once the quorum has answered, nobody waits for another try.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from compegpt.board import Race, now
from compegpt.errors import AuthenticationError, ExpertUnavailable
from compegpt.execute.guard import Try, blank
from compegpt.schema import Candidate, Expert

PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds before the second try, doubled for each later one up to the longest, where its server does not say."""
HEDGE, LONGEST_SILENCE = 0.4, 8.0
"""A reserve starts beside one that is silent for this part of the time that was left, or this many seconds."""


@dataclass
class Branch:
    """`attempt` makes one call and never raises for what an expert does; `tell` takes each candidate as it comes."""

    race: Race
    attempt: Callable[[Expert], Awaitable[Try]]
    tell: Callable[[Candidate], None]
    empty_counts: bool = True
    """Whether who found nothing has answered."""
    hedged: bool = True
    """Whether silence calls for a reserve: not where a model of this machine is being loaded."""
    _candidates: dict[str, Candidate] = field(default_factory=dict)
    _running: dict[asyncio.Task[Try | None], tuple[Expert, int]] = field(default_factory=dict)
    """Each with its expert and the number of the try."""
    _began: dict[str, float] = field(default_factory=dict)
    """When each expert was called first, in seconds since the epoch."""
    _hedge_at: float | None = None
    """Event-loop time at which the silence is too long."""

    async def run(self, first: Expert) -> list[Candidate]:
        """Every expert that was called, with what came of its last try."""
        self._start(first, 1, self.attempt(first))
        if self.hedged:
            patience = min(HEDGE * self.race.left(), LONGEST_SILENCE)
            self._hedge_at = asyncio.get_running_loop().time() + patience
        try:
            while self._running and not await self._step():
                pass
        finally:
            await self._stop_the_rest()
        return list(self._candidates.values())

    async def _step(self) -> bool:
        """Wait for the next call to end, or for a silence that is too long; whether somebody stands now."""
        done, _ = await asyncio.wait(self._running, timeout=self._until_hedge(), return_when=asyncio.FIRST_COMPLETED)
        if not done:
            self._hedge_at = None
            if not self.race.settled.is_set():
                self._start_reserve()
        stands = False
        for task in done:
            expert, number = self._running.pop(task)
            tried = task.result()
            if tried is None:
                continue  # nobody waited for another try
            self._keep(tried.candidate)
            status = tried.candidate["status"]
            answered = status in ("ok", "abstained") or (status == "empty" and self.empty_counts)
            stands = stands or answered
            if not answered and status in ("failed", "empty") and not self.race.hurried:
                self._replace(expert, number, tried.error)
        return stands

    def _replace(self, expert: Expert, number: int, error: Exception | None) -> None:
        if isinstance(error, AuthenticationError):
            self.race.refused[expert.source] += 1
        self._start_reserve()
        pause = self._pause(number, error)
        if pause is not None:
            self._start(expert, number + 1, self._again(expert, pause))

    def _pause(self, number: int, error: Exception | None) -> float | None:
        """Seconds before another try; None where there is none worth making inside the task's time."""
        if not isinstance(error, ExpertUnavailable) or number >= error.tries:
            return None
        usual = min(PAUSE * 2 ** (number - 1), LONGEST_PAUSE) * random.uniform(0.8, 1.2)
        pause = usual if error.retry_after is None else max(error.retry_after, 0.1)
        return pause if pause < self.race.left() else None

    async def _again(self, expert: Expert, pause: float) -> Try | None:
        try:
            async with asyncio.timeout(pause):
                await self.race.settled.wait()
        except TimeoutError:
            return await self.attempt(expert)
        return None

    def _start_reserve(self) -> None:
        reserve = self.race.next_reserve()
        if reserve is not None:
            self._start(reserve, 1, self.attempt(reserve))

    def _start(self, expert: Expert, number: int, call: Awaitable[Try | None]) -> None:
        self._began.setdefault(expert.id, now())
        self._running[asyncio.ensure_future(call)] = (expert, number)

    def _until_hedge(self) -> float | None:
        """Seconds until the silence is too long; None where nobody could step in, or the quorum has answered."""
        if self._hedge_at is None or not self.race.reserves or self.race.settled.is_set():
            return None
        return max(self._hedge_at - asyncio.get_running_loop().time(), 0.0)

    def _keep(self, candidate: Candidate) -> None:
        before = self._candidates.get(candidate["expert"])
        if before is not None:  # a later try: its time counts from the first
            candidate = {**candidate, "seconds": round(
                candidate["seconds"] + candidate["started"] - before["started"], 4), "started": before["started"]}
        self._candidates[candidate["expert"]] = candidate
        self.tell(candidate)

    async def _stop_the_rest(self) -> None:
        """Cancel who still runs; one that had not answered is on the record as not needed."""
        rest, self._running = self._running, {}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for expert, _ in rest.values():
            if expert.id not in self._candidates:
                self._keep(self._unneeded(expert))

    def _unneeded(self, expert: Expert) -> Candidate:
        began = self._began[expert.id]
        seconds = round(now() - began, 4)
        return {**blank(expert), "status": "cancelled", "started": began, "seconds": seconds,
                "error": f"not needed: silent for {seconds:.1f} s when another one answered"}
