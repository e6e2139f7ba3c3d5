"""What the nodes of one run may reach: the boundaries, as values. Nothing here is checkpointed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from compegpt.board import Board
from compegpt.breaker import Breaker
from compegpt.embed import Encoder
from compegpt.errors import ExpertGone
from compegpt.league.form import Form
from compegpt.league.match import Match
from compegpt.media.artifacts import Store
from compegpt.redaction import Redactor
from compegpt.schema import (
    Candidate,
    Expert,
    Finding,
    Proposal,
    Request,
    Result,
    Ruling,
    Task,
    Turn,
    Written,
)
from compegpt.settings import Settings


@dataclass(frozen=True)
class Offers:
    """What a source has for a task: experts, most promising first, and why others are passed over."""

    experts: list[Expert]
    passed_over: list[str]
    """One reason each: "apertium has no pair from de to fr"."""
    code: str | None = None
    """`errors.CompeGPTError.code` of what kept the source from saying whom it has; None where it could say."""


class Source(Protocol):
    name: str
    remote: bool
    """Whether its experts run elsewhere, so that waiting for them costs this machine nothing."""

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Get ready for these task types, as soon as the plan is known (fetch listings); with none, before that (load
        libraries). Returns at once and never raises."""
        ...

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers: ...

    def ready(self, expert: Expert, args: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """Inside it what the expert needs is loaded and stays so; a `nullcontext` where nothing takes long to load.

        Others that are faster do not cut the loading short, only the task's deadline does. Entering raises as `run`
        does, and must end when cancelled.
        """
        ...

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """Run one expert, once. `expert` holds no more than id, task, family and source: what else the call needs, the
        source looks up by the id.

        Raises ExpertError (ExpertUnavailable where trying again may help, ExpertGone where it will not for a while),
        or whatever its library raises; must end when cancelled.
        """
        ...


class Planner(Protocol):
    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        """A plan for the request, of `allowed` task types only where they are given."""
        ...


@dataclass(frozen=True)
class Account:
    """What an answer is written from."""

    request: Request
    plan: Sequence[Task]
    results: Sequence[Result]
    """In plan order."""
    reply: str | None = None
    """What the planner said instead of a plan."""
    history: Sequence[Turn] = ()
    down: str | None = None
    """Why the language model could not be used for planning, so that it need not be waited for again."""
    seconds: float = float("inf")
    """How long writing may take."""


Say = Callable[[str], None]
"""Takes the next piece of an answer while it is being written."""


class Writer(Protocol):
    async def write(self, account: Account, say: Say) -> Written:
        """The answer. A writer that works piece by piece `say`s each as it comes; the text returned counts."""
        ...


class Arbiter(Protocol):
    """Settles close calls between candidates (the paper's language model that is given the similarity matrix)."""

    async def pick(self, task: str, args: Mapping[str, Any], candidates: Sequence[Candidate],
                   similarity: Sequence[Sequence[float]]) -> Ruling:
        """`similarity` is n x n over the n candidates. Never raises for a model's failure: that is in the ruling."""
        ...


class League(Protocol):
    """What competitions of the past say; no method raises."""

    def form(self, task: str) -> Form:
        """What the recent competitions of a task amount to. May read a file: call it in a thread."""
        ...

    def record(self, match: Match) -> None:
        """Have a competition written; returns at once."""
        ...

    def complaint(self) -> str | None:
        """Why the league cannot be used, each reason once; None where there is nothing to tell."""
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
    """Expert calls at once on this machine, and below those at once to others."""
    remote_slots: asyncio.Semaphore
    board: Board
    redacted: Redactor
    """Takes every key and token out of what experts and language models say."""
    breaker: Breaker = field(default_factory=Breaker)
    arbiter: Arbiter | None = None
    league: League | None = None
    """None where competitions are neither recorded nor read."""
    chance: random.Random = field(default_factory=random.Random)
    """Draws what selection leaves to chance."""
    reused: frozenset[int] = frozenset()
    """Tasks whose results were finished before this run resumed the turn."""

    def source(self, name: str) -> Source:
        """Raises ExpertGone where a turn is resumed without a source that it began with."""
        for source in self.sources:
            if source.name == name:
                return source
        raise ExpertGone(f"'{name}' is not among the sources any more; add it to COMPEGPT_EXPERTS, or ask again.")
