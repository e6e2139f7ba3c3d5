"""Fakes of the boundaries a run is built from: queues of answers or exceptions, and a record of what was asked."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.context import Account, Offers, Say
from compegpt.embed import Array
from compegpt.errors import CompeGPTError
from compegpt.llm.protocol import LLMError, Message, Purpose, Reply
from compegpt.media.artifacts import Store
from compegpt.schema import (
    Candidate,
    Expert,
    Finding,
    LLMCall,
    Output,
    Proposal,
    Request,
    Result,
    Status,
    Task,
    Turn,
    Written,
)
from compegpt.settings import Settings
from compegpt.wiring import Parts

Behaviour = Finding | Exception | Callable[[Mapping[str, Any], Store], Awaitable[Finding]]
"""What a fake expert does: return a finding, raise, or whatever an async function does with (args, store)."""


@dataclass
class FakeSource:
    """Experts as `{task: [(name, family, behaviour)]}`; a list of behaviours is used up one per call."""

    experts: Mapping[str, Sequence[tuple[str, str, Behaviour | list[Behaviour]]]]
    passed_over: Mapping[str, list[str]] = field(default_factory=dict)
    name: str = "fake"
    remote: bool = False
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(expert id, args) of every run, in order."""
    prepared: list[str] = field(default_factory=list)
    loading: dict[str, asyncio.Event] = field(default_factory=dict)
    """Experts that are ready only when the event is set."""

    async def prepare(self, tasks: Sequence[str]) -> None:
        self.prepared += tasks

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        rows = self.experts.get(task, ())
        return Offers([Expert(id=f"{self.name}:{name}", task=task, family=family, source=self.name)
                       for name, family, _ in rows], self.passed_over.get(task, []))

    def ready(self, expert: Expert, args: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        return self._loaded(self.loading[expert.id]) if expert.id in self.loading else nullcontext()

    @asynccontextmanager
    async def _loaded(self, event: asyncio.Event) -> AsyncIterator[None]:
        await event.wait()
        yield

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        self.calls.append((expert.id, dict(args)))
        behaviour = next(what for name, _, what in self.experts[expert.task] if f"{self.name}:{name}" == expert.id)
        if isinstance(behaviour, list):
            behaviour = behaviour.pop(0)
        if isinstance(behaviour, Exception):
            raise behaviour
        return behaviour if isinstance(behaviour, Finding) else await behaviour(args, store)


class FakePlanner:
    """Gives the plans in turn, the last one again and again; an exception in their place is raised."""

    def __init__(self, *plans: list[Task] | Exception, confidence: float = 0.9, reply: str | None = None) -> None:
        self._plans = list(plans) or [[]]
        self._confidence, self._reply = confidence, reply
        self.asked: list[tuple[Request, list[Turn]]] = []
        self.allowed: list[Collection[str] | None] = []

    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        self.asked.append((request, list(history)))
        self.allowed.append(allowed)
        plan = self._plans.pop(0) if len(self._plans) > 1 else self._plans[0]
        if isinstance(plan, Exception):
            raise plan
        return Proposal(list(plan), self._confidence, "fake", self._reply)


class FakeWriter:
    """Says which tasks came to what; an exception among `answers` is raised, a text used up."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Account] = []

    async def write(self, account: Account, say: Say) -> Written:
        self.asked.append(account)
        if not self._answers:
            return Written("; ".join(f"{one['task']}: {one['status']}" for one in account.results) or account.reply
                           or "nothing planned")
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Written(answer)


class FakeEncoder:
    """Unit vectors of hashed words, shape (n, 64): texts that share words are near each other."""

    dimensions = 64

    def encode(self, texts: Sequence[str]) -> Array:
        vectors = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % self.dimensions] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, dtype=np.float32)


def fake_parts(settings: Settings, source: FakeSource, *plans: list[Task] | Exception, reply: str | None = None,
               writer: Any = None) -> Parts:
    """Everything a Session needs; give a `writer` to replace the fake one."""
    return Parts(settings, FakePlanner(*plans, reply=reply), writer or FakeWriter(), [source], FakeEncoder())


def settings(data_dir: Path, **flags: Any) -> Settings:
    """Settings from nothing but these, whatever the environment holds."""
    return Settings.load({"data_dir": data_dir, **flags}, environ={}, dotenv=None)


def task(name: str, task_id: int = 0, dep: Sequence[int] = (-1,), **args: Any) -> Task:
    return {"task": name, "id": task_id, "dep": list(dep), "args": args}


def candidate(expert: str, output: Output | None = None, status: Status = "ok", **rest: Any) -> Candidate:
    """A candidate of source `embedded`, family as its name where none is given."""
    made: Candidate = {"expert": f"embedded:{expert}", "source": "embedded", "family": expert, "status": status,
                       "output": output, "confidence": None, "signals": {}, "score": None, "seconds": 0.1,
                       "error": None, "started": 100.0}
    return {**made, **rest}  # type: ignore[typeddict-item]


def result(of: Task, output: Output | None = None, **rest: Any) -> Result:
    """A task's result: won by the first of two engines where there is an output, else failed."""
    good = output is not None
    made: Result = {
        "id": of["id"], "task": of["task"], "status": "ok" if good else "failed",
        "error": None if good else "It broke.", "code": None if good else "expert", "args": of["args"],
        "winner": "embedded:first" if good else None, "output": output, "agreement": 0.9 if good else None,
        "reason": "agreement decided." if good else "It broke.", "similarity": [[1.0, 0.9], [0.9, 1.0]] if good else [],
        "candidates": [candidate("first", output), candidate("second", output)] if good else [],
        "started": 100.0 if good else None, "settled": 101.0 if good else None}
    return {**made, **rest}  # type: ignore[typeddict-item]


class FakeLLM:
    """Gives the replies in turn: a text, or an exception to raise as LLMError; `asked` holds (purpose, messages)."""

    name = "fake:model"

    def __init__(self, *replies: str | CompeGPTError) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[str, list[Any]]] = []
        self.schemas: list[Any] = []

    async def ask(self, messages: Sequence[Message], purpose: Purpose, *, schema: Mapping[str, Any] | None = None,
                  seconds: float | None = None) -> Reply:
        self.asked.append((purpose, list(messages)))
        self.schemas.append(schema)
        reply = self._replies.pop(0)
        call: LLMCall = {"purpose": purpose, "model": self.name, "seconds": 0.1, "tokens": 10, "error": None,
                         "code": None}
        if isinstance(reply, CompeGPTError):
            raise LLMError(reply, {**call, "error": str(reply), "code": reply.code})
        return Reply(reply, call)

    async def stream(self, messages: Sequence[Message], purpose: Purpose, say: Callable[[str], None], *,
                     seconds: float | None = None) -> Reply:
        reply = await self.ask(messages, purpose, seconds=seconds)
        for piece in re.findall(r"\S+\s*|\s+", reply.text):
            say(piece)
        return reply
