"""System programs: run, fed, read, and killed with all they started when nobody waits any more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from compegpt.errors import ExpertError


async def run_program(argv: list[str], stdin: bytes | None = None, cwd: Path | None = None,
                      env: Mapping[str, str] | None = None, limit: int = 50_000_000) -> bytes:
    """Standard output of a program; its whole process group is killed when the awaiting task is cancelled.

    Raises ExpertError, with the end of its standard error, where it fails, cannot start or prints over `limit` bytes.
    """
    name = Path(argv[0]).name
    try:
        # Its input is a file: what an event loop gives out as a pipe may be a socket, which no program can open again.
        with tempfile.TemporaryFile() as given:
            given.write(stdin or b"")
            given.seek(0)
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=given if stdin is not None else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=cwd, start_new_session=True,
                env={**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8", **(env or {})})
    except OSError as error:
        raise ExpertError(f"{name} cannot be started: {error.strerror}") from error
    _groups.add(process.pid)
    try:
        out, err = await _talk(process, limit)
    finally:
        _end(process.pid)
        if process.returncode is None:
            await asyncio.shield(process.wait())
    if process.returncode and len(out) <= limit:
        tail = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        code = process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"failed ({code})"
        raise ExpertError(f"{name} {how}{': ' + tail[0][:200] if tail[0] else ''}")
    if len(out) > limit:
        raise ExpertError(f"{name} printed more than {limit} bytes")
    return out


def asked(argv: list[str], seconds: float = 5.0) -> str:
    """What a program says of itself (its languages, its voices); "" where it fails, hangs or prints no text."""
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
    except OSError:
        return ""
    _groups.add(process.pid)
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return ""
    finally:
        _end(process.pid)
        process.communicate()
    return out.decode("utf-8", "replace") if process.returncode == 0 else ""


def end_all() -> None:
    """Kill every program that still runs, for a process that leaves without waiting for its threads."""
    for group in list(_groups):
        _end(group)


_groups: set[int] = set()
"""Process groups of the programs that run now."""


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    _groups.discard(group)


async def _talk(process: asyncio.subprocess.Process, limit: int) -> tuple[bytes, bytes]:
    """Read what the program prints, up to about `limit` bytes, and the last kilobytes of its errors."""
    assert process.stdout is not None
    assert process.stderr is not None

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

    out, err = await asyncio.gather(read(process.stdout), listen(process.stderr))
    await process.wait()
    return out, err


def decoded(out: bytes, name: str) -> str:
    """Text a program printed. Raises ExpertError where it is not UTF-8."""
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExpertError(f"{name} printed something that is not text") from error
