"""Which of the two planners plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from compegpt.plan.auto import AutoPlanner
from compegpt.schema import Proposal, Request, Task, Turn

SURE = 0.8
REQUEST: Request = {"text": "Draw me a sheep", "files": [], "thread": "t"}
TASK = Task(task="text-to-image", id=0, dep=[-1], args={"text": "a sheep"})
TURN = Turn(request=REQUEST, plan=[TASK], results=[], answer="")


class Embedded:
    sure = SURE

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal

    def planned(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None) -> Proposal:
        return self._proposal


class Model:
    def __init__(self) -> None:
        self.drafts: list[Proposal | None] = []

    async def plan(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None, *,
                   draft: Proposal | None = None) -> Proposal:
        self.drafts.append(draft)
        return Proposal([], None, "llm")


async def who(proposal: Proposal, history: Sequence[Turn] = ()) -> tuple[str, list[Proposal | None]]:
    model: Any = Model()
    embedded: Any = Embedded(proposal)
    return (await AutoPlanner(embedded, model).plan(REQUEST, history)).planner, model.drafts


@pytest.mark.parametrize(("tasks", "confidence", "planner"), [
    ([TASK], SURE, "embedded"), ([TASK], SURE - 0.01, "llm"), ([], 0.0, "llm"), ([TASK], None, "llm")],
    ids=["sure", "unsure", "no task", "no measure"])
async def test_a_sure_plan_skips_the_language_model(tasks: list[Task], confidence: float | None, planner: str) -> None:
    proposal = Proposal(tasks, confidence, "embedded")
    made, drafts = await who(proposal)
    assert made == planner
    assert drafts == ([] if planner == "embedded" else [proposal])


async def test_a_follow_up_is_the_language_models() -> None:
    assert (await who(Proposal([TASK], 0.99, "embedded"), [TURN]))[0] == "llm"
