"""Whether the server lives, whether it takes work, and its figures for Prometheus."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compegpt.web.desk import Desk
from compegpt.web.forms import ERRORS
from compegpt.web.runs import Run

routes = APIRouter(tags=["health"])
RUNS = Counter("compegpt_runs_total", "Runs that ended, by status.", ["status"])
RUN_SECONDS = Histogram("compegpt_run_seconds", "Seconds of a run.", buckets=(.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 180))
ACTIVE = Gauge("compegpt_runs_active", "Runs that go on.")
EXPERTS = Counter("compegpt_expert_calls_total", "Calls of experts, by task, source and status.",
                  ["task", "source", "status"])
ANSWERS = Counter("compegpt_http_requests_total", "HTTP requests, by method, route and status.",
                  ["method", "route", "status"])
ANSWER_SECONDS = Histogram("compegpt_http_request_seconds", "Seconds until an answer began.", ["route"])


@routes.get("/healthz", responses={200: {"content": {"text/plain": {}}}}, response_class=PlainTextResponse)
async def healthz() -> str:
    """The process lives."""
    return "ok"


@routes.get("/readyz", responses={503: ERRORS[503]})
async def readyz(request: Request) -> JSONResponse:
    """200 where runs are taken, 503 before the start is done and while the server shuts down."""
    desk: Desk | None = getattr(request.app.state, "desk", None)
    ready = desk is not None and not desk.runs.closing
    return JSONResponse({"ready": ready}, 200 if ready else 503)


@routes.get("/metrics", responses={200: {"content": {"text/plain": {}}}, 401: ERRORS[401]})
async def metrics(request: Request) -> Response:
    """The figures in Prometheus's text format."""
    desk: Desk = request.app.state.desk
    ACTIVE.set(len(desk.runs.active))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def count(run: Run) -> None:
    """Add a run that ended to the figures."""
    RUNS.labels(run.status).inc()
    RUN_SECONDS.observe(run.outcome.seconds)
    for result in run.outcome.results:
        for one in result["candidates"]:
            EXPERTS.labels(result["task"], one["source"], one["status"]).inc()


class Counting:
    """Middleware: requests by route and status; all paths that are no route count as one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", None) or "other"
                ANSWERS.labels(scope["method"] if scope["method"] in _METHODS else "other", route,
                               str(message["status"])).inc()
                ANSWER_SECONDS.labels(route).observe(time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, sending)


_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH")
