"""The sub-graph of one task: wait for its inputs, select experts, let them compete, judge; where that leaves a
doubt, more compete."""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from compegpt.context import Context
from compegpt.execute.node import execute
from compegpt.inputs import await_inputs
from compegpt.judge.node import judge
from compegpt.select.node import select
from compegpt.state import Bout, Competition, Contest, Outcome


async def contenders(state: Competition) -> list[Send] | str:
    """One branch per contender; with none, straight to the judge, who records why."""
    return [Send("execute", Bout(task=state["task"], args=state["args"], contender=one))
            for one in state["contenders"]] or "judge"


async def settled(state: Competition) -> list[Send] | str:
    """The end once there is a result; else one branch per expert that the judge wants to hear as well."""
    if state.get("results"):
        return END
    return await contenders(state)


competition = (
    StateGraph(Competition, context_schema=Context, input_schema=Contest, output_schema=Outcome)
    .add_node("await_inputs", await_inputs)
    .add_node("select", select)
    .add_node("execute", execute)
    .add_node("judge", judge)
    .add_edge(START, "await_inputs")
    .add_edge("await_inputs", "select")
    .add_conditional_edges("select", contenders, ["execute", "judge"])
    .add_edge("execute", "judge")
    .add_conditional_edges("judge", settled, ["execute", END])
    .compile()
)
