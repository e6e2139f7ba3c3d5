"""judge: compare what the experts gave, score it, choose, and let the dependents know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.runtime import Runtime

from compegpt.board import now
from compegpt.context import Context
from compegpt.errors import ExpertError
from compegpt.events import Judged
from compegpt.judge.verdict import judge as verdict_of
from compegpt.schema import Candidate, Result, Task, Verdict
from compegpt.threads import in_thread

_NOTHING: Verdict = {"winner": None, "agreement": None, "similarity": [], "reason": ""}


async def judge(state: Mapping[str, Any], runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: the task's result, published on the board whatever it is."""
    settled = now()
    candidates = state.get("candidates", [])
    verdict = _NOTHING
    if candidates:
        verdict, candidates = await in_thread(
            verdict_of, state["task"]["task"], state["args"], candidates, runtime.context.encoder)
    result = _result(state["task"], state, verdict, candidates, settled)
    runtime.context.board.publish(result)
    runtime.stream_writer(Judged(result))
    return {"results": [result]}


def _result(task: Task, state: Mapping[str, Any], verdict: Verdict, candidates: list[Candidate],
            settled: float) -> Result:
    winner = next((one for one in candidates if one["expert"] == verdict["winner"]), None)
    problem = state["problem"]
    if winner is None and problem is None:
        problem = {"status": "failed", "code": _most_telling(candidates),
                   "error": f"No candidate stands for {task['task']}: {verdict['reason']}"}
    return {
        "id": task["id"], "task": task["task"], "status": "ok" if winner else problem["status"],
        "error": None if winner else problem["error"], "code": None if winner else problem["code"],
        "args": state["args"], "winner": verdict["winner"], "output": winner["output"] if winner else None,
        "agreement": verdict["agreement"], "reason": verdict["reason"] if winner else problem["error"],
        "similarity": verdict["similarity"], "candidates": candidates,
        "started": min((one["started"] for one in candidates), default=None),
        "settled": settled if candidates else None}


def _most_telling(candidates: list[Candidate]) -> str:
    """One code for a task whose candidates all failed."""
    codes = {one.get("code") or ExpertError.code for one in candidates}
    return next((code for code in ("authentication", "deadline", "transient", "storage") if code in codes),
                ExpertError.code)
