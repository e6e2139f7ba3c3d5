"""judge: compare what the experts gave, score it, choose, and let the dependents know."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from compegpt.board import now
from compegpt.context import Context
from compegpt.errors import ExpertError, ExpertGone
from compegpt.events import Judged, Selected
from compegpt.judge.close import is_close, settled, standing
from compegpt.judge.verdict import judge as verdict_of
from compegpt.league.match import match_of
from compegpt.league.policy import widening
from compegpt.printable import listed
from compegpt.schema import Candidate, LLMCall, Result, Task, Verdict
from compegpt.state import Competition, Contender, Problem
from compegpt.tasks import TASKS
from compegpt.threads import in_thread

_NOTHING: Verdict = {"winner": None, "agreement": None, "confidence": None, "unsure": False, "similarity": [],
                     "reason": ""}


async def judge(state: Competition, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: the task's result, published on the board whatever it is; or, where that is in doubt, who competes too."""
    settled = now()
    candidates = state.get("candidates", [])
    verdict, calls = _NOTHING, list[LLMCall]()
    if candidates:
        verdict, candidates = await in_thread(
            verdict_of, state["task"]["task"], state["args"], candidates, runtime.context.encoder)
        more = _more(state["task"], verdict, candidates, runtime.context)
        if more:
            runtime.stream_writer(Selected(state["task"], [one["id"] for one in more], ["the verdict is in doubt"]))
            return {"contenders": more}
        verdict, calls = await _arbitrated(state, verdict, candidates, runtime.context)
    result = _result(state["task"], state, verdict, candidates, settled)
    runtime.context.board.publish(result)
    _record(result, verdict, runtime.context)
    runtime.stream_writer(Judged(result))
    return {"results": [result], "calls": calls}


def _more(task: Task, verdict: Verdict, candidates: list[Candidate], context: Context) -> list[Contender]:
    """Who is sent out in another round: reserves, where the verdict is in doubt and there is the time."""
    race = context.board.race(task["id"])
    if race.rounds == 1 and len(candidates) == 1:
        race.first = verdict["confidence"]
    slowest = max(one["seconds"] for one in candidates)
    if not race.k or not race.reserves or race.left() <= slowest:
        return []
    count = widening(verdict, task["task"], candidates, race.k, race.trust)
    return [Contender(id=one.id, family=one.family, source=one.source, why=one.why)
            for one in race.again(count, context.settings.quorum)]


def _record(result: Result, verdict: Verdict, context: Context) -> None:
    if context.league is not None and result["candidates"]:
        race = context.board.race(result["id"])
        context.league.record(match_of(result, verdict["confidence"], race.rounds, race.first))


async def _arbitrated(state: Competition, verdict: Verdict, candidates: list[Candidate],
                      context: Context) -> tuple[Verdict, list[LLMCall]]:
    """The verdict after a close call was put to the arbiter, where there is one, and what that took."""
    task, stood = state["task"]["task"], standing(candidates)
    if context.arbiter is None or not is_close(stood, verdict["similarity"], TASKS[task]):
        return verdict, []
    try:
        async with asyncio.timeout_at(context.deadline):
            ruling = await context.arbiter.pick(task, state["args"], stood, verdict["similarity"])
    except TimeoutError:
        return verdict, []
    ruling = replace(ruling, reason=context.redacted(ruling.reason))
    return settled(verdict, stood, ruling), [ruling.call]


def _result(task: Task, state: Competition, verdict: Verdict, candidates: list[Candidate], settled: float) -> Result:
    winner = next((one for one in candidates if one["expert"] == verdict["winner"]), None)
    result: Result = {
        "id": task["id"], "task": task["task"], "status": "ok", "error": None, "code": None, "args": state["args"],
        "winner": verdict["winner"], "output": winner["output"] if winner else None,
        "agreement": verdict["agreement"], "confidence": verdict["confidence"], "unsure": verdict["unsure"],
        "reason": verdict["reason"], "similarity": verdict["similarity"],
        "candidates": candidates, "started": min((one["started"] for one in candidates), default=None),
        "settled": settled if candidates else None}
    if winner is None:
        problem = state["problem"] or Problem(
            status="failed", code=_most_telling(candidates),
            error=why_nobody(task["task"], candidates))
        result.update({"status": problem["status"], "error": problem["error"], "code": problem["code"],
                       "reason": problem["error"]})
    return result


def _most_telling(candidates: list[Candidate]) -> str:
    """One code for a task whose candidates all failed."""
    codes = {one.get("code") or ExpertError.code for one in candidates}
    if codes == {ExpertGone.code}:
        return ExpertGone.code
    return next((code for code in ("authentication", "deadline", "transient", "storage") if code in codes),
                ExpertError.code)


_WHO = {1: "The only engine did not manage", 2: "Neither of the 2 engines managed"}
_WHAT: dict[str, str] = {"timeout": "ran out of time", "cancelled": "was too slow", "empty": "found nothing",
                         "ok": "gave an empty answer", "abstained": "could not tell"}
_ADVICE = {"deadline": "; give it more seconds by --deadline",
           "storage": "; free some space or set COMPEGPT_DATA_DIR to another folder",
           "expert": "; try another input, or see `python main.py doctor`"}


def why_nobody(task: str, candidates: list[Candidate]) -> str:
    """One sentence for a task whose candidates all fell: who came to what, each reason once, and what to do."""
    groups: dict[str, list[str]] = {}
    for one in candidates:
        what = _WHAT.get(one["status"]) or (one["error"] or "It gave no reason.").rstrip(".")
        groups.setdefault(what, []).append(one["expert"].partition(":")[2] or one["expert"])
    who = _WHO.get(len(candidates), f"None of the {len(candidates)} engines managed")
    begin = f"{who} {task} ({TASKS[task].title})"
    if all(one["status"] == "empty" for one in candidates):
        return f"{begin}: nothing was found."
    said = "; ".join(_came_to(what, names, alone=len(groups) == 1) for what, names in groups.items())
    advice = _ADVICE.get(_most_telling(candidates), "")
    return f"{begin}: {said}{'' if advice in said else advice}."


def _came_to(what: str, names: list[str], alone: bool) -> str:
    if what in _WHAT.values():
        return f"{listed(names)} {what.replace('was', 'were') if len(names) > 1 else what}"
    if alone or names == [what.split(" ", 1)[0]]:  # an error that all share, or that begins with the engine's name
        return what
    return f"{listed(names)} failed ({what})"
