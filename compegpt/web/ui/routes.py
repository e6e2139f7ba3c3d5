"""What the page needs beside Gradio's own routes: files by unguessable address, the log-in, the policy of content."""

from __future__ import annotations

import os
import secrets
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compegpt.media.artifacts import media_type
from compegpt.media.places import safe_name
from compegpt.threads import in_thread
from compegpt.web.access import COOKIE, Keys, cookie_of
from compegpt.web.desk import Desk
from compegpt.web.faults import TooLarge, TooMany, Unknown
from compegpt.web.ui.style import SCRIPT

TRIES = parse("10/minute")
"""Keys that may be tried from one address."""
KEPT = 30 * 86_400
"""Seconds that a browser stays logged in."""
LONGEST = 4_096
"""Bytes of the log-in form."""
routes = APIRouter(include_in_schema=False)
FileKey = Annotated[str, Path(pattern=r"^[0-9a-f]{92}$")]


@routes.get("/shown/{key}/{name}")
@routes.head("/shown/{key}/{name}")
async def shown(key: FileKey, name: str, request: Request) -> FileResponse:
    """A file of whoever knows its address. What a browser might run is sent for download only."""
    desk: Desk = request.app.state.desk
    path = await in_thread(desk.files.places.at, key)
    if path is None:
        raise Unknown("There is no such file, or its conversation was deleted.")
    kind = await in_thread(media_type, path)
    seen = kind.startswith(("image/", "audio/", "video/"))
    return FileResponse(path, media_type=kind if seen else "application/octet-stream", filename=safe_name(name),
                        content_disposition_type="inline" if seen else "attachment",
                        headers={"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private"})


@routes.get("/page.js")
async def script() -> Response:
    return Response(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})


@routes.get("/login")
async def login() -> HTMLResponse:
    return _form()


@routes.post("/login")
async def enter(request: Request) -> Response:
    """The cookie of a key, or the form again. Raises TooMany, TooLarge."""
    limiter: MovingWindowRateLimiter = request.app.state.tries
    if not limiter.hit(TRIES, request.client.host if request.client else ""):
        raise TooMany("Too many keys were tried; wait a minute.", retry_after=60)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise TooLarge("That is too long for a key.")
    key = parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip()
    if Keys(request.app.state.parts.settings.api_keys).owner(key) is None:
        return _form("The server does not know this key.", 401)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(COOKIE, cookie_of(key), max_age=KEPT, httponly=True, samesite="lax", secure=_is_https(request))
    return answer


@routes.get("/logout")
async def leave(request: Request) -> RedirectResponse:
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_https(request))
    return answer


def limiter() -> MovingWindowRateLimiter:
    """Counts the keys that are tried."""
    return MovingWindowRateLimiter(MemoryStorage())


class Policy:
    """Middleware: pages load nothing from elsewhere and run only what came with them.

    Gradio writes its scripts into the page, so each page gets a word of its own that these bear and no other; `eval` is
    what it fills its own templates by.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/docs":
            await self._app(scope, receive, send)
            return
        if "text/html" in dict(scope["headers"]).get(b"accept", b"").decode("latin-1"):
            scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept-encoding"]}
        await self._app(scope, receive, _Marked(send).send)


class _Marked:
    """One answer on its way out; a page is held back until it is whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = MutableHeaders(scope=message).get("content-type", "")
            if kind.startswith("text/html"):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            nonce = secrets.token_urlsafe(16)
            body = self._body.replace(b"<script", b'<script nonce="%s"' % nonce.encode())
            headers = MutableHeaders(scope=self._start)
            headers["Content-Length"] = str(len(body))
            headers.setdefault("Content-Security-Policy", policy(nonce))
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": body})


def policy(nonce: str) -> str:
    """Content-Security-Policy of a page."""
    framed = "'self' https://huggingface.co" if os.environ.get("SPACE_ID") else "'self'"
    return "; ".join([
        "default-src 'self'", f"script-src 'self' 'unsafe-eval' 'nonce-{nonce}'", "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:", "media-src 'self' data: blob:", "font-src 'self' data:",
        "connect-src 'self' data: blob:", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'self'",
        "form-action 'self'", "frame-src 'none'", f"frame-ancestors {framed}"])


def _is_https(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip() == "https"


def _form(wrong: str = "", status: int = 200) -> HTMLResponse:
    error = f'<p id="wrong" role="alert">{wrong}</p>' if wrong else ""
    about = ' aria-describedby="wrong" aria-invalid="true"' if wrong else ""
    return HTMLResponse(_PAGE.format(error=error, about=about), status, headers={"Cache-Control": "no-store"})


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in - CompeGPT</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; --page: #f5f7f9; --card: #fff; --ink: #1a2129; --soft: #55606e; --line: #8793a1;
  --bad: #b1281d; --act: #1c5db5; --on: #fff }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #12161b; --card: #171c23; --ink: #e9edf2; --soft: #a7b1be;
  --line: #6d7885; --bad: #ff9288; --act: #8ab9ff; --on: #12161b }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }}
main {{ box-sizing: border-box; width: min(380px, 100vw - 24px); padding: 28px; background: var(--card);
  border-radius: 14px; box-shadow: 0 1px 3px #0002, 0 8px 30px #0001 }}
h1 {{ margin: 0 0 4px; font-size: 22px }} p {{ margin: 0 0 18px; color: var(--soft) }} #wrong {{ color: var(--bad) }}
label {{ display: block; font-weight: 600; margin-bottom: 6px }}
input, button {{ box-sizing: border-box; width: 100%; font: inherit; padding: 10px 12px; border-radius: 8px }}
input {{ border: 1px solid var(--line); background: transparent; color: inherit; margin-bottom: 14px }}
button {{ border: 0; background: var(--act); color: var(--on); font-weight: 600; cursor: pointer }}
:focus-visible {{ outline: 3px solid var(--act); outline-offset: 2px }}
</style></head><body><main><h1>CompeGPT</h1><p>This server asks for a key.</p>{error}
<form method="post" action="/login"><label for="key">Key</label>
<input id="key" name="key" type="password" required autofocus autocomplete="current-password"{about}>
<button type="submit">Log in</button></form></main></body></html>
"""
