"""Answers in the forms of OpenAI's clients: text with links, whole completions, pieces of streams."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from compegpt.errors import InternalError
from compegpt.events import Wrote
from compegpt.web.desk import Desk
from compegpt.web.openai.forms import MODEL
from compegpt.web.runs import Run

_ADDRESS = re.compile(r"(?<![\w/:.-])/files/[0-9a-f]{68}")
_LONGEST = 400
"""Characters that the path of a file goes on for at most, after the folder of all files."""


async def finished(http: Request, desk: Desk, run: Run) -> dict[str, Any]:
    """The record of a run that came to an answer. A client that leaves stops it.

    Raises what kept it from an answer.
    """
    ended, left = asyncio.create_task(run.finished()), asyncio.create_task(_left(http))
    try:
        await asyncio.wait({ended, left}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await desk.runs.stop(run)
    finally:
        left.cancel()
        ended.cancel()
    return await record_of(desk, run)


async def record_of(desk: Desk, run: Run) -> dict[str, Any]:
    """The record of a run that has ended. Raises what kept it from an answer."""
    if run.outcome.turn is None:
        raise run.outcome.error or InternalError("The run ended without an answer; the server's log says more.")
    return await desk.record(run)


@contextlib.asynccontextmanager
async def listened(desk: Desk, run: Run) -> AsyncIterator[None]:
    """Stop the run where its client leaves before its end."""
    try:
        yield
    finally:
        if run.status == "running":
            await desk.runs.stop(run)


async def _left(http: Request) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass


def base(http: Request) -> str:
    """Where the client finds this server: `scheme://host`."""
    return str(http.base_url).rstrip("/")


def linked(record: Mapping[str, Any], at: str) -> str:
    """The answer with whole addresses: pictures that were made are shown, other files linked where they are not named.

    `at` is what stands before `/files`.
    """
    text = absolute(record.get("answer") or "", at)
    lines = []
    for artifact in record["artifacts"]:
        address = absolute(artifact["path"], at)
        name = unquote(address.rpartition("/")[2]).replace("[", "(").replace("]", ")")
        if artifact["type"].startswith("image/"):
            if f"]({address})" not in text:
                lines.append(f"![{name}]({address})")
        elif address not in text:
            lines.append(f"[{name}]({address})")
    return "\n\n".join([text.rstrip(), *dict.fromkeys(lines)]) if lines else text


def absolute(text: str, at: str) -> str:
    return _ADDRESS.sub(lambda found: f"{at}{found[0]}", text)


def usage(record: Mapping[str, Any]) -> CompletionUsage:
    """Tokens of language models, all as of the prompt: which of them were written is not counted apart."""
    tokens = record["usage"]["tokens"]
    return CompletionUsage(prompt_tokens=tokens, completion_tokens=0, total_tokens=tokens)


def completion(run: Run, text: str, record: Mapping[str, Any]) -> ChatCompletion:
    message = ChatCompletionMessage(role="assistant", content=text, refusal=None)
    return ChatCompletion.model_validate({
        "id": f"chatcmpl-{run.id}", "object": "chat.completion", "created": int(run.outcome.began), "model": MODEL,
        "choices": [Choice(finish_reason="stop", index=0, message=message, logprobs=None)], "usage": usage(record),
        "compegpt": record})


def chunk(run: Run, delta: Mapping[str, Any] | None, **rest: Any) -> str:
    """One chunk of a stream as JSON; without choices where `delta` is None."""
    finish = rest.pop("finish_reason", None)
    choices = [] if delta is None else [ChunkChoice(delta=ChoiceDelta(**delta), index=0, finish_reason=finish)]
    made = ChatCompletionChunk.model_validate({
        "id": f"chatcmpl-{run.id}", "object": "chat.completion.chunk", "created": int(run.outcome.began or time.time()),
        "model": MODEL, "choices": choices, **rest})
    return made.model_dump_json(exclude_unset=True)


@dataclass
class Spoken:
    """What a stream has said of an answer."""

    desk: Desk
    run: Run
    at: str
    """What stands before `/files`."""
    text: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    """Once the answer is whole."""

    async def deltas(self) -> AsyncIterator[str]:
        """The answer in pieces, as it is written, and then what of it was not said.

        Raises what kept the run from an answer.
        """
        waiting = ""
        async for _, event in self.run.follow():
            if isinstance(event, Wrote):
                waiting += event.text
                ripe = _ripe(waiting, str(self.desk.files.places.data_dir))
                if said := await self._public(waiting[:ripe]):
                    yield said
                waiting = waiting[ripe:]
        if said := await self._public(waiting):
            yield said
        self.record = await record_of(self.desk, self.run)
        for piece in self._rest(linked(self.record, self.at)).splitlines(keepends=True):
            self.text += piece
            yield piece

    async def _public(self, text: str) -> str:
        said = absolute(await asyncio.to_thread(self.desk.files.public, text), self.at) if text else ""
        self.text += said
        return said

    def _rest(self, whole: str) -> str:
        """What is left to say: the answer that counts as a whole where another was written."""
        if whole.startswith(self.text):
            return whole[len(self.text):]
        if whole.startswith(self.text.rstrip()):
            return whole[len(self.text.rstrip()):].lstrip()
        return f"\n\n{whole}"


def _ripe(text: str, root: str) -> int:
    """How many characters can be said: none of a path below `root` that may go on."""
    at = text.rfind(root)
    if at >= 0 and "\n" not in text[at:] and len(text) - at < len(root) + _LONGEST:
        return at
    begun = (size for size in range(min(len(root), len(text)), 0, -1) if text.endswith(root[:size]))
    return len(text) - next(begun, 0)
