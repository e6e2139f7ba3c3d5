"""What the nodes of one run may reach: the boundaries, as values. Nothing here is checkpointed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from compegpt.board import Board
from compegpt.embed import Encoder
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding, Proposal, Request, Result, Task, Turn
from compegpt.settings import Settings


@dataclass(frozen=True)
class Offers:
    """What a source has for a task: experts, most promising first, and why others are passed over."""

    experts: list[Expert]
    passed_over: list[str]
    """One reason each: "apertium has no pair from de to fr"."""


class Source(Protocol):
    name: str

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers: ...

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """Run one expert. Raises ExpertError, or whatever its library raises; must end when cancelled."""
        ...


class Planner(Protocol):
    async def plan(self, request: Request, history: Sequence[Turn]) -> Proposal: ...


class Writer(Protocol):
    async def write(self, request: Request, plan: Sequence[Task], results: Sequence[Result], reply: str | None) -> str:
        """The answer; `reply` is what the planner said instead of a plan."""
        ...


@dataclass(frozen=True)
class Context:
    settings: Settings
    planner: Planner
    writer: Writer
    sources: Sequence[Source]
    encoder: Encoder
    store: Store
    deadline: float
    """Event-loop time at which the request ends."""
    slots: asyncio.Semaphore
    """Expert calls at once in this process."""
    board: Board
    reused: frozenset[int] = frozenset()
    """Tasks whose results were finished before this run resumed the turn."""

    def source(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)
