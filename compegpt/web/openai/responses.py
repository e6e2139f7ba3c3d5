"""OpenAI's newer route: responses, whole and as a stream of events; conversations go on by `previous_response_id`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from openai.types.responses import Response, ResponseError, ResponseOutputMessage, ResponseOutputText, ResponseUsage
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from sse_starlette import EventSourceResponse

from compegpt.errors import CompeGPTError
from compegpt.web.api import GRACE, PING, AtDesk, Owner
from compegpt.web.openai.answers import Spoken, base, finished, linked, listened
from compegpt.web.openai.forms import MODEL, Responding
from compegpt.web.openai.routes import Remembered
from compegpt.web.openai.talk import Talk, Talks
from compegpt.web.runs import Run

routes = APIRouter(prefix="/v1", tags=["openai"])


@routes.post("/responses", responses={200: {"content": {"text/event-stream": {}}}})
async def respond(asked: Responding, http: Request, desk: AtDesk, owner: Owner, talks: Remembered) -> Any:
    """Answer the last message. The whole record of the competition is in the field `compegpt` of the answer."""
    asked.check()
    talk = await talks.ask(desk, owner, asked.messages, asked.thread, asked.previous_response_id)
    run = desk.runs.start(owner, talk.request)
    made = _Made(run, asked.previous_response_id)
    if asked.stream:
        return EventSourceResponse(_events(made, Spoken(desk, run, base(http)), talks, talk), ping=PING, sep="\n",
                                   shutdown_grace_period=GRACE)
    record = await finished(http, desk, run)
    text = linked(record, base(http))
    await talks.answered(desk, talk, text, made.id)
    return JSONResponse(made.whole(text, record))


class _Made:
    """The response that a run becomes."""

    def __init__(self, run: Run, previous: str | None) -> None:
        self.run, self.previous = run, previous
        self.id = f"resp_{run.id}"

    def whole(self, text: str, record: Mapping[str, Any]) -> dict[str, Any]:
        tokens = record["usage"]["tokens"]
        usage = ResponseUsage(
            input_tokens=tokens, output_tokens=0, total_tokens=tokens,
            input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
            output_tokens_details=OutputTokensDetails(reasoning_tokens=0))
        return self.response("completed", output=[self.message(text)], usage=usage, compegpt=record)

    def response(self, status: str, **rest: Any) -> dict[str, Any]:
        made = Response.model_validate({
            "id": self.id, "object": "response", "created_at": self.run.outcome.began, "model": MODEL, "status": status,
            "output": [], "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
            "parallel_tool_calls": False, "tool_choice": "none", "tools": [], "previous_response_id": self.previous,
            **rest})
        return made.model_dump(mode="json", exclude_unset=True)

    def message(self, text: str | None) -> dict[str, Any]:
        """The message with this text; one that is begun where there is none yet."""
        said = [] if text is None else [ResponseOutputText(type="output_text", text=text, annotations=[])]
        return ResponseOutputMessage(id=f"msg_{self.run.id}", type="message", role="assistant", content=[*said],
                                     status="in_progress" if text is None else "completed").model_dump(mode="json")


async def _events(made: _Made, spoken: Spoken, talks: Talks, talk: Talk) -> AsyncIterator[dict[str, str]]:
    number = -1

    def event(kind: str, **rest: Any) -> dict[str, str]:
        nonlocal number
        number += 1
        return {"event": kind, "data": json.dumps({"type": kind, "sequence_number": number, **rest})}

    place = {"output_index": 0, "item_id": f"msg_{made.run.id}", "content_index": 0}
    async with listened(spoken.desk, made.run):
        try:
            yield event("response.created", response=made.response("in_progress"))
            yield event("response.in_progress", response=made.response("in_progress"))
            yield event("response.output_item.added", output_index=0, item=made.message(None))
            yield event("response.content_part.added", part={"type": "output_text", "text": "", "annotations": []},
                        **place)
            async for piece in spoken.deltas():
                yield event("response.output_text.delta", delta=piece, logprobs=[], **place)
            await talks.answered(spoken.desk, talk, spoken.text, made.id)
            message = made.message(spoken.text)
            yield event("response.output_text.done", text=spoken.text, logprobs=[], **place)
            yield event("response.content_part.done", part=message["content"][0], **place)
            yield event("response.output_item.done", output_index=0, item=message)
            yield event("response.completed", response=made.whole(spoken.text, spoken.record))
        except CompeGPTError as error:
            fault = ResponseError(code="server_error", message=str(error))
            yield event("response.failed", response=made.response("failed", error=fault))
