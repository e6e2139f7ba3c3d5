"""The server: one application with the page, the routes of our own and those that other clients know.

    serve (cli) -> listen -> application -> Door -> routes | page
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
import types
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from compegpt import version
from compegpt.errors import CompeGPTError, ConfigurationError, UsageError
from compegpt.redaction import Redactor
from compegpt.session import Session
from compegpt.web import api, health, jarvis
from compegpt.web.access import Door, Keys, is_loopback, origins
from compegpt.web.desk import Desk
from compegpt.web.faults import body_of, headers_of, status_of
from compegpt.web.files import DATA, KEPT, Files
from compegpt.web.forms import THEIR_ERRORS
from compegpt.web.jarvis import Guests
from compegpt.web.mcp.http import HEADERS, Endpoint
from compegpt.web.openai import responses as openai_responses
from compegpt.web.openai import routes as openai
from compegpt.web.openai.errors import PREFIX, in_form
from compegpt.web.openai.talk import Talks
from compegpt.web.runs import Runs
from compegpt.wiring import Parts

LAST = 20.0
"""Seconds that runs may take to finish once the server is told to end."""
SWEEP = 3_600.0
"""Seconds between two looks for uploads that nobody used."""


def application(parts: Parts, local: bool = True, page: bool = True, programs: bool = True) -> FastAPI:
    """The whole server over these parts. `local`: only this machine's user reaches it, under its own name.
    `page`: with the page at `/`. `programs`: with the routes for programs.

    Raises ConfigurationError for settings of the server that cannot be used.
    """
    settings = parts.settings
    app = FastAPI(title="CompeGPT", version=version(), lifespan=_lifespan,
                  summary="Models compete to answer multi-modal requests.",
                  docs_url="/docs" if programs else None, redoc_url=None,
                  openapi_url="/openapi.json" if programs else None)
    app.state.parts, app.state.local = parts, local and not Keys(settings.api_keys)
    app.include_router(health.routes)
    app.state.mcp = Endpoint()
    if programs:
        app.include_router(api.routes)
        app.include_router(openai.routes, responses=THEIR_ERRORS)
        app.include_router(openai_responses.routes, responses=THEIR_ERRORS)
        app.include_router(jarvis.routes)
        app.router.routes.append(Route("/mcp", app.state.mcp))
    app.exception_handler(CompeGPTError)(_failed)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(Exception)(_broken)
    if page:
        from compegpt.web.ui.page import mount

        mount(app)
    app.add_middleware(health.Counting)
    app.add_middleware(Door, settings=settings, local=app.state.local)
    if allowed := origins(settings):
        app.add_middleware(CORSMiddleware, allow_origins=allowed, allow_methods=["GET", "POST", "DELETE"],
                           allow_headers=["Authorization", "Content-Type", "Last-Event-ID", *HEADERS],
                           expose_headers=["Location", "Retry-After", HEADERS[0]])
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    async with Session(parts) as session:
        runs, files = Runs(session, health.count), Files(parts.settings.data_dir)
        app.state.desk = Desk(parts, session, runs, files, app.state.local)
        app.state.talks, app.state.guests = Talks(), Guests()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)  # runs make many small objects and few circles
        sweeping = asyncio.create_task(_swept(files))
        async with app.state.mcp.open(app.state.desk):
            try:
                yield
            finally:
                sweeping.cancel()
                await runs.close(LAST)


async def _swept(files: Files) -> None:
    while True:
        await asyncio.to_thread(files.places.sweep, KEPT)
        await asyncio.sleep(SWEEP)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CompeGPTError)
    status, body = status_of(error), body_of(error)
    folder = str(request.app.state.parts.settings.data_dir)
    body["error"]["message"] = body["error"]["message"].replace(folder, DATA)
    body = in_form(request.url.path, body, status, getattr(error, "param", None))
    return JSONResponse(body, status, headers_of(error))


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "usage", 408: "transient", 413: "too_large"}
    fault = {"code": codes.get(error.status_code, "usage"), "message": str(error.detail),
             "retryable": error.status_code == 408}
    body = in_form(request.url.path, {"error": fault}, error.status_code)
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
    status = 400 if request.url.path.startswith(PREFIX) else 422
    body = {"error": {"code": "usage", "message": wrong[:1_000], "retryable": False}}
    return JSONResponse(in_form(request.url.path, body, status), status)


async def _broken(request: Request, error: Exception) -> Response:
    body = {"error": {"code": "internal", "message": "An internal error stopped it; the server's log says more.",
                      "retryable": False}}
    return JSONResponse(in_form(request.url.path, body, 500), 500)


async def _ended(app: FastAPI) -> None:
    """End runs, and then what waits for more of them."""
    await app.state.desk.runs.close(LAST)
    await app.state.mcp.close()
    if (pages := getattr(app.state, "pages_end", None)) is not None:
        pages.set()


class Server(uvicorn.Server):
    """Ends in order: no more runs are taken at the first signal, those that go on are finished or parked."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: types.FrameType | None) -> None:
        desk: Desk | None = getattr(self._app.state, "desk", None)
        if desk is not None and not desk.runs.closing:
            desk.runs.closing = True
            self._loop.call_soon_threadsafe(self._loop.create_task, _ended(self._app))
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # else uvicorn raises it again once all has ended in order: no status 0


class Redacting(logging.Formatter):
    """Log lines and tracebacks without the server's keys, whoever logs them."""

    def __init__(self, redacted: Redactor) -> None:
        super().__init__("%(levelname)s: %(name)s: %(message)s")
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        return self._redacted(super().format(record))


def listen(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigurationError where the address is taken or is none."""
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                                     backlog=2048)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"The server cannot listen at {host}:{port} ({getattr(error, 'strerror', error)}); "
                                 "name another by --host and --port.") from error
    logging.basicConfig(level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Redacting(app.state.parts.redacted))
    config = uvicorn.Config(app, log_level="warning", log_config=None, timeout_graceful_shutdown=int(LAST) + 5,
                            server_header=False, timeout_keep_alive=30, http="h11",
                            h11_max_incomplete_event_size=65_536)
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"CompeGPT at http://{shown}:{bound.getsockname()[1]}\n")
    sys.stderr.flush()
    Server(config, app).run(sockets=[bound])


def checked_address(parts: Parts, host: str, insecure: bool) -> bool:
    """Whether only this machine's user reaches the server. Raises UsageError where everybody would, without a key."""
    if is_loopback(host):
        return True
    if not Keys(parts.settings.api_keys) and not insecure:
        raise UsageError(f"{host} can be reached by others, so set COMPEGPT_API_KEYS to the keys that clients must "
                         "show, or give --insecure to let everybody in.")
    return False


