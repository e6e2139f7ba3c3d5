"""JARVIS's routes, for its clients: /tasks plans, /results runs, /hugginggpt answers.

Conversations are those of OpenAI's routes. Callers may bring a language model's key, and, where the server is its
user's own, its address; then the server's key is not used, and theirs goes to their address alone and stays in memory.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from compegpt.llm.models import DEFAULT_MODEL, OPENAI
from compegpt.plan.node import proposed
from compegpt.schema import REFERENCE, Output, Result, Task
from compegpt.threads import in_thread
from compegpt.web.api import AtDesk, Owner
from compegpt.web.desk import Desk, Own
from compegpt.web.faults import Forbidden
from compegpt.web.forms import ERRORS
from compegpt.web.openai.answers import finished
from compegpt.web.openai.errors import Unusable
from compegpt.web.openai.forms import MAX_MESSAGES, Message
from compegpt.web.openai.routes import Remembered
from compegpt.wiring import Parts

MAX_GUESTS = 32
"""Callers with a key of their own whose parts are kept."""
routes = APIRouter(tags=["jarvis"], responses=ERRORS)
_ROUTE = re.compile(r"/(?:chat/)?completions/?$")
_CHAT = frozenset({"summarization", "translation", "conversational", "text-generation", "text2text-generation"})
"""Tasks whose text JARVIS calls `response`."""
_NAMES = {"image": "generated image", "audio": "generated audio", "video": "generated video", "text": "generated text",
          "labels": "predicted", "data": "predicted", "scores": "scores"}
"""How JARVIS calls what a model gave; its page shows files by these."""


class Messages(BaseModel):
    """What JARVIS's clients send."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    api_key: Annotated[str, Field(max_length=1_000)] | None = None
    api_type: Annotated[str, Field(max_length=40)] | None = None
    api_endpoint: Annotated[str, Field(max_length=1_000)] | None = None

    def own(self, desk: Desk) -> Own:
        """What the caller sets for himself. Raises Forbidden, Unusable."""
        key = (self.api_key or "").strip() or None
        address = _ROUTE.sub("", (self.api_endpoint or "").strip()).rstrip("/") or None
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise Unusable("api_key holds characters that no key has; copy the key again.", "api_key")
        if self.api_type == "azure" and (key or address):
            raise Unusable("Only who runs the server can set it to Azure; leave api_type out.", "api_type")
        if address and not re.match(r"https?://[^/]", address):
            raise Unusable("api_endpoint must begin with http:// or https://.", "api_endpoint")
        if address == OPENAI:
            address = None
        if address and not desk.local:
            raise Forbidden("This server asks no other language model's address than its own; leave api_endpoint out, "
                            "or run a server yourself.")
        if not key and not address:
            return Own()
        named = desk.parts.settings.llm
        return Own(key, address or OPENAI, llm=named if named.startswith("openai:") else f"openai:{DEFAULT_MODEL}")


class Guests:
    """The parts of callers who bring a key or an address, by a digest of these."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Parts] = OrderedDict()

    async def parts(self, desk: Desk, own: Own) -> Parts | None:
        """None for who brings nothing. Raises ConfigurationError, AuthenticationError."""
        name = hashlib.sha256("\0".join(map(str, vars(own).values())).encode()).hexdigest()
        if own != Own() and name not in self._known:
            made = await desk.parts_of(own)
            assert made is not None
            self._known[name] = made
            while len(self._known) > MAX_GUESTS:
                self._known.popitem(last=False)
        if name in self._known:
            self._known.move_to_end(name)
        return self._known.get(name)


def guests(request: Request) -> Guests:
    known: Guests = request.app.state.guests
    return known


Known = Annotated[Guests, Depends(guests)]


@routes.post("/tasks")
async def tasks(asked: Messages, http: Request, desk: AtDesk, owner: Owner, talks: Remembered, known: Known) -> Any:
    """The plan; nothing is run. What needs no task is answered, as by JARVIS: `{"message"}`."""
    parts = await known.parts(desk, asked.own(desk))
    talk = await talks.ask(desk, owner, asked.messages)
    request, using = talk.request, parts or desk.parts
    history = await desk.session.history(request["thread"]) or request.get("before", [])
    plan = (await proposed(using.planner, request, history, using.redacted)).tasks
    if plan:
        return JSONResponse(await in_thread(desk.files.public, [_command(task) for task in plan]))
    return {"message": (await finished(http, desk, desk.runs.start(owner, request, parts=parts)))["answer"]}


@routes.post("/results")
async def results(asked: Messages, http: Request, desk: AtDesk, owner: Owner, talks: Remembered, known: Known) -> Any:
    """What became of each task, by its id. What needs no task is answered: `{"message"}`."""
    parts = await known.parts(desk, asked.own(desk))
    talk = await talks.ask(desk, owner, asked.messages)
    run = desk.runs.start(owner, talk.request, parts=parts)
    record = await finished(http, desk, run)
    if not record["plan"]:
        return {"message": record["answer"]}
    by_id = {one["id"]: one for one in record["results"]}
    return JSONResponse({str(task["id"]): _collected(task, by_id[task["id"]]) for task in record["plan"]})


@routes.post("/hugginggpt")
async def hugginggpt(asked: Messages, http: Request, desk: AtDesk, owner: Owner, talks: Remembered,
                     known: Known) -> Any:
    """The answer, with the addresses of the files that were made."""
    parts = await known.parts(desk, asked.own(desk))
    talk = await talks.ask(desk, owner, asked.messages)
    record = await finished(http, desk, desk.runs.start(owner, talk.request, parts=parts))
    message = record["answer"]
    unnamed = [one["path"] for one in record["artifacts"] if one["path"] not in message]
    message = "\n".join([message, *dict.fromkeys(unnamed)])
    await talks.answered(desk, talk, message)
    return {"message": message}


def _command(task: Task, args: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A task as JARVIS writes it, with references as `<GENERATED>-ID`."""
    return {"args": _generated(task["args"] if args is None else args), "dep": task["dep"], "id": task["id"],
            "task": task["task"]}


def _generated(value: Any) -> Any:
    if isinstance(value, str):
        return REFERENCE.sub(r"<GENERATED>-\1", value)
    if isinstance(value, Mapping):
        return {name: _generated(item) for name, item in value.items()}
    return [_generated(item) for item in value] if isinstance(value, Sequence) else value


def _collected(task: Task, result: Result) -> dict[str, Any]:
    output = result["output"]
    inferred = _inferred(task["task"], output) if output is not None else {"error": result["error"]}
    return {"task": _command(task, result["args"] or None), "inference result": inferred,
            "choose model result": {"id": result["winner"] or "", "reason": result["reason"]}}


def _inferred(task: str, output: Output) -> dict[str, Any]:
    made: dict[str, Any] = {_NAMES[name]: value for name, value in output.items() if name in _NAMES}
    if boxes := output.get("boxes"):
        made["predicted"] = [{**box, "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box["box"], strict=True))}
                             for box in boxes]
    if task in _CHAT and "text" in output:
        made["response"] = output["text"]
    return made
