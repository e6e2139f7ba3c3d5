"""An HTTP/1.1 server on loopback for tests: handlers answer requests, faults are real ones on a real socket.

It runs in a thread with a loop of its own, so that blocking clients and other processes can talk to it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Fault = Literal["hang", "drip", "reset", "cut"]
"""`hang`: no byte ever. `drip`: headers, then a byte every 50 ms. `reset`: the connection is torn down. `cut`: half the
body, then the connection closes."""


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    """Unquoted, without the query."""
    query: dict[str, list[str]]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """time.monotonic() when it was read."""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes back; dicts and lists as JSON. `chunks` are sent one by one, as server-sent events are."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before anything is sent."""
    fault: Fault | None = None
    chunks: Sequence[bytes] | None = None
    pause: float = 0.0
    """Seconds between chunks."""


Handler = Callable[[Asked], Awaitable[Answer | None] | Answer | None]
"""The answer, or None where the request is not for it."""


class Server:
    """`with Server(handler, ...) as server:`; handlers are asked in turn, what none answers is a 404."""

    def __init__(self, *handlers: Handler) -> None:
        self.handlers = list(handlers)
        self.requests: list[Asked] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="loopback")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, fragment: str) -> list[Asked]:
        """The requests whose path holds this."""
        return [one for one in self.requests if fragment in one.path]

    def __enter__(self) -> Server:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        self._clients: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**26)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            while (asked := await _read(reader)) is not None:
                self.requests.append(asked)
                if not await _send(writer, await self._answer(asked)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    async def _answer(self, asked: Asked) -> Answer:
        for handler in self.handlers:
            answer = handler(asked)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is not None:
                return answer
        return Answer({"error": f"no such address: {asked.path}"}, 404)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ", 2)
    lines = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    address = urlsplit(target)
    return Asked(method, unquote(address.path), parse_qs(address.query), headers, body, time.monotonic())


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Send it; whether the connection may be used again."""
    if answer.delay:
        await asyncio.sleep(answer.delay)
    if answer.fault == "hang":
        await asyncio.Event().wait()
    if answer.fault == "reset":
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    body, kind = _encoded(answer.body)
    headers = {"content-type": kind, **{name.lower(): value for name, value in answer.headers.items()}}
    chunks = answer.chunks
    headers |= {"transfer-encoding": "chunked"} if chunks is not None else {"content-length": str(len(body))}
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if chunks is not None:
        for number, chunk in enumerate(chunks):
            if number and answer.pause:
                await asyncio.sleep(answer.pause)
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
            if answer.fault == "cut" and number == len(chunks) // 2:
                return False
        writer.write(b"0\r\n\r\n")
    elif answer.fault == "drip":
        for byte in body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)
    else:
        writer.write(body[: len(body) // 2] if answer.fault == "cut" else body)
    await writer.drain()
    return answer.fault is None


def _encoded(body: Any) -> tuple[bytes, str]:
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    return (body.encode(), "text/plain") if isinstance(body, str) else (json.dumps(body).encode(), "application/json")
