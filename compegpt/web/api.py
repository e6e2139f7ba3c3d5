"""The routes of our own: runs and what happens in them, threads, files, plans, experts, the league."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse, JSONResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from compegpt.errors import UsageError
from compegpt.listing import others, rows
from compegpt.plan.node import proposed
from compegpt.standings import rows as standings
from compegpt.threads import in_thread
from compegpt.web import forms
from compegpt.web.desk import Desk
from compegpt.web.forms import ERRORS
from compegpt.web.runs import Run
from compegpt.web.wire import told

PING = 15
"""Seconds between signs of life in a stream."""
GRACE = 22.0
"""Seconds that streams go on once the server is told to end: runs have 20 to finish, and their last event is `done`."""
_UNFIT = ("NaN", "Infinity", "\\ud")
"""Signs of what JSON cannot hold: numbers that are none, halves of letters."""
routes = APIRouter(responses=ERRORS)
RunId = Annotated[str, Path(pattern=r"^run-[0-9a-f]{32}$", examples=["run-0123456789abcdef0123456789abcdef"])]
ThreadName = Annotated[str, Path(min_length=1, max_length=100, examples=["farm"])]
FileId = Annotated[str, Path(pattern=r"^[0-9a-f]{68}$")]


def at_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def asking(request: Request) -> str:
    """The owner of the request."""
    owner: str = request.state.owner
    return owner


AtDesk = Annotated[Desk, Depends(at_desk)]
Owner = Annotated[str, Depends(asking)]


@routes.post("/runs", status_code=201, tags=["runs"], response_model=forms.Started, responses={
    200: {"description": "The events, where the client accepts text/event-stream.",
          "content": {"text/event-stream": {}}}})
async def start(asked: forms.Asked, desk: AtDesk, owner: Owner,
                accept: Annotated[str, Header()] = "application/json") -> Any:
    """Begin a run: it goes on whether or not anybody listens. With `Accept: text/event-stream` its events follow."""
    if asked.resume and (asked.thread is None or asked.text or asked.files or asked.plan is not None):
        raise UsageError("resume finishes the interrupted turn of a thread: give it with the thread alone.")
    request = await desk.request(owner, asked.text, asked.files, asked.thread, [] if asked.resume else asked.tasks)
    run = desk.runs.start(owner, request, asked.resume)
    if "text/event-stream" in accept:
        return _stream(desk, run, 0, {"Location": f"/runs/{run.id}"})
    return JSONResponse(forms.Started.of(run).model_dump(), 201, {"Location": f"/runs/{run.id}"})


@routes.get("/runs/{run_id}", tags=["runs"], response_model=forms.Report)
async def report(run_id: RunId, desk: AtDesk, owner: Owner) -> Any:
    """What a run has come to so far: the JSON object of the command line, with addresses in place of paths."""
    run = desk.runs.find(owner, run_id)
    return JSONResponse({"id": run.id, "status": run.status, **await desk.record(run)})


@routes.get("/runs/{run_id}/events", tags=["runs"], response_class=EventSourceResponse, responses={
    200: {"description": "Server-sent events, each with a number; the last is `done`.",
          "content": {"text/event-stream": {}}}})
async def events(run_id: RunId, desk: AtDesk, owner: Owner,
                 last_event_id: Annotated[int, Header(ge=0, le=10**9)] = 0) -> EventSourceResponse:
    """The whole competition as it happens, from the event after `Last-Event-ID` on, or from the beginning."""
    return _stream(desk, desk.runs.find(owner, run_id), last_event_id)


@routes.delete("/runs/{run_id}", tags=["runs"], response_model=forms.Report)
async def stop(run_id: RunId, desk: AtDesk, owner: Owner) -> Any:
    """Stop a run with everything that it started; what it had finished stays, and its thread can be resumed."""
    run = desk.runs.find(owner, run_id)
    await desk.runs.stop(run)
    return JSONResponse({"id": run.id, "status": run.status, **await desk.record(run)})


@routes.get("/threads/{thread}", tags=["threads"], response_model=forms.Conversation)
async def conversation(thread: ThreadName, desk: AtDesk, owner: Owner) -> Any:
    """The finished turns of a thread, oldest first."""
    turns = await desk.history(owner, thread)
    return JSONResponse({"thread": thread, "turns": turns})


@routes.delete("/threads/{thread}", status_code=204, tags=["threads"])
async def forget(thread: ThreadName, desk: AtDesk, owner: Owner) -> Response:
    """Delete a thread with its files; 409 while a run of it goes on."""
    await desk.forget(owner, thread)
    return Response(status_code=204)


@routes.post("/files", status_code=201, tags=["files"], response_model=forms.Filed)
async def upload(file: UploadFile, desk: AtDesk, owner: Owner) -> Any:
    """Upload a file; its id can be given with a run. One that is not used within a day is removed."""
    async def pieces() -> AsyncIterator[bytes]:
        while piece := await file.read(1 << 20):
            yield piece

    kept = await desk.files.receive(owner, file.filename or "file", pieces())
    return JSONResponse(forms.Filed.of(kept).model_dump(), 201, {"Location": kept.address})


@routes.get("/files/{file_id}", tags=["files"], response_class=FileResponse)
@routes.get("/files/{file_id}/{name}", include_in_schema=False)
async def download(file_id: FileId, desk: AtDesk, owner: Owner) -> FileResponse:
    """A file of one's own: uploaded, or made by a run. What a browser might run is sent for download only."""
    file = await in_thread(desk.files.find, owner, file_id)
    shown = file.type.startswith(("image/", "audio/", "video/"))
    return FileResponse(file.path, media_type=file.type if shown else "application/octet-stream",
                        filename=file.path.name, content_disposition_type="inline" if shown else "attachment",
                        headers={"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private"})


