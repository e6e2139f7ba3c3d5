"""Locks of threads among all servers of a database; PostgreSQL frees them however the process ends that held them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable

import psycopg

from compegpt.postgres.target import Connection, Target, lost

PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks at a lock that somebody else holds, at first and at last."""


class Locks:
    """Advisory locks, all on one connection, which can take a lock twice: callers see to it that nobody here does.

    Statements follow one another in the order in which they were asked for, and none is cancelled: who is cancelled
    while he takes a lock frees it afterwards, whether he got it or not.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: Connection | None = None
        self._asking = asyncio.Lock()
        self._held: dict[str, Connection] = {}
        """What each name was locked on."""

    async def take(self, name: str, waiting: Callable[[], None]) -> None:
        """Wait until nobody else has it; `waiting` is called where that is not at once. Raises psycopg.Error."""
        pause = PAUSE
        while not await asyncio.shield(asyncio.ensure_future(self._take(name))):
            if pause == PAUSE:
                waiting()
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)

    async def free(self, name: str) -> None:
        await asyncio.shield(asyncio.ensure_future(self._free(name)))

    def holds(self, name: str) -> bool:
        """Whether nobody else can have got it since: the connection it was locked on is still there."""
        holder = self._held.get(name)
        if holder is None or holder is not self._connection:
            return False
        return self._asking.locked() or not lost(holder)  # an answer on its way belongs to who asked: he finds out

    async def close(self) -> None:
        """Free all of them."""
        async with self._asking:
            if self._connection is not None:
                await self._connection.close()

    async def _take(self, name: str) -> bool:
        async with self._asking:
            try:
                return await self._taken(name)
            except psycopg.OperationalError:
                if self._connection is not None and not self._connection.closed:
                    raise
                return await self._taken(name)  # on a new connection: the old one was lost

    async def _taken(self, name: str) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = await self._target.connection()
        cursor = await self._connection.execute("select pg_try_advisory_lock(%s) as got", (_key(name),))
        row = await cursor.fetchone()
        assert row is not None
        if row["got"]:
            self._held[name] = self._connection
        return bool(row["got"])

    async def _free(self, name: str) -> None:
        async with self._asking:
            holder = self._held.pop(name, None)
            if holder is not None and holder is self._connection:
                with contextlib.suppress(psycopg.Error):  # the lock is gone with its connection
                    await holder.execute("select pg_advisory_unlock(%s)", (_key(name),))


def _key(name: str) -> int:
    """64 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"compegpt {name}".encode()).digest()[:8], signed=True)
