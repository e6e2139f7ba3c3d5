"""The whole graph: plan, one competition per task at once, respond."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from compegpt.context import Context
from compegpt.plan.node import plan
from compegpt.respond.node import respond
from compegpt.schema import Request, Result, Task, Turn
from graphs.competition import competition


class Asked(TypedDict):
    """What comes in: one request of a thread."""

    request: Request


class State(Asked, total=False):
    asked: Request
    """The request that `plan` and `results` belong to: `request` until a new one comes in."""
    plan: list[Task]
    planner: str
    confidence: float
    reply: str | None
    results: Annotated[list[Result], operator.add]
    answer: str | None
    history: Annotated[list[Turn], operator.add]


async def competitions(state: Mapping[str, Any]) -> list[Send] | str:
    """One competition per task, producers before consumers; with none, straight to the answer."""
    return [Send("competition", {"task": task}) for task in state["plan"]] or "respond"


builder = (
    StateGraph(State, context_schema=Context, input_schema=Asked)
    .add_node("plan", plan)
    .add_node("competition", competition)
    .add_node("respond", respond)
    .add_edge(START, "plan")
    .add_conditional_edges("plan", competitions, ["competition", "respond"])
    .add_edge("competition", "respond")
    .add_edge("respond", END)
)


class SelfSupplied(CompiledStateGraph[State, Context, Asked, State]):
    """The graph as Studio runs it: given no context, it builds its own from the settings."""

    async def astream(self, input: Any, config: Any = None, *, context: Any = None,  # type: ignore[override]
                      **options: Any) -> AsyncIterator[Any]:
        if context is None:
            from compegpt.wiring import context_from_settings

            context = context_from_settings()
        async for part in super().astream(input, config, context=context, **options):
            yield part


graph = SelfSupplied(**vars(builder.compile()))
