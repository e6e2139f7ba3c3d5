"""The whole graph: plan, one competition per task at once, respond."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from compegpt.context import Context
from compegpt.history import within
from compegpt.plan.node import plan
from compegpt.respond.node import respond
from compegpt.state import Asked, Contest, State
from graphs.competition import competition


async def competitions(state: State) -> list[Send] | str:
    """One competition per task, producers before consumers; with none, straight to the answer."""
    reach = within(state["asked"], state.get("history", []))
    return [Send("competition", Contest(task=task, within=reach)) for task in state["plan"]] or "respond"


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

    async def astream(self, input: Any, config: Any = None, *, context: Any = None,
                      **options: Any) -> AsyncIterator[Any]:
        if context is None:
            from compegpt.wiring import context_from_settings

            context = context_from_settings()
        async for part in super().astream(input, config, context=context, **options):
            yield part


graph = SelfSupplied(**vars(builder.compile()))
