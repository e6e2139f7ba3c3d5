"""Checkpoints in a file that may stop taking any: a turn is worth more than its record."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


class Checkpoints(AsyncSqliteSaver):
    """SQLite checkpoints; where one cannot be written (a full disk), `unsaved` says why and the turn goes on."""

    def __init__(self, connection: aiosqlite.Connection, unsaved: dict[str, sqlite3.Error]) -> None:
        """`unsaved` gets the first error of each thread."""
        super().__init__(connection)
        self._unsaved = unsaved

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
                   new_versions: ChannelVersions) -> RunnableConfig:
        try:
            return await super().aput(config, checkpoint, metadata, new_versions)
        except sqlite3.Error as error:
            await self._give_up(config, error)
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str,
                          task_path: str = "") -> None:
        try:
            await super().aput_writes(config, writes, task_id, task_path)
        except sqlite3.Error as error:
            await self._give_up(config, error)

    async def _give_up(self, config: RunnableConfig, error: sqlite3.Error) -> None:
        """Remember the error, and leave no half a transaction behind."""
        self._unsaved.setdefault(config["configurable"]["thread_id"], error)
        with contextlib.suppress(sqlite3.Error):
            await self.conn.rollback()
