"""What happens during a turn, as one stream of typed events; every face renders this stream."""

from __future__ import annotations

from dataclasses import dataclass, field

from compegpt.schema import Candidate, LLMCall, Result, Task, Turn


@dataclass(frozen=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True)
class Noticed(Event):
    """Something the user should know that is not part of the answer."""

    text: str


@dataclass(frozen=True)
class Planned(Event):
    plan: list[Task]
    planner: str
    confidence: float | None


@dataclass(frozen=True)
class Selected(Event):
    task: Task
    experts: list[str]
    """Ids of the experts that compete, best first."""
    reasons: list[str] = field(default_factory=list)
    """Why each was chosen, and why others were passed over, one sentence each."""


@dataclass(frozen=True)
class Executed(Event):
    """One expert is done with one task, well or not."""

    task: Task
    candidate: Candidate


@dataclass(frozen=True)
class Judged(Event):
    result: Result


@dataclass(frozen=True)
class Wrote(Event):
    """The next piece of an answer that is being written; the answer of `Responded` is the one that counts."""

    text: str


@dataclass(frozen=True)
class Responded(Event):
    """The last event of a turn: everything that is in its answer."""

    turn: Turn
    planner: str
    confidence: float | None
    reused: int
    """How many results come from before the interruption that this turn resumes."""
    calls: list[LLMCall] = field(default_factory=list)
