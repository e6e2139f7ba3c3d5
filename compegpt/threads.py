"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[..., T], *args: Any) -> T:
    """Run `call` in a daemon thread of its own.

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

    threading.Thread(target=work, daemon=True, name=f"engine-{getattr(call, '__name__', 'call')}").start()
    return await future


def aside(call: Callable[..., Any], *args: Any) -> None:
    """Run `call` in a daemon thread for what it leaves behind (a filled cache); nobody waits for it."""
    threading.Thread(target=call, args=args, daemon=True, name=f"aside-{getattr(call, '__name__', 'call')}").start()
