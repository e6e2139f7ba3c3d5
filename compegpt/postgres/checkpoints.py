"""Checkpoints in a database that may go away in the middle of a turn: a turn is worth more than its record."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg_pool import AsyncConnectionPool

from compegpt.pending import Pending
from compegpt.postgres.target import PATIENCE, Connection, Target, lost

CONNECTIONS = 8
"""Of one process at most, beside the one with the locks."""
T = TypeVar("T")


class Pool(AsyncConnectionPool[Connection]):
    """Hands out no connection that the server has closed; its own check would pause for seconds after each of them."""

    def __init__(self, target: Target) -> None:
        # its attempts to reconnect pause ever longer: it soon gives up, and who needs a connection begins anew
        super().__init__(kwargs=target.options, min_size=1, max_size=CONNECTIONS, open=False, timeout=PATIENCE,
                         reconnect_timeout=PATIENCE)

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 (the pool's own signature)
        while lost(connection := await super().getconn(timeout)):
            await self.putconn(connection)  # which discards it
        return connection


class Checkpoints(AsyncPostgresSaver):
    """Once something of a turn could not be written, `unsaved` says why and nothing more of that turn is written.

    A checkpoint refers to values that were stored with earlier ones: after a gap the thread would have lost them.
    """

    def __init__(self, pool: Pool, held: Callable[[str], bool]) -> None:
        """`held` tells whether the thread of a turn is still this process's alone."""
        super().__init__(pool)
        self.lock: Any = contextlib.nullcontext()  # the saver's is for one connection; a pool's are used side by side
        self.unsaved: dict[str, Exception] = {}
        """The first error of each thread, until somebody takes it."""
        self._held = held
        self._ended: set[str] = set()
        """Threads whose turn is not kept any more."""
        self._pending = Pending()

    def begin(self, thread: str) -> None:
        """A new turn is to be kept again."""
        self._ended.discard(thread)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As ever; only that the competitions of a turn which is not kept have nothing to go on from."""
        if not config["configurable"].get("checkpoint_ns"):
            return await super().aget_tuple(config)
        return await self._tried(config, super().aget_tuple, config)

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
                   new_versions: ChannelVersions) -> RunnableConfig:
        values = {name: _storable(value) if isinstance(value, str) else value
                  for name, value in checkpoint["channel_values"].items()}
        storable: Checkpoint = {**checkpoint, "channel_values": values}
        with self._pending.one():
            put = await self._tried(config, super().aput, config, storable, metadata, new_versions)
        return put or {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str,
                          task_path: str = "") -> None:
        with self._pending.one():
            await self._tried(config, super().aput_writes, config, writes, task_id, task_path)

    async def settled(self) -> None:
        """Wait for the writes that are under way."""
        await self._pending.settled()

    async def _tried(self, config: RunnableConfig, call: Callable[..., Awaitable[T]], *args: Any) -> T | None:
        """What the call gives; None where the turn is not kept any more, or from now on."""
        thread = config["configurable"]["thread_id"]
        if thread in self._ended:
            return None
        try:
            if not self._held(thread):
                raise psycopg.OperationalError("the connection that kept others from this conversation was closed")
            return await call(*args)
        except psycopg.Error as error:
            self._ended.add(thread)
            self.unsaved.setdefault(thread, error)
            return None


def _storable(text: str) -> str:
    """What JSON in PostgreSQL takes: no NUL, and nothing that is not UTF-8."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
