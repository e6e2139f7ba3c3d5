"""Checkpoints that are being written, and how to wait until none is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any


class Pending:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Around one write of the task that runs."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def settled(self) -> None:
        """Wait for the writes that are under way, which a turn that was broken off leaves behind."""
        while self._tasks:
            await asyncio.wait([*self._tasks])
            for _ in range(3):  # those that waited for these begin now
                await asyncio.sleep(0)
