"""respond: answer the request from the results, and close the turn."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Context
from compegpt.events import Responded
from compegpt.history import finished, in_plan_order
from compegpt.state import State


async def respond(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: the writer's answer, kept in the thread's history."""
    context = runtime.context
    results = in_plan_order(state["results"], state["plan"])
    answer = await context.writer.write(state["asked"], state["plan"], results, state["reply"])
    turn = {"request": state["asked"], "plan": state["plan"], "results": results, "answer": answer}
    runtime.stream_writer(Responded(turn, state["planner"], state["confidence"], len(context.reused)))  # type: ignore[arg-type]
    return {"answer": answer, "history": [finished({**state, "results": results}, answer)]}
