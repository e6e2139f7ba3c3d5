"""Work beside the loop: threads are used again, one that hangs holds up nobody, and little work aside needs few."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from compegpt import threads
from compegpt.threads import ASIDE, aside, in_thread


async def test_what_is_done_one_after_the_other_takes_one_thread() -> None:
    seen = {await in_thread(threading.get_ident) for _ in range(20)}
    assert len(seen) <= 2  # one may not have said yet that it is idle


async def test_work_that_hangs_holds_up_no_other() -> None:
    free = threading.Event()
    hanging = [asyncio.create_task(in_thread(free.wait)) for _ in range(20)]
    try:
        assert await in_thread(lambda: 7) == 7
    finally:
        free.set()
        assert await asyncio.gather(*hanging) == [True] * 20


async def test_what_is_raised_is_raised_here_and_the_thread_lives() -> None:
    def wrong() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_thread(wrong)
    assert await in_thread(lambda: 1) == 1


async def test_work_aside_is_all_done_by_few_threads() -> None:
    left, done = 50, threading.Event()
    at_once, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_once, most, left
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.002)
        with lock:
            at_once -= 1
            left -= 1
            if not left:
                done.set()

    for _ in range(50):
        aside(work)
    assert await asyncio.to_thread(done.wait, 30)
    assert most <= ASIDE


async def test_an_idle_thread_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LINGER", 0.01)
    worker = threads.Worker()
    threads._idle.append(worker)
    worker.start()
    await asyncio.to_thread(worker.join, 30)
    assert not worker.is_alive()
    assert worker not in threads._idle
