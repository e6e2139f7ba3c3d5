"""`/mcp`: the tools over streamable HTTP, behind the server's door and with its runs, threads and files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from compegpt.web.access import MAX_BODY
from compegpt.web.desk import Desk
from compegpt.web.faults import Closing
from compegpt.web.mcp.sides import Client, Side
from compegpt.web.mcp.tools import Call, Tools

MAX_SESSIONS = 2_000
"""Sessions at once in a process."""
HEADERS = ["Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"]
"""What clients in a browser send beside what every request has."""


class Endpoint:
    """An ASGI application that answers while it is open; a session is its owner's alone."""

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Closing before `open` and after `close`."""
        if self._manager is None:
            raise Closing("The server is shutting down; try again in a moment.", retry_after=5)
        owner = scope["state"]["owner"]
        user = AuthenticatedUser(AccessToken(token="", client_id=owner, scopes=[]))
        await self._manager.handle_request({**scope, "user": user}, receive, send)

    @contextlib.asynccontextmanager
    async def open(self, desk: Desk) -> AsyncIterator[None]:
        up = asyncio.Event()
        self._task = asyncio.create_task(self._served(desk, up), name="mcp")
        waiting = asyncio.create_task(up.wait())
        await asyncio.wait([self._task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            waiting.cancel()
            await self._task  # raises what kept it from its start
        try:
            yield
        finally:
            await self.close()

    async def close(self) -> None:
        """End all sessions; a call that is still running is stopped."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _served(self, desk: Desk, up: asyncio.Event) -> None:
        async def at_desk() -> Desk:
            return desk

        # The door has seen to the Host header: the SDK's own check would refuse what the door lets in.
        manager = StreamableHTTPSessionManager(Tools(at_desk, _client, confined=True).server(), security_settings=None,
                                               max_request_body_size=MAX_BODY, max_sessions=MAX_SESSIONS)
        async with manager.run():
            self._manager = manager
            up.set()
            await self._closing.wait()
            self._manager = None


def _client(desk: Desk, call: Call) -> Side:
    """Whoever sent the request that this call came with."""
    assert call.request is not None
    return Client(desk, call.request.state.owner, str(call.request.base_url).rstrip("/"))
