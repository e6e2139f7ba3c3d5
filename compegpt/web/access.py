"""Who may come in, how often, and with how much: the door of the server, as one ASGI middleware.

1. Where the server is its user's own, the Host header must be this machine's name, so that no page that the user has
   open elsewhere can come in under a name of its own (DNS rebinding). What changes anything is not taken from pages of
   other origins than the server's own and those of COMPEGPT_ORIGINS: a browser would send it with the user's cookie,
   or from the user's machine.
2. Where there are keys, every route but the public ones asks for one, as a bearer or by the cookie of the log-in page.
3. Requests beyond the rate get 429, bodies beyond the limit 413, bodies that do not come 408.
4. Every answer has the security headers.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import os
import re
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compegpt.errors import CompeGPTError, ConfigurationError
from compegpt.settings import Settings
from compegpt.web.body import Body
from compegpt.web.faults import Forbidden, TooMany, Unauthorized, body_of, headers_of, status_of
from compegpt.web.files import MAX_UPLOAD
from compegpt.web.openai.errors import in_form

LOCAL = "local"
"""The owner of all that comes in where no key is asked for."""
COOKIE = "compegpt_key"
OPEN = ("/healthz", "/readyz", "/login", "/openapi.json", "/docs", "/favicon.ico", "/manifest.json")
"""What anybody may see."""
API = ("/runs", "/threads", "/files", "/v1/", "/tasks", "/results", "/hugginggpt", "/mcp", "/experts", "/league",
       "/plans")
"""Where the rate limit counts; a page is made of hundreds of requests."""
MAX_BODY = 40_000_000
"""Bytes of a body that is no upload: a chat request holds its pictures."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own and nobody else's."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Keys:
    """The keys of the server, compared without telling by time how near one was."""

    def __init__(self, given: str | None) -> None:
        """`given`: comma-separated."""
        self._owners = {key.strip(): owner_of(key.strip()) for key in (given or "").split(",") if key.strip()}

    def __bool__(self) -> bool:
        return bool(self._owners)

    def owner(self, key: str) -> str | None:
        """Whose key it is; None for nobody's."""
        found = None
        for known, owner in self._owners.items():
            if hmac.compare_digest(known.encode(), key.encode("utf-8", "surrogateescape")):
                found = owner
        return found

    def of_cookie(self, value: str) -> str | None:
        """Whose cookie it is."""
        found = None
        for known, owner in self._owners.items():
            if hmac.compare_digest(cookie_of(known).encode(), value.encode("utf-8", "surrogateescape")):
                found = owner
        return found


def owner_of(key: str) -> str:
    return f"key-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def cookie_of(key: str) -> str:
    """What the log-in page leaves with a browser in place of the key."""
    return hashlib.sha256(b"compegpt cookie " + key.encode()).hexdigest()


class Door:
    """The middleware; puts the owner into `scope["state"]["owner"]`."""

    def __init__(self, app: ASGIApp, settings: Settings, local: bool) -> None:
        """Raises ConfigurationError for a rate or an origin that is none."""
        self._app, self._local = app, local
        self._keys, self._origins = Keys(settings.api_keys), origins(settings)
        self._rate = rate_of(settings) if self._keys else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_origin(scope.get("method", ""), headers)
            owner = self._owner(scope["path"], headers)
            self._check_rate(scope["path"], owner)
            scope.setdefault("state", {})["owner"] = owner
            body = Body(receive, headers, MAX_UPLOAD + 100_000 if scope["path"] == "/files" else MAX_BODY)
            await body.check()
        except CompeGPTError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await refusal(error, scope)(scope, receive, guarded(send))
            return
        await self._app(scope, body.receive if scope["type"] == "http" else receive, guarded(send))

    def _check_host(self, headers: Headers) -> None:
        if not self._local:
            return
        host = headers.get("host", "")
        named = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::\d*)?", host)
        if named is None or not is_loopback(named[1]):
            raise Forbidden("This server answers under the name of this machine only (localhost, 127.0.0.1).")

    def _check_origin(self, method: str, headers: Headers) -> None:
        """Raises Forbidden. Go's `http.CrossOriginProtection` decides in the same way."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if method in ("GET", "HEAD", "OPTIONS") or origin in self._origins:
            return
        if site in ("same-origin", "none") or (site is None and (origin is None or _names(origin, headers))):
            return
        raise Forbidden("This server takes nothing from pages of other origins; COMPEGPT_ORIGINS names those that "
                        "may call it.")

    def _owner(self, path: str, headers: Headers) -> str:
        """Raises Unauthorized."""
        if not self._keys:
            return LOCAL
        given = headers.get("authorization", "")
        scheme, _, key = given.encode("latin-1").decode("utf-8", "surrogateescape").partition(" ")
        owner = self._keys.owner(key.strip()) if scheme.lower() == "bearer" else None
        if owner is None and not given:
            owner = self._keys.of_cookie(_cookie(headers))
        if owner is None and path not in OPEN:
            raise Unauthorized("This server asks for a key: send it as 'Authorization: Bearer KEY', or log in at "
                               "/login.")
        return owner or LOCAL

    def _check_rate(self, path: str, owner: str) -> None:
        if self._rate is not None and path.startswith(API) and not self._limiter.hit(self._rate, owner):
            raise TooMany(f"That was more than {self._rate}; try again in a moment.", retry_after=5)


def rate_of(settings: Settings) -> Any:
    """Raises ConfigurationError for a rate that is none."""
    try:
        return parse(settings.rate)
    except ValueError as error:
        raise ConfigurationError(f"COMPEGPT_RATE is '{settings.rate[:40]}', but must be like 600/minute or "
                                 "10/second.") from error


def guarded(send: Send) -> Send:
    """Sends answers with the security headers."""
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if os.environ.get("SPACE_ID"):  # the Hub shows a Space in a frame; the page's policy says who may
                del headers["X-Frame-Options"]
        await send(message)

    return sending


def refusal(error: CompeGPTError, scope: Scope) -> Any:
    """The answer to a request that does not come in; a browser is shown the log-in page."""
    accepts = Headers(scope=scope).get("accept", "")
    if isinstance(error, Unauthorized) and scope["method"] == "GET" and "text/html" in accepts:
        return RedirectResponse("/login", status_code=303)
    status = status_of(error)
    return JSONResponse(in_form(scope["path"], body_of(error), status), status, headers_of(error))


def _names(origin: str, headers: Headers) -> bool:
    """Whether an origin is the host that a request is for."""
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False


def _cookie(headers: Headers) -> str:
    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        jar.load(headers.get("cookie", ""))
    return jar[COOKIE].value if COOKIE in jar else ""


def origins(settings: Settings) -> list[str]:
    """Origins whose pages may call the server. Raises ConfigurationError."""
    found = [one.strip().rstrip("/") for one in (settings.origins or "").split(",") if one.strip()]
    wrong = [one for one in found if not one.startswith(("http://", "https://"))]
    if wrong:
        raise ConfigurationError(f"COMPEGPT_ORIGINS names '{wrong[0][:80]}', but an origin begins with http:// or "
                                 "https://.")
    return found
