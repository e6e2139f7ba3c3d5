"""The server: one application with the page, the routes of our own and those that other clients know.

    serve (cli) -> listen -> application -> Door -> routes | page
"""

from __future__ import annotations

import asyncio
import contextlib
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

from compegpt.errors import CompeGPTError, ConfigurationError, UsageError
from compegpt.session import Session
from compegpt.web import api, health
from compegpt.web.access import Door, Keys, is_loopback, origins
from compegpt.web.desk import Desk
from compegpt.web.faults import body_of, headers_of, status_of
from compegpt.web.files import KEPT, Files
from compegpt.web.runs import Runs
from compegpt.wiring import Parts

LAST = 20.0
"""Seconds that runs may take to finish once the server is told to end."""
SWEEP = 3_600.0
"""Seconds between two looks for uploads that nobody used."""
log = logging.getLogger(__name__)


def application(parts: Parts, local: bool = True, page: bool = True) -> FastAPI:
    """The whole server over these parts. `local`: only this machine's user reaches it, under its own name.

    Raises ConfigurationError for settings of the server that cannot be used.
    """
    settings = parts.settings
    app = FastAPI(title="CompeGPT", summary="Models compete to answer multi-modal requests.", lifespan=_lifespan,
                  docs_url="/docs", redoc_url=None)
    app.state.parts, app.state.local = parts, local and not Keys(settings.api_keys)
    app.include_router(api.routes)
    app.include_router(health.routes)
    app.exception_handler(CompeGPTError)(_failed)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(Exception)(_broken)
    app.add_middleware(health.Counting)
    app.add_middleware(Door, settings=settings, local=app.state.local)
    if allowed := origins(settings):
        app.add_middleware(CORSMiddleware, allow_origins=allowed, allow_methods=["GET", "POST", "DELETE"],
                           allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
                           expose_headers=["Location", "Retry-After"])
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    async with Session(parts) as session:
        runs, files = Runs(session, health.count), Files(parts.settings.data_dir)
        app.state.desk = Desk(parts, session, runs, files, app.state.local)
        sweeping = asyncio.create_task(_swept(files))
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
    return JSONResponse(body_of(error), status_of(error), headers_of(error))


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "usage", 408: "transient", 413: "too_large"}
    fault = {"code": codes.get(error.status_code, "usage"), "message": str(error.detail),
             "retryable": error.status_code == 408}
    return JSONResponse({"error": fault}, error.status_code, dict(error.headers or {}))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
    return JSONResponse({"error": {"code": "usage", "message": wrong[:1_000], "retryable": False}}, 422)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": {"code": "internal", "message": "An internal error stopped it; the server's log says "
                                   "more.", "retryable": False}}, 500)


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
            self._loop.call_soon_threadsafe(self._loop.create_task, desk.runs.close(LAST))
        super().handle_exit(sig, frame)


def listen(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigurationError where the address is taken or is none."""
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                                     backlog=2048)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"The server cannot listen at {host}:{port} ({getattr(error, 'strerror', error)}); "
                                 "name another by --host and --port.") from error
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=int(LAST) + 5, server_header=False,
                            timeout_keep_alive=30, h11_max_incomplete_event_size=65_536)
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


