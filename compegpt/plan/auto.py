"""The planner of `COMPEGPT_PLANNER=auto`: the embedded one where it is sure, the language model where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.plan.llm import LLMPlanner
from compegpt.schema import Proposal, Request, Turn


class AutoPlanner:
    """Asks the embedded planner first. Safe to share between threads."""

    def __init__(self, embedded: EmbeddedPlanner, llm: LLMPlanner) -> None:
        self._embedded, self._llm = embedded, llm

    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        """The embedded plan if it is sure enough, else the language model's, which is shown the embedded plan.

        Plans that follow up an earlier turn, and requests that call for no task, are the language model's.
        """
        draft = await asyncio.to_thread(self._embedded.planned, request, history, allowed)
        if draft.tasks and (draft.confidence or 0) >= self._embedded.sure and not history:
            return draft
        return await self._llm.plan(request, history, allowed, draft=draft)
