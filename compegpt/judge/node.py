"""judge: compare what the experts gave, score it, choose, and let the dependents know."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from compegpt.board import now
from compegpt.context import Context
from compegpt.errors import ExpertError
from compegpt.events import Judged
from compegpt.judge.verdict import judge as verdict_of
from compegpt.schema import Candidate, Result, Task, Verdict
from compegpt.state import Competition, Problem
from compegpt.threads import in_thread

_NOTHING: Verdict = {"winner": None, "agreement": None, "similarity": [], "reason": ""}


async def judge(state: Competition, runtime: Runtime[Context]) -> dict[str, Any]:
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


def _result(task: Task, state: Competition, verdict: Verdict, candidates: list[Candidate], settled: float) -> Result:
    winner = next((one for one in candidates if one["expert"] == verdict["winner"]), None)
    result: Result = {
        "id": task["id"], "task": task["task"], "status": "ok", "error": None, "code": None, "args": state["args"],
        "winner": verdict["winner"], "output": winner["output"] if winner else None,
        "agreement": verdict["agreement"], "reason": verdict["reason"], "similarity": verdict["similarity"],
        "candidates": candidates, "started": min((one["started"] for one in candidates), default=None),
        "settled": settled if candidates else None}
    if winner is None:
        problem = state["problem"] or Problem(
            status="failed", code=_most_telling(candidates),
            error=f"No candidate stands for {task['task']}: {verdict['reason']}.")
        result.update({"status": problem["status"], "error": problem["error"], "code": problem["code"],
                       "reason": problem["error"]})
    return result


def _most_telling(candidates: list[Candidate]) -> str:
    """One code for a task whose candidates all failed."""
    codes = {one.get("code") or ExpertError.code for one in candidates}
    return next((code for code in ("authentication", "deadline", "transient", "storage") if code in codes),
                ExpertError.code)
