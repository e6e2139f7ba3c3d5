"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[..., T], *args: Any) -> T:
    """Run `call` in a daemon thread that does nothing else meanwhile.

    Unlike the loop's executor it never holds up the end of the process: an engine that hangs is left behind.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_it(value)

    def work() -> None:
        outcome: tuple[Callable[[Any], None], Any]
        try:
            outcome = (future.set_result, call(*args))
        except BaseException as error:  # carried to the awaiting task, whatever it is
            outcome = (future.set_exception, error if isinstance(error, Exception) else RuntimeError(repr(error)))
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    _begin(work)
    return await future


def aside(call: Callable[..., Any], *args: Any) -> None:
    """Run `call` in a daemon thread for what it leaves behind (a filled cache). Nobody waits for it, so that a few
    threads do all such work."""
    _aside.put(lambda: call(*args))
    if _helpers.acquire(blocking=False):
        _begin(_help)


def _help() -> None:
    try:
        while True:
            _aside.get_nowait()()
    except Empty:
        return
    finally:
        _helpers.release()
        if not _aside.empty() and _helpers.acquire(blocking=False):  # something came in between
            _begin(_help)


ASIDE = 2
"""Threads that work aside at once."""
_aside: SimpleQueue[Callable[[], Any]] = SimpleQueue()
_helpers = threading.BoundedSemaphore(ASIDE)


class Worker(threading.Thread):
    """A daemon thread that does one thing after another; which saves the start of a thread, during which the starter
    stands still."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="worker")
        self.work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self) -> None:
        while True:
            try:
                work = self.work.get(timeout=LINGER)
            except Empty:
                try:
                    _idle.remove(self)
                except ValueError:  # somebody has taken it meanwhile: its work is on the way
                    continue
                return
            work()
            _idle.append(self)


LINGER = 10.0
"""Seconds that an idle thread waits for work."""
_idle: list[Worker] = []


def _begin(work: Callable[[], None]) -> None:
    """Have `work` done by a thread that has nothing to do, or by a new one."""
    try:
        worker = _idle.pop()
    except IndexError:
        worker = Worker()
        worker.start()
    worker.work.put(work)
