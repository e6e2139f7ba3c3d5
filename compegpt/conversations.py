"""Where threads of turns are kept, and who may add to one: files in the data directory, or a database of many servers.

`opened` gives the one that the settings name. Turns of a thread run one after the other, among all that share a store.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from compegpt.errors import ConfigurationError, StorageError
from compegpt.settings import Settings

if TYPE_CHECKING:
    from compegpt.checkpoints import Checkpoints


class Conversations(Protocol):
    saver: BaseCheckpointSaver[Any]
    notice: str | None
    """Why this conversation, or a file that it makes, is not kept; None where all is."""
    faults: tuple[type[Exception], ...]
    """What the store raises when it fails."""

    def alone(self, thread: str, waiting: Callable[[], None], seconds: float) -> AbstractAsyncContextManager[None]:
        """Inside it nobody else adds to the thread; `waiting` is called where it has to be waited for.

        Entering raises TimeoutError after `seconds`.
        """
        ...

    async def settled(self) -> None:
        """Wait for the checkpoints that are being written."""
        ...

    def unsaved(self, thread: str) -> Exception | None:
        """Why what has happened since the last call could not be kept; None where it was."""
        ...

    def failed(self, error: Exception) -> StorageError:
        """A fault in a sentence, without any password."""
        ...


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Conversations]:
    """The store the settings name; where the data directory cannot be written, one in memory that says so.

    Raises ConfigurationError and StorageError where they name a database that cannot be used.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield await _opened(settings, stack)


async def _opened(settings: Settings, stack: contextlib.AsyncExitStack) -> Conversations:
    folder = settings.data_dir
    if settings.database_url is not None:
        with _postgres_needed():
            from compegpt.postgres import shared
        return await stack.enter_async_context(shared(settings.database_url, _no_files(folder)))
    try:
        _writable(folder)
        return await stack.enter_async_context(_filed(folder))
    except OSError as error:
        notice = (f"The data directory '{folder}' cannot be written ({error.strerror}): the conversation is "
                  "not kept and no file can be made; set COMPEGPT_DATA_DIR to another folder.")
    except sqlite3.Error as error:
        notice = (f"The conversations in '{folder / 'checkpoints.sqlite'}' cannot be used ({error}), so this "
                  "one is not kept; move that file away or set COMPEGPT_DATA_DIR to another folder.")
    return Unkept(folder, notice)


async def set_up(settings: Settings) -> dict[str, Any]:
    """Make the tables of the database the settings name, or bring them up to date; `did` says what was done.

    Raises ConfigurationError, StorageError.
    """
    if settings.database_url is None:
        return {"database": None, "did": "COMPEGPT_DATABASE_URL is not set: conversations are files in "
                                         f"'{settings.data_dir}', and nothing needs setting up."}
    with _postgres_needed():
        from compegpt.postgres import updated
    target, before, version = await updated(settings.database_url)
    did = ("has its tables now" if before is None else "is up to date: nothing was done" if before == version
           else f"was brought from version {before} to {version}")
    return {"database": str(target), "before": before, "version": version, "did": f"The database {target} {did}."}


async def looked_at(url: str) -> str:
    """The name of a database that can be reached and is set up. Raises ConfigurationError, StorageError."""
    with _postgres_needed():
        from compegpt.postgres import checked
    return str(await checked(url))


@contextlib.contextmanager
def _postgres_needed() -> Iterator[None]:
    """Around the import of `compegpt.postgres`. Raises ConfigurationError where its packages are not installed."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError("COMPEGPT_DATABASE_URL is set, but the packages for PostgreSQL are not installed: "
                                 "pip install \"compegpt[postgres]\".") from error


def _no_files(folder: Path) -> str | None:
    """What to tell where conversations are kept elsewhere and files cannot be; None where they can."""
    try:
        _writable(folder)
    except OSError as error:
        return (f"The data directory '{folder}' cannot be written ({error.strerror}), so no file can be made; "
                "set COMPEGPT_DATA_DIR to another folder.")
    return None


def _writable(folder: Path) -> None:
    """Raises OSError where nothing can be written."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "locks").mkdir(exist_ok=True)
    probe = folder / f".probe-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"\0" * 65536)
    finally:
        probe.unlink(missing_ok=True)


class Unkept:
    """Threads in memory: nobody else can add to them, and they are gone with the process."""

    faults: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, folder: Path, notice: str | None) -> None:
        self.saver: BaseCheckpointSaver[Any] = InMemorySaver()
        self.notice = notice
        self._folder = folder
        self._held: dict[str, asyncio.Lock] = {}

    @contextlib.asynccontextmanager
    async def alone(self, thread: str, waiting: Callable[[], None], seconds: float) -> AsyncIterator[None]:
        """See Conversations.alone."""
        lock = self._held.setdefault(thread, asyncio.Lock())
        if lock.locked():
            waiting()
        async with asyncio.timeout(seconds):
            await lock.acquire()
        try:
            yield
        finally:
            lock.release()

    async def settled(self) -> None:
        """In memory nothing is on its way."""

    def unsaved(self, thread: str) -> Exception | None:
        return None

    def failed(self, error: Exception) -> StorageError:
        return StorageError(f"The data directory '{self._folder}' cannot be written ({error}); "
                            "free some space or set COMPEGPT_DATA_DIR to another folder.")


class Filed(Unkept):
    """Threads in a SQLite file, with a lock file for each."""

    def __init__(self, folder: Path, saver: Checkpoints, unsaved: dict[str, sqlite3.Error]) -> None:
        super().__init__(folder, None)
        self.saver = self._checkpoints = saver
        self._unsaved = unsaved

    @contextlib.asynccontextmanager
    async def alone(self, thread: str, waiting: Callable[[], None], seconds: float) -> AsyncIterator[None]:
        """See Conversations.alone."""
        from filelock import AsyncFileLock, Timeout

        name = hashlib.sha256(thread.encode()).hexdigest()[:24]
        lock = AsyncFileLock(self._folder / "locks" / f"{name}.lock", is_singleton=False, run_in_executor=False)
        try:
            await lock.acquire(timeout=0)
        except Timeout:
            waiting()
            try:
                await lock.acquire(timeout=seconds)
            except Timeout as error:
                raise TimeoutError from error
        try:
            yield
        finally:
            await lock.release()

    async def settled(self) -> None:
        await self._checkpoints.settled()

    def unsaved(self, thread: str) -> Exception | None:
        return self._unsaved.pop(thread, None)


@contextlib.asynccontextmanager
async def _filed(folder: Path) -> AsyncIterator[Filed]:
    from compegpt.checkpoints import Checkpoints, Connection

    unsaved: dict[str, sqlite3.Error] = {}
    async with Connection(folder / "checkpoints.sqlite") as connection:
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = Checkpoints(connection, unsaved)
        await saver.setup()
        yield Filed(folder, saver, unsaved)
