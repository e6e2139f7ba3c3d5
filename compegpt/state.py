"""The state of the two graphs: plain data, checkpointed after every step."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from compegpt.schema import Candidate, LLMCall, Request, Result, Task, Turn


class Asked(TypedDict):
    """What comes in: one request of a thread."""

    request: Request


class State(Asked, total=False):
    """A thread: the turn in hand, and the finished ones."""

    asked: Request
    """The request that `plan` and `results` belong to: `request` until a new one comes in."""
    plan: list[Task]
    planner: str
    confidence: float | None
    reply: str | None
    results: Annotated[list[Result], operator.add]
    calls: Annotated[list[LLMCall], operator.add]
    """Language model calls of the turn in hand."""
    answer: str | None
    history: Annotated[list[Turn], operator.add]


class Problem(TypedDict):
    """Why a task cannot even be tried."""

    status: Literal["failed", "skipped"]
    """`failed`: its own inputs are unusable. `skipped`: a task it needs gave nothing."""
    code: str
    error: str


class Contender(TypedDict):
    """An expert that takes part."""

    id: str
    family: str
    source: str
    why: str


class Contest(TypedDict):
    """What comes into a competition: one task of the plan."""

    task: Task
    within: NotRequired[list[str] | None]
    """The only files that its args may name (`history.within`); None for any."""


class Competition(Contest, total=False):
    """One task on its way to a result."""

    args: dict[str, Any]
    """Checked values in place of references."""
    problem: Problem | None
    contenders: list[Contender]
    candidates: Annotated[list[Candidate], operator.add]
    results: list[Result]
    calls: list[LLMCall]


class Bout(TypedDict):
    """What one expert gets to do."""

    task: Task
    args: dict[str, Any]
    contender: Contender


class Outcome(TypedDict):
    """What comes out of a competition: the task's one result, and what settling it took."""

    results: list[Result]
    calls: list[LLMCall]
