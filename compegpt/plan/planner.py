"""What every planner offers: a request and the thread's earlier turns in, a plan out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from compegpt.schema import Planned, Request, Turn


class Planner(Protocol):
    async def plan(self, request: Request, history: Sequence[Turn]) -> Planned:
        """A valid plan (`validate.problems` finds none), empty where the request asks for no task."""
        ...
