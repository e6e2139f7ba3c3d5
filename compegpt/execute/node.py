"""execute: one expert does one task; where it fails, the next in rank takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Context
from compegpt.events import Executed
from compegpt.execute.guard import plain, recorded, within_race, within_slot
from compegpt.execute.tool import as_tool
from compegpt.media.artifacts import Store
from compegpt.schema import Candidate, Expert, Finding, Output, Task
from compegpt.state import Bout
from compegpt.tasks import TASKS


async def execute(state: Bout, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: run the contender, then reserves until one answers; every try is a candidate."""
    context, task = runtime.context, state["task"]
    race = context.board.race(task["id"])
    expert: Expert | None = Expert(task=task["task"], **state["contender"])
    candidates: list[Candidate] = []
    while expert is not None:
        candidate = await _one(context, task, expert, state["args"])
        runtime.stream_writer(Executed(task, candidate))
        candidates.append(candidate)
        failed = candidate["status"] == "failed" and not race.hurried
        expert = race.reserves.popleft() if failed and race.reserves else None
    return {"candidates": candidates}


async def _one(context: Context, task: Task, expert: Expert, args: Mapping[str, Any]) -> Candidate:
    store = Store(context.store.folder)
    race = context.board.race(task["id"])
    tool = as_tool(expert, context.source(expert.source), store)

    async def invoke() -> Finding:
        message = await tool.ainvoke({"type": "tool_call", "id": expert.id, "name": tool.name, "args": dict(args)})
        finding: Finding = message.artifact
        return finding

    async def raced() -> Finding:
        return await within_race(race, invoke, TASKS[task["task"]].empty_counts)

    candidate = await recorded(expert, race, lambda: within_slot(context.slots, race, raced))
    candidate["output"] = plain(candidate["output"])
    store.discard_except(_files(candidate["output"]))
    return candidate


def _files(output: Output | None) -> set[str]:
    """Paths an output names, wherever they stand in it."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(output)
    return found
