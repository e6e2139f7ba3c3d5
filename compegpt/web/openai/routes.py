"""The routes that clients of OpenAI know, as one model `compegpt`: chat completions, whole and as a stream.

Clients send the whole conversation; `talk` says which thread it goes on with.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from openai.types import Model
from sse_starlette import EventSourceResponse

from compegpt.errors import CompeGPTError
from compegpt.record import error_object
from compegpt.web.api import GRACE, PING, AtDesk, Owner
from compegpt.web.faults import status_of
from compegpt.web.openai.answers import Spoken, base, chunk, completion, finished, linked, listened, usage
from compegpt.web.openai.errors import NoModel, openai_error
from compegpt.web.openai.forms import MODEL, Chat
from compegpt.web.openai.talk import Talk, Talks

routes = APIRouter(prefix="/v1", tags=["openai"])


def remembered(request: Request) -> Talks:
    talks: Talks = request.app.state.talks
    return talks


Remembered = Annotated[Talks, Depends(remembered)]


@routes.get("/models")
async def models() -> Any:
    """The one model there is."""
    return {"object": "list", "data": [_model().model_dump(exclude_unset=True)]}


@routes.get("/models/{model:path}")
async def model(model: str) -> Any:
    if model != MODEL:
        raise NoModel(f"The model '{model[:80]}' does not exist here; the only one is '{MODEL}'.")
    return _model().model_dump(exclude_unset=True)


@routes.post("/chat/completions", responses={200: {"content": {"text/event-stream": {}}}})
async def chat(asked: Chat, http: Request, desk: AtDesk, owner: Owner, talks: Remembered) -> Any:
    """Answer the last message. The whole record of the competition is in the field `compegpt` of the answer."""
    asked.check()
    talk = await talks.ask(desk, owner, asked.messages, asked.thread)
    run = desk.runs.start(owner, talk.request)
    if asked.stream:
        counted = bool(asked.stream_options and asked.stream_options.include_usage)
        spoken = Spoken(desk, run, base(http))
        return EventSourceResponse(_chunks(spoken, talks, talk, counted), ping=PING, sep="\n",
                                   shutdown_grace_period=GRACE)
    record = await finished(http, desk, run)
    text = linked(record, base(http))
    await talks.answered(desk, talk, text)
    return JSONResponse(completion(run, text, record).model_dump(mode="json", exclude_unset=True))


async def _chunks(spoken: Spoken, talks: Talks, talk: Talk, counted: bool) -> AsyncIterator[dict[str, str]]:
    run = spoken.run
    async with listened(spoken.desk, run):
        try:
            yield {"data": chunk(run, {"role": "assistant", "content": ""})}
            async for piece in spoken.deltas():
                yield {"data": chunk(run, {"content": piece})}
            await talks.answered(spoken.desk, talk, spoken.text)
            yield {"data": chunk(run, {}, finish_reason="stop", compegpt=spoken.record)}
            if counted:
                yield {"data": chunk(run, None, usage=usage(spoken.record))}
        except CompeGPTError as error:
            yield {"data": json.dumps(openai_error(error_object(error), status_of(error)))}
    yield {"data": "[DONE]"}


def _model() -> Model:
    return Model(id=MODEL, created=0, object="model", owned_by=MODEL)
