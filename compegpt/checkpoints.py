"""Checkpoints in a file that may stop taking any: a turn is worth more than its record."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite
from aiosqlite.context import contextmanager
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from compegpt.pending import Pending


class Checkpoints(AsyncSqliteSaver):
    """SQLite checkpoints; where one cannot be written (a full disk), `unsaved` says why and the turn goes on."""

    def __init__(self, connection: aiosqlite.Connection, unsaved: dict[str, sqlite3.Error]) -> None:
        """`unsaved` gets the first error of each thread."""
        super().__init__(connection)
        self._unsaved = unsaved
        self._pending = Pending()

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
                   new_versions: ChannelVersions) -> RunnableConfig:
        try:
            with self._pending.one():
                return await super().aput(config, checkpoint, metadata, new_versions)
        except sqlite3.Error as error:
            await self._give_up(config, error)
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str,
                          task_path: str = "") -> None:
        try:
            with self._pending.one():
                await super().aput_writes(config, writes, task_id, task_path)
        except sqlite3.Error as error:
            await self._give_up(config, error)

    async def settled(self) -> None:
        """Wait for the writes that are under way."""
        await self._pending.settled()

    async def _give_up(self, config: RunnableConfig, error: sqlite3.Error) -> None:
        """Remember the error, and leave no half a transaction behind."""
        self._unsaved.setdefault(config["configurable"]["thread_id"], error)
        with contextlib.suppress(sqlite3.Error):
            await self.conn.rollback()


class Connection(aiosqlite.Connection):
    """One trip to the connection's thread per write, where aiosqlite takes four: cursor, statement, close, commit.

    That saves 4 of the 16 ms a one-task request costs without it. Each write is one transaction, as before.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: sqlite3.connect(path, timeout=30, check_same_thread=False), iter_chunk_size=64)

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        return Cursor(self, self._conn.cursor())

    @contextmanager
    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        cursor = await self._execute(self.write, self._conn.execute, sql, parameters or [])  # type: ignore[no-untyped-call]
        return Cursor(self, cursor)

    async def commit(self) -> None:
        if self.in_transaction:
            await super().commit()

    def write(self, statement: Any, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        """Run the statement and commit what it changed; in the connection's thread."""
        cursor: sqlite3.Cursor = statement(sql, parameters)
        if self._conn.in_transaction:
            self._conn.commit()
        return cursor


class Cursor(aiosqlite.Cursor):
    """A cursor whose writes commit themselves and whose closing takes no trip."""

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> aiosqlite.Cursor:
        assert isinstance(self._conn, Connection)
        await self._execute(self._conn.write, self._cursor.executemany, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    async def close(self) -> None:
        self._cursor.close()
