"""plan: what the request asks for, as a graph of tasks."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from compegpt.context import Context
from compegpt.events import Planned
from compegpt.history import interrupted
from compegpt.plan.validate import validated
from compegpt.state import State


async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: ask the planner, validate what it says, and start the turn with a clean slate."""
    unfinished = interrupted(state)
    proposal = await runtime.context.planner.plan(state["request"], [*state.get("history", []), *unfinished])
    tasks = validated(proposal.tasks)
    runtime.stream_writer(Planned(tasks, proposal.planner, proposal.confidence))
    return {"plan": tasks, "planner": proposal.planner, "confidence": proposal.confidence, "reply": proposal.reply,
            "results": Overwrite([]), "answer": None, "history": unfinished, "asked": state["request"]}
