"""The body of a request that comes in from anybody: so many bytes at most, and none that is waited for in vain."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from compegpt.errors import UsageError
from compegpt.web.faults import TooLarge

IDLE = 30.0
"""Seconds until the next piece of a body."""
WHOLE = 600.0
"""Seconds for a whole body, however steadily it drips."""
DRAINED = 5.0
"""Seconds that a body which is too large may still take to come in, so that its sender hears why."""


class Body:
    """A request's body with a limit on its bytes and on the wait for them."""

    def __init__(self, receive: Receive, headers: Headers, most: int) -> None:
        self._receive, self._headers, self._most = receive, headers, most
        self._size, self._whole = 0, False
        self._end: float | None = None

    async def check(self) -> None:
        """Raises TooLarge for a body that says that it is too long, UsageError where it says nonsense."""
        length = self._headers.get("content-length")
        if length is None:
            return
        if not length.isdecimal():
            raise UsageError("Content-Length must be a number.")
        if len(length) > 15 or int(length) > self._most:
            await self._drained()
            raise self._too_large

    async def receive(self) -> Message:
        """The next message. Raises HTTPException, which frameworks let pass, where a body grows too long or stops."""
        if self._whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._end = self._end or now + WHOLE
        try:
            async with asyncio.timeout_at(min(now + IDLE, self._end)):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, "The rest of the request did not come; send it again.") from error
        self._size += len(message.get("body", b""))
        self._whole = message["type"] == "http.disconnect" or not message.get("more_body", False)
        if self._size > self._most:
            await self._drained()
            raise HTTPException(413, str(self._too_large))
        return message

    @property
    def _too_large(self) -> TooLarge:
        return TooLarge(f"The request has more than {self._most // 10**6} MB; send large files to /files.")

    async def _drained(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAINED):
                while (message := await self._receive())["type"] == "http.request" and message.get("more_body"):
                    pass
