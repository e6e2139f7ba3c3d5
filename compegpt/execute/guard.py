"""Around one expert call, each layer one concern: a slot, a deadline, the record of what happened."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

from compegpt.board import Race, now
from compegpt.errors import CompeGPTError, ExpertError, StorageError
from compegpt.schema import Candidate, Expert, Finding

Call = Callable[[], Awaitable[Finding]]
_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""What the system says where a disk takes no more, which is no fault of the engine."""


async def within_slot(slots: asyncio.Semaphore, race: Race, call: Call) -> Finding:
    """At most so many calls at once in the process. Raises TimeoutError where no slot is free before the end."""
    async with asyncio.timeout_at(race.last):
        await slots.acquire()
    try:
        return await call()
    finally:
        slots.release()


async def once_ready(race: Race, ready: AbstractAsyncContextManager[None], call: Call) -> Finding:
    """The call inside of `ready`, which holds what it needs; the task's deadline alone bounds the loading.

    Raises TimeoutError.
    """
    if isinstance(ready, nullcontext):
        return await call()  # the task's time does not begin before there is a slot
    async with AsyncExitStack() as held:
        async with asyncio.timeout_at(race.end()):
            await held.enter_async_context(ready)
        return await call()


async def within_race(race: Race, call: Call, empty_counts: bool) -> Finding:
    """The task's deadline, or less once the quorum has answered; finding nothing counts where it is an answer.

    Raises TimeoutError.
    """
    with race.lane() as limit:
        async with limit:
            finding = await call()
    if empty_counts or not finding.empty:
        race.answered()
    return finding


@dataclass(frozen=True)
class Try:
    """One call of an expert: its record, and what it raised."""

    candidate: Candidate
    error: Exception | None = None


def blank(expert: Expert) -> Candidate:
    """The record of a call that begins now."""
    made: Candidate = {
        "expert": expert.id, "source": expert.source, "family": expert.family, "status": "failed", "output": None,
        "confidence": None, "signals": {}, "score": None, "seconds": 0.0, "error": None, "started": now()}
    return {**made, "why": expert.why} if expert.why else made


async def recorded(expert: Expert, race: Race, call: Call, redacted: Callable[[str], str] = str) -> Try:
    """The call's outcome: what an expert raises is its failure and never leaves the branch.

    `redacted` takes keys out of a text: servers quote what they refuse.
    """
    candidate = blank(expert)
    failure: Exception | None = None
    started = candidate["started"]
    try:
        finding = await call()
        candidate.update({"status": "empty" if finding.empty else "ok", "output": finding.output,
                          "confidence": _clipped(finding.confidence), "note": finding.note})
        if finding.tokens:
            candidate["tokens"] = finding.tokens
        if finding.weakest is not None:
            candidate["weakest"] = min(max(float(finding.weakest), 0.0), 1.0)
    except TimeoutError as error:
        failure = error
        if race.hurried:
            candidate.update({"status": "cancelled", "error": "too slow: the others had answered",
                              "code": ExpertError.code})
        else:
            taken = now() - started
            candidate.update({"status": "timeout", "error": f"no answer within {taken:.1f} s", "code": "deadline"})
    except OSError as error:
        failure, full = error, error.errno in _STORAGE
        candidate.update({"error": f"No file can be written: {error.strerror}" if full else _sentence(error, redacted),
                          "code": StorageError.code if full else ExpertError.code})
    except Exception as error:  # a model's library may raise anything, and whatever it is loses only this candidate
        failure = error
        code = error.code if isinstance(error, CompeGPTError) else ExpertError.code
        candidate.update({"error": _sentence(error, redacted), "code": code})
    candidate["seconds"] = round(now() - started, 4)
    return Try(candidate, failure)


def _clipped(confidence: float | None) -> float | None:
    return None if confidence is None else min(max(float(confidence), 0.0), 1.0)


def _sentence(error: Exception, redacted: Callable[[str], str]) -> str:
    text = redacted(" ".join(str(error).split()))[:300]
    return text if isinstance(error, CompeGPTError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


def plain(value: Any) -> Any:
    """numpy numbers and tuples as plain data, for state and JSON."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else value
