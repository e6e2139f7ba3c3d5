"""One competition as the league remembers it: who took part and what came of it, nothing of what the user gave."""

from __future__ import annotations

from dataclasses import dataclass

from compegpt.errors import AuthenticationError, InputError, StorageError
from compegpt.schema import Candidate, Output, Result

TIED = 0.999
"""Outputs at least this similar to the winner's are the same answer."""
NOT_ITS_FAULT = frozenset({InputError.code, StorageError.code, AuthenticationError.code})
"""Errors that say nothing about the expert: a broken input, a full disk, a key that is refused."""


@dataclass(frozen=True)
class Entry:
    """What one expert did in a competition."""

    expert: str
    family: str
    status: str
    """`schema.Status`."""
    seconds: float
    score: float | None
    """The judge's; None where it gave nothing that could be judged."""
    won: bool
    tied: bool
    """Whether its output was the winner's but for at most 1 - TIED; the winner itself is not tied."""
    confidence: float | None = None
    """Its own, in [0, 1]."""

    @property
    def stood(self) -> bool:
        return self.score is not None

    @property
    def failed(self) -> bool:
        """Whether it gave nothing that could be judged, though it was given the time."""
        return not self.stood and self.status != "cancelled"


@dataclass(frozen=True)
class Match:
    """One competition."""

    task: str
    entries: tuple[Entry, ...]
    winner: str | None
    agreement: float | None
    confidence: float | None
    """The verdict's own, in [0, 1]; None where it gave none."""
    rounds: int = 1
    """How often experts were sent out: more than 1 where the first round left a doubt."""
    time: float = 0.0
    """Seconds since the epoch."""
    first: float | None = None
    """The confidence of the first round's verdict where one expert began alone."""

    @property
    def k(self) -> int:
        """How many experts were called."""
        return len(self.entries)


def match_of(result: Result, confidence: float | None = None, rounds: int = 1, first: float | None = None) -> Match:
    """The competition behind a result, less the candidates whose error is not their own. `confidence`: the verdict's.

    Rows and columns of `result["similarity"]` stand for the candidates that have a score, in their order.
    """
    stood = [one["expert"] for one in result["candidates"] if one["score"] is not None]
    winner, similarity = result["winner"], result["similarity"]
    like = similarity[stood.index(winner)] if winner in stood else [0.0] * len(stood)
    same = {expert for expert, value in zip(stood, like, strict=True) if value >= TIED}
    same |= {one["expert"] for one in result["candidates"] if one["score"] is not None
             and _label(one["output"]) is not None and _label(one["output"]) == _label(result["output"])}
    entries = tuple(_entry(one, winner, same) for one in result["candidates"]
                    if one["score"] is not None or one.get("code") not in NOT_ITS_FAULT)
    return Match(result["task"], entries, winner, result["agreement"], confidence, rounds, result["settled"] or 0.0,
                 first)


def _label(output: Output | None) -> str | None:
    """The first label: who gives the same one gives the same answer, whatever the probabilities."""
    labels = (output or {}).get("labels")
    return str(labels[0]["label"]).casefold() if labels else None


def _entry(one: Candidate, winner: str | None, same: set[str]) -> Entry:
    won = one["expert"] == winner
    return Entry(one["expert"], one["family"], one["status"], one["seconds"], one["score"], won,
                 one["expert"] in same and not won, one["confidence"])
