"""Conversations in a PostgreSQL database that several servers share."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from compegpt.errors import ConfigurationError, StorageError
from compegpt.postgres.checkpoints import Checkpoints, Pool
from compegpt.postgres.locks import Locks
from compegpt.postgres.target import Connection, Target

NEWEST = len(AsyncPostgresSaver.MIGRATIONS) - 1
"""The version of the tables that this code needs."""


class Shared:
    """The conversations of a database."""

    faults: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, target: Target, locks: Locks, saver: Checkpoints, notice: str | None) -> None:
        self.saver: BaseCheckpointSaver[Any] = saver
        self.notice = notice
        self._checkpoints = saver
        self._target, self._locks = target, locks
        self._here: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        """Who of this process is next: the database would give him a lock that another one here has."""

    @contextlib.asynccontextmanager
    async def alone(self, thread: str, waiting: Callable[[], None], seconds: float) -> AsyncIterator[None]:
        """Inside it nobody else adds to the thread, here or on another server; TimeoutError after `seconds`."""
        here = self._here.setdefault(thread, asyncio.Lock())
        async with contextlib.AsyncExitStack() as held:
            async with asyncio.timeout(seconds):
                told = here.locked()
                if told:
                    waiting()
                await held.enter_async_context(here)
                held.push_async_callback(self._locks.free, thread)
                await self._locks.take(thread, (lambda: None) if told else waiting)
            self._checkpoints.begin(thread)
            yield

    async def settled(self) -> None:
        await self._checkpoints.settled()

    def unsaved(self, thread: str) -> Exception | None:
        return self._checkpoints.unsaved.pop(thread, None)

    def failed(self, error: Exception) -> StorageError:
        return self._target.failed(error)


@contextlib.asynccontextmanager
async def shared(url: str, notice: str | None = None) -> AsyncIterator[Shared]:
    """The conversations of a database that was set up. Raises ConfigurationError, StorageError."""
    target = await checked(url)
    locks = Locks(target)
    try:
        async with Pool(target) as pool:
            yield Shared(target, locks, Checkpoints(pool, locks.holds), notice)
    finally:
        await locks.close()


async def checked(url: str) -> Target:
    """The database, once it was seen to be of use.

    Raises StorageError where it cannot be reached, ConfigurationError where the address is none or the tables are
    missing or old.
    """
    target = Target.of(url)
    try:
        async with await target.connection() as connection:
            version = await _version(connection)
    except psycopg.Error as error:
        raise target.failed(error) from error
    if version is None or version < NEWEST:
        state = "no tables for conversations yet" if version is None else "tables of an older version"
        raise ConfigurationError(f"The database {target} has {state}: run python main.py database.")
    return target


async def updated(url: str) -> tuple[Target, int | None, int]:
    """Make the tables or bring them up to date: the database, its version before (None: no tables) and now.

    Servers may be running, and several may do this at once. Raises ConfigurationError, StorageError.
    """
    target = Target.of(url)
    locks = Locks(target)
    try:
        await locks.take("\0set up", lambda: None)  # no thread has this name
        async with await target.connection(options="-c statement_timeout=0") as connection:
            before = await _version(connection)
            if before is None or before < NEWEST:
                await AsyncPostgresSaver(connection).setup()
            return target, before, await _version(connection) or 0
    except psycopg.Error as error:
        raise target.failed(error) from error
    finally:
        await locks.close()


async def _version(connection: Connection) -> int | None:
    try:
        row = await (await connection.execute("select max(v) as v from checkpoint_migrations")).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return row["v"] if row else None
