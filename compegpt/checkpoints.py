"""Checkpoints in a file that may stop taking any: a turn is worth more than its record."""

from __future__ import annotations

import asyncio
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
        self.lock: Any = contextlib.nullcontext()  # the saver's would let writes wait for each other, and go one by one
        self._unsaved = unsaved
        self._pending = Pending()

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
                   new_versions: ChannelVersions) -> RunnableConfig:
        try:
            with self._pending.one():
                return await super().aput(config, checkpoint, metadata, new_versions)
        except sqlite3.Error as error:
            self._give_up(config, error)
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str,
                          task_path: str = "") -> None:
        try:
            with self._pending.one():
                await super().aput_writes(config, writes, task_id, task_path)
        except sqlite3.Error as error:
            self._give_up(config, error)

    async def settled(self) -> None:
        """Wait for the writes that are under way."""
        await self._pending.settled()

    def _give_up(self, config: RunnableConfig, error: sqlite3.Error) -> None:
        self._unsaved.setdefault(config["configurable"]["thread_id"], error)


Write = tuple[asyncio.Future[sqlite3.Cursor], bool, str, Sequence[Any]]
"""Who waits for it, whether the statement has many rows, the statement, its values."""


class Connection(aiosqlite.Connection):
    """Few trips to the connection's thread, each of which makes the event loop and that thread wait for each other.

    Writes that come while others are being written go together, in one trip and one transaction; each is done when that
    is on the disk. A read is one trip, where aiosqlite takes four.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: sqlite3.connect(path, timeout=30, check_same_thread=False), iter_chunk_size=64)
        self._waiting: list[Write] = []
        self._writing: asyncio.Task[None] | None = None

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        return Cursor(self, self._conn.cursor())

    @contextmanager
    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        values = list(parameters or [])
        if sql.lstrip().upper().startswith("INSERT"):
            return Cursor(self, await self.written(False, sql, values))
        return await Cursor(self, self._conn.cursor()).execute(sql, values)

    async def commit(self) -> None:
        if self.in_transaction:
            await super().commit()

    async def written(self, many: bool, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """Have a statement written with all that wait as well. Raises sqlite3.Error."""
        done: asyncio.Future[sqlite3.Cursor] = asyncio.get_running_loop().create_future()
        self._waiting.append((done, many, sql, values))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                outcomes = await self._execute(self._together, batch)  # type: ignore[no-untyped-call]
            except ValueError as error:  # it was closed
                outcomes = [error] * len(batch)
            for (done, *_), outcome in zip(batch, outcomes, strict=True):
                if done.done():
                    continue  # nobody waits any more
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)

    def _together(self, batch: Sequence[Write]) -> list[sqlite3.Cursor | Exception]:
        """What became of each write; in the connection's thread."""
        try:
            made = [self._stated(write) for write in batch]
            self._conn.commit()
            return [*made]
        except sqlite3.Error as error:
            self._undone()
            return [error] if len(batch) == 1 else [self._together([write])[0] for write in batch]

    def _stated(self, write: Write) -> sqlite3.Cursor:
        _, many, sql, values = write
        return self._conn.executemany(sql, values) if many else self._conn.execute(sql, values)

    def _undone(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._conn.rollback()

    def read(self, cursor: sqlite3.Cursor, sql: str, values: Sequence[Any]) -> list[Any]:
        """Run any other statement, commit what it changed, and fetch all its rows; in the connection's thread."""
        cursor.execute(sql, values)
        rows = cursor.fetchall()
        if self._conn.in_transaction:
            self._conn.commit()
        return rows


class Cursor(aiosqlite.Cursor):
    """A cursor that has its rows at once, and whose closing takes no trip."""

    def __init__(self, connection: Connection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        assert isinstance(self._conn, Connection)
        self._rows = await self._conn._execute(  # type: ignore[no-untyped-call]
            self._conn.read, self._cursor, sql, list(parameters or []))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> aiosqlite.Cursor:
        assert isinstance(self._conn, Connection)
        await self._conn.written(True, sql, [*parameters])
        return self

    async def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = size or 64
        some, self._rows = self._rows[:size], self._rows[size:]
        return some

    async def fetchall(self) -> list[Any]:
        some, self._rows = self._rows, []
        return some

    async def close(self) -> None:
        self._cursor.close()
