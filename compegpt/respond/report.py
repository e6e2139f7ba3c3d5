"""How an answer came about: the plan, who competed, who won and why, and the files that were made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from compegpt.printable import listed
from compegpt.schema import Candidate, Output, Result, Task
from compegpt.tasks import TASKS

_STANDING = ("ok", "empty")
_STATUS: dict[str, str] = {"ok": "answered", "empty": "found nothing", "abstained": "could not tell",
                           "failed": "failed", "timeout": "took too long", "cancelled": "was stopped"}


def how(plan: Sequence[Task], results: Sequence[Result]) -> str:
    """One paragraph per task, in plan order: what it was, who competed, who won and why."""
    by_id = {result["id"]: result for result in results}
    return "\n".join(line for task in plan if task["id"] in by_id for line in _task(task, by_id[task["id"]]))


def files(results: Iterable[Result]) -> list[str]:
    """Absolute paths of the files the winners made and that exist, in plan order."""
    paths: list[str] = []
    for result in results:
        given = {value for value in result["args"].values() if isinstance(value, str)}
        for path in _paths(result["output"]):
            if path not in paths and path not in given and os.path.isabs(path) and os.path.isfile(path):
                paths.append(path)
    return paths


def _paths(output: Output | None) -> Iterable[str]:
    if output is None:
        return
    for kind in ("image", "audio", "video"):
        if output.get(kind):
            yield str(output[kind])
    data = output.get("data")
    if isinstance(data, list):
        yield from (one["image"] for one in data if isinstance(one, dict) and isinstance(one.get("image"), str))


def _task(task: Task, result: Result) -> Iterable[str]:
    needs = [dep for dep in task["dep"] if dep >= 0]
    after = f", after {listed([f'task {dep}' for dep in needs])}" if needs else ""
    yield f"- Task {task['id']}, {task['task']} ({TASKS[task['task']].title}){after}: {_outcome(result)}"
    ranked = sorted(result["candidates"], key=lambda one: one["expert"] != result["winner"])
    yield from (f"  - {_candidate(one, result)}" for one in ranked)


def _outcome(result: Result) -> str:
    if result["winner"] is None:
        return f"{result['status']}, for the reason given above."
    alone = _alone(result)
    if alone:
        return alone
    agreement = result["agreement"]
    agreed = f" (agreement {agreement:.2f})" if agreement is not None else ""
    return f"{_short(result['winner'])} won{agreed}: {result['reason'].replace('embedded:', '').rstrip('.')}."


def _alone(result: Result) -> str | None:
    """What to say where just one candidate stood, so that its word is worth less; None where several did."""
    standing = [one for one in result["candidates"] if one["status"] in _STANDING]
    if len(standing) != 1:
        return None
    name = _short(standing[0]["expert"])
    fallen = len(result["candidates"]) - 1
    if not fallen:
        return f"only one engine, {name}, took part, so nothing was compared: check it."
    others = "the other one" if fallen == 1 else f"the {fallen} others"
    return f"only {name} gave a result and {others} did not, so nothing was compared: check it."


def _candidate(candidate: Candidate, result: Result) -> str:
    parts = [_STATUS[candidate["status"]] + (f": {candidate['error']}" if candidate["error"] else "")]
    if candidate["confidence"] is not None:
        parts.append(f"own confidence {candidate['confidence']:.2f}")
    if candidate["score"] is not None:
        parts.append(f"score {candidate['score']:.2f}")
    parts.append(f"{candidate['seconds']:.1f} s")
    if candidate.get("why"):
        parts.append(f"chosen as {candidate.get('why')}")
    if candidate.get("note"):
        parts.append(str(candidate.get("note")))
    crown = " (winner)" if candidate["expert"] == result["winner"] else ""
    return f"{_short(candidate['expert'])}, family {candidate['family']}{crown}: {'; '.join(parts)}"


def _short(expert: str) -> str:
    return expert.removeprefix("embedded:")
