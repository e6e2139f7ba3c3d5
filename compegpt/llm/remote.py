"""A language model behind a server: one call bounded in time, tried again where that may help, counted."""

from __future__ import annotations

import asyncio
import random
import re
import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compegpt.errors import CompeGPTError, ExpertTimeout, ExpertUnavailable
from compegpt.llm.failures import Where, diagnosed
from compegpt.llm.links import Link
from compegpt.llm.protocol import LLMError, Message, Purpose, Reply
from compegpt.llm.rungs import Memory, refused, request
from compegpt.llm.thoughts import Thoughts, without_thoughts
from compegpt.schema import LLMCall

TRIES = 3
PAUSE = 0.25
"""Seconds before the second try, doubled before the third; each half to one and a half times that."""
LINGER = 0.5
"""Seconds that a finished stream may take to say what it used, and to end."""
_NAMES_USAGE = re.compile(r"stream_options|include_usage")
_NAMES_STREAM = re.compile(r"stream", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…:;)\]}>\"'`*。！？\n]\s*$|^\s*$")
"""How a whole answer ends; some servers never say that theirs is."""


@dataclass
class Tally:
    """What the tries of one call have come to."""

    requests: int = 0
    tokens: int = 0
    said: bool = False
    """Whether a piece of the answer was shown, so that it cannot be asked for again."""


Once = Callable[[Tally], Awaitable[str]]
Clients = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Any, AsyncGenerator[None]]]


