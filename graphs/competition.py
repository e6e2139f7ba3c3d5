"""The sub-graph of one task: wait for its inputs, select experts, let them compete, judge."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from compegpt.context import Context
from compegpt.execute.node import execute
from compegpt.inputs import Problem, await_inputs
from compegpt.judge.node import judge
from compegpt.schema import Candidate, Result, Task
from compegpt.select.node import select


class Contest(TypedDict):
    """What comes in: one task of the plan."""

    task: Task


class Competition(Contest, total=False):
    args: dict[str, Any]
    """Checked values in place of references."""
    problem: Problem | None
    contenders: list[dict[str, str]]
    candidates: Annotated[list[Candidate], operator.add]
    results: list[Result]


class Outcome(TypedDict):
    """What goes out: the task's one result."""

    results: list[Result]


async def contenders(state: Mapping[str, Any]) -> list[Send] | str:
    """One branch per contender; with none, straight to the judge, who records why."""
    return [Send("execute", {"task": state["task"], "args": state["args"], "contender": one})
            for one in state["contenders"]] or "judge"


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
    .add_edge("judge", END)
    .compile()
)