@routes.delete("/files/{file_id}", status_code=204, tags=["files"])
async def remove(file_id: FileId, desk: AtDesk, owner: Owner) -> Response:
    await in_thread(desk.files.delete, owner, file_id)
    return Response(status_code=204)


@routes.post("/plans", tags=["plans"], response_model=forms.Planned)
async def plan(asked: forms.Asked, desk: AtDesk, owner: Owner) -> Any:
    """The plan of a request, or one's own as it would be run, in HuggingGPT's form; nothing is run."""
    if asked.resume:
        raise UsageError("resume is for a run; leave it out.")
    request = await desk.request(owner, asked.text, asked.files, asked.thread, asked.tasks)
    history = await desk.session.history(request["thread"]) if asked.thread else []
    made = await proposed(desk.parts.planner, request, history, desk.parts.redacted)
    shown = {"plan": made.tasks, "planner": made.planner, "confidence": made.confidence}
    return JSONResponse(await in_thread(desk.files.public, shown))


@routes.get("/experts", tags=["competition"], response_model=list[forms.Row])
async def experts(desk: AtDesk, task: Annotated[str | None, Query(max_length=60)] = None) -> Any:
    """The experts of a task type, or the engines here of all."""
    listed: list[Any] = await in_thread(rows, task)
    return listed + (await others(task, desk.parts.sources) if task else [])


@routes.get("/league", tags=["competition"], response_model=list[forms.Row])
async def league(desk: AtDesk, task: Annotated[str | None, Query(max_length=60)] = None) -> Any:
    """Who competed, who won how often, how strong, how fast."""
    return await in_thread(standings, desk.parts.settings, task)


async def _dumped(desk: Desk, data: dict[str, Any]) -> str:
    """Plain data as JSON with addresses in place of paths; looking for files is for a thread, and seldom needed."""
    text = json.dumps(data)
    if any(sign in text for sign in (desk.files.root, *_UNFIT)):
        text = json.dumps(await in_thread(desk.files.public, data))
    return text


def _stream(desk: Desk, run: Run, after: int, headers: dict[str, str] | None = None) -> EventSourceResponse:
    def line(name: str, number: int, text: str) -> bytes:
        return ServerSentEvent(text, event=name, id=str(number)).encode()

    async def lines() -> AsyncIterator[bytes]:
        if not after:
            yield line("run", 0, json.dumps(forms.Started.of(run).model_dump()))
        there: list[bytes] = []
        async for number, event in run.follow(after):
            data = told(event)
            there.append(line(data["type"], number, await _dumped(desk, data)))
            if number == len(run.events) and run.ended is None:  # what comes together goes together
                yield b"".join(there)
                there.clear()
        done = {"status": run.status, **await desk.record(run)}
        yield b"".join([*there, line("done", len(run.events) + 1, json.dumps(done))])

    return EventSourceResponse(lines(), headers=headers, ping=PING, shutdown_grace_period=GRACE)