class RemoteModel:
    """A LanguageModel over a link; safe to share between tasks and between event loops."""

    def __init__(self, link: Link, where: Where, memory: Memory, seconds: float,
                 rest: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.name = where.name
        self._link, self._where, self._memory, self._seconds, self._rest = link, where, memory, seconds, rest
        self._spare: Any = link.http()
        self._clients: Clients = weakref.WeakKeyDictionary()

    async def ask(self, messages: Sequence[Message], purpose: Purpose, *, schema: Mapping[str, Any] | None = None,
                  seconds: float | None = None) -> Reply:
        """See LanguageModel.ask."""
        async def once(tally: Tally) -> str:
            if schema is None:
                return await self._answer(messages, {}, tally)
            return await self._structured(messages, schema, tally)

        return await self._call(once, purpose, self._seconds if seconds is None else seconds)

    async def stream(self, messages: Sequence[Message], purpose: Purpose, say: Callable[[str], None], *,
                     seconds: float | None = None) -> Reply:
        """See LanguageModel.stream."""
        async def once(tally: Tally) -> str:
            return await self._streamed(messages, say, tally)

        return await self._call(once, purpose, self._seconds if seconds is None else seconds)

    async def _call(self, once: Once, purpose: Purpose, seconds: float) -> Reply:
        tally, started, text = Tally(), time.monotonic(), ""
        wrong: CompeGPTError | None = None
        try:
            async with asyncio.timeout(seconds):
                text = await self._tried(once, tally, started + seconds)
        except TimeoutError:
            wrong = ExpertTimeout(f"{self.name} did not answer within {seconds:.3g} s: try again.")
        except CompeGPTError as error:
            wrong = error
        seconds = time.monotonic() - started
        call: LLMCall = {"purpose": purpose, "model": self.name, "seconds": seconds, "started": time.time() - seconds,
                         "tokens": tally.tokens, "error": str(wrong) if wrong else None,
                         "code": wrong.code if wrong else None, "requests": max(1, tally.requests)}
        if wrong is not None:  # raised here, where no exception of a library hangs on it: those quote keys
            raise LLMError(wrong, call)
        return Reply(text, call)

    async def _tried(self, once: Once, tally: Tally, end: float) -> str:
        """The first answer of at most TRIES; only what is transient is tried again, and only if there is time."""
        pause = PAUSE
        left = TRIES
        while isinstance(outcome := await self._outcome(once, tally), CompeGPTError):
            left -= 1
            if not isinstance(outcome, ExpertUnavailable) or tally.said or not left:
                raise outcome
            wait = pause * random.uniform(0.5, 1.5) if outcome.retry_after is None else outcome.retry_after
            if time.monotonic() + wait >= end:
                raise outcome
            await self._rest(wait)
            pause *= 2
        return outcome

    async def _outcome(self, once: Once, tally: Tally) -> str | CompeGPTError:
        try:
            text = await once(tally)
        except self._link.raised as error:
            return diagnosed(error, self._where, self._link.lost)
        except CompeGPTError as error:
            return error
        return text if text.strip() else ExpertUnavailable(f"{self.name} said nothing: try again.")

    async def _structured(self, messages: Sequence[Message], schema: Mapping[str, Any], tally: Tally) -> str:
        """The answer on the best rung that the server takes."""
        rungs = self._link.rungs
        known = self._memory.of(self.name, self._link.address).rung
        for rung in rungs[rungs.index(known) if known in rungs else 0:]:
            asked, fields = request(rung, messages, schema)
            try:
                text = await self._answer(asked, fields, tally)
            except self._link.raised as error:
                if rung == rungs[-1] or not refused(error):
                    raise
                continue
            self._memory.learn(self.name, self._link.address, rung=rung)
            break
        return text

    async def _answer(self, messages: Sequence[Message], fields: Mapping[str, Any], tally: Tally) -> str:
        # As extra_body, since the SDK would parse what response_format brings, and fail on half a reply.
        options: dict[str, Any] = {"extra_body": dict(fields)} if fields else {}
        async with self._link.chat(await self._http()) as chat:
            tally.requests += 1
            message = await chat.ainvoke(_own(messages), **options)
        tally.tokens += _tokens(message) or 0
        return without_thoughts(_text(message))

    async def _streamed(self, messages: Sequence[Message], say: Callable[[str], None], tally: Tally) -> str:
        """The answer in pieces and counted; from a server that refuses that, uncounted, and else in one piece."""
        habits = self._memory.of(self.name, self._link.address)
        for usage in (True, False) if habits.stream_usage else (False,):
            if not habits.stream:
                break
            try:
                text = await self._spoken(messages, say, tally, usage=usage)
            except self._link.raised as error:
                if tally.said or not refused(error, _NAMES_USAGE if usage else _NAMES_STREAM):
                    raise
                continue
            self._memory.learn(self.name, self._link.address, stream_usage=usage)
            return text
        if text := await self._answer(messages, {}, tally):
            self._memory.learn(self.name, self._link.address, stream=False)
            tally.said = True
            say(text)
        return text

    async def _spoken(self, messages: Sequence[Message], say: Callable[[str], None], tally: Tally, *,
                      usage: bool) -> str:
        pieces: list[str] = []
        thoughts, tokens, finished = Thoughts(), 0, False

        def told(piece: str) -> None:
            if piece:
                tally.said = True
                pieces.append(piece)
                say(piece)

        async with self._link.chat(await self._http()) as chat:
            tally.requests += 1
            async for chunk in _until_finished(chat.astream(_own(messages), stream_usage=usage)):
                tokens = _tokens(chunk) or tokens  # some servers count up in every chunk
                finished = finished or _finished(chunk)
                told(thoughts.feed(_text(chunk)))
        told(thoughts.end())
        tally.tokens += tokens
        text = "".join(pieces)
        if not finished and not _SENTENCE_END.search(text):  # a connection that just ends looks like a whole answer
            raise ExpertUnavailable(f"{self.name} broke off in the middle of its answer: try again.")
        return text

    async def _http(self) -> Any:
        """This event loop's HTTP client, closed when the loop is."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            client, self._spare = self._spare or self._link.http(), None
            self._clients[loop] = client, _open_until_the_loop_ends(client, weakref.ref(self._clients))
            await anext(self._clients[loop][1])
        return self._clients[loop][0]


async def _open_until_the_loop_ends(client: Any, clients: weakref.ref[Clients]) -> AsyncGenerator[None]:
    """To be started once and kept: asyncio finishes the generators that are left when it shuts a loop down.

    Such a generator holds its loop, which would thus stay in the table of clients, were it not taken out here.
    """
    try:
        yield
    finally:
        if (known := clients()) is not None:
            known.pop(asyncio.get_running_loop(), None)
        await client.aclose()


def _own(messages: Sequence[Message]) -> list[Any]:
    """Copies, which LangChain may keep and change."""
    return [dict(message) for message in messages]


def _text(message: Any) -> str:
    """What it said: its content, or a refusal."""
    return str(message.text) or str(message.additional_kwargs.get("refusal") or "")


async def _until_finished(stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The chunks of a stream that may stay open after its last one."""
    end: float | None = None
    while True:
        try:
            async with asyncio.timeout_at(end) as linger:
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if linger.expired():
                return
            raise
        if end is None and _finished(chunk):
            end = asyncio.get_running_loop().time() + LINGER
        yield chunk


def _finished(chunk: Any) -> bool:
    return bool(chunk.response_metadata.get("finish_reason"))


def _tokens(message: Any) -> int | None:
    return message.usage_metadata["total_tokens"] if message.usage_metadata else None
