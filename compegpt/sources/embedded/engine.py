"""What an embedded engine is, and how it runs: a table row, a function, and two ways to run it.

To add an engine: write a function `(args, store) -> Finding`, add an `Engine` row to the ENGINES of its module, and a
test on a small real input. A plain `def` runs in a thread of its own; an `async def` must not block: it awaits
`run_program` for a system program and `in_thread` for anything that computes.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding

T = TypeVar("T")
Args = Mapping[str, Any]
Run = Callable[[Args, Store], Finding] | Callable[[Args, Store], Awaitable[Finding]]


@dataclass(frozen=True)
class Engine:
    name: str
    """Unique within its task; the expert id is `embedded:name`."""
    task: str
    family: str
    """Same algorithm or weights, same family, one vote."""
    run: Run
    modules: tuple[str, ...] = ()
    """Python modules it imports; absent ones make it unavailable."""
    programs: tuple[str, ...] = ()
    """Programs on PATH it calls."""
    fits: Callable[[Args], str | None] | None = None
    """Says why it does not fit these args (a language it lacks), or None where it does."""
    prior: float = 0.5
    """How promising it is before anything is known, in [0, 1]: measured where it was, orders the selection."""
    languages: frozenset[str] | None = None
    licence: str = ""
    install: str = ""
    """How to get it: "pip install ..." or "apt-get install ..."."""
    about: str = ""

    def missing(self) -> list[str]:
        """The modules and programs that are not there."""
        return [name for name in self.modules if importlib.util.find_spec(name) is None] + [
            name for name in self.programs if shutil.which(name) is None]


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


async def run_program(argv: list[str], stdin: bytes | None = None, cwd: Path | None = None,
                      env: Mapping[str, str] | None = None, limit: int = 50_000_000) -> bytes:
    """Standard output of a program; its whole process group is killed when the awaiting task is cancelled.

    Raises ExpertError with the end of its standard error where it fails, cannot start or prints more than `limit` bytes.
    """
    name = Path(argv[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=cwd, start_new_session=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8", **(env or {})})
    except OSError as error:
        raise ExpertError(f"{name} cannot be started: {error.strerror}") from error
    try:
        out, err = await _talk(process, stdin, limit)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode is None:
            await asyncio.shield(process.wait())
    if process.returncode and len(out) <= limit:
        tail = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        how = f"was killed by signal {-process.returncode}" if process.returncode < 0 else f"failed ({process.returncode})"
        raise ExpertError(f"{name} {how}{': ' + tail[0][:200] if tail[0] else ''}")
    if len(out) > limit:
        raise ExpertError(f"{name} printed more than {limit} bytes")
    return out


async def _talk(process: asyncio.subprocess.Process, stdin: bytes | None, limit: int) -> tuple[bytes, bytes]:
    """Feed the program and read what it prints, never more than `limit` bytes (and the last kilobytes of its errors)."""
    assert process.stdout is not None
    assert process.stderr is not None

    async def feed() -> None:
        if process.stdin is not None and stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(stdin)
                await process.stdin.drain()
            process.stdin.close()

    async def listen(stream: asyncio.StreamReader) -> bytes:
        tail = b""
        while chunk := await stream.read(65536):
            tail = (tail + chunk)[-4096:]
        return tail

    async def read(stream: asyncio.StreamReader) -> bytes:
        chunks, size = [], 0
        while size <= limit and (chunk := await stream.read(65536)):
            chunks.append(chunk)
            size += len(chunk)
        if size > limit:
            process.kill()
        return b"".join(chunks)

    _, out, err = await asyncio.gather(feed(), read(process.stdout), listen(process.stderr))
    await process.wait()
    return out, err


def decoded(out: bytes, name: str) -> str:
    """Text a program printed. Raises ExpertError where it is not UTF-8."""
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExpertError(f"{name} printed something that is not text") from error
