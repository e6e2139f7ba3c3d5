"""Public hosts that are really on this machine: the check sees a public address, the connection goes to loopback."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from PIL import Image

from compegpt.errors import InputError
from compegpt.media.addresses import Guarded, Resolve
from compegpt.media.fetch import fetch
from tests.loopback.server import Server

PUBLIC = "93.184.215.14"


def picture(side: int = 8) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((side, side)).save(file, "PNG")
    return file.getvalue()


def names(*answers: Sequence[str] | OSError) -> Resolve:
    """A resolver that gives the answers in turn, and the last one from then on."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return resolve


class To(httpx.AsyncBaseTransport):
    """Connects every request to one server of this machine, whatever public address it was pinned to.

    Without `trusted`, the certificates to believe in, https is spoken without TLS.
    """

    def __init__(self, port: int, trusted: ssl.SSLContext | None = None) -> None:
        self.port, self.scheme = port, "https" if trusted else "http"
        self.pinned: list[str] = []
        limits = httpx.Limits(max_keepalive_connections=0)
        self.transport = httpx.AsyncHTTPTransport(verify=trusted or True, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.pinned.append(request.url.host)
        request.url = request.url.copy_with(scheme=self.scheme, host="127.0.0.1", port=self.port)
        return await self.transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self.transport.aclose()


class Pieces(httpx.AsyncByteStream):
    """A body in pieces; after them it hangs where `then` is given, once `then` is set."""

    def __init__(self, *pieces: bytes, then: asyncio.Event | None = None) -> None:
        self.pieces, self.then = pieces, then
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.given += 1
            yield piece
        if self.then is not None:
            self.then.set()
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


def sending(body: Pieces, resolve: Resolve | None = None, headers: dict[str, str] | None = None) -> Guarded:
    """Answers every request with this body."""
    inner = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, stream=body))
    return Guarded(resolve or names([PUBLIC]), inner)


async def raw(*lines: bytes, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    """A server that sends these bytes whatever it is asked."""
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"".join(lines))
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)


def behind(server: Server) -> Guarded:
    """Finds every name at a public address, and reaches this server there."""
    return Guarded(names([PUBLIC]), To(server.port))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def refused(folder: Path, transport: httpx.AsyncBaseTransport, url: str = "http://host.example.com/a.png",
                  seconds: float = 20.0) -> str:
    with pytest.raises(InputError) as error:
        await fetch(url, folder, "image", seconds=seconds, transport=transport)
    assert left(folder) == []
    return str(error.value)
