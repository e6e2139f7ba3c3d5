"""A turn as the JSON object of the command line, and what its exit status is."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compegpt.errors import CompeGPTError, status_of
from compegpt.events import Event, Judged, Planned, Responded
from compegpt.schema import LLMCall, Result, Task, Turn

STATUSES = (2, 3, 6, 5, 1)
"""Exit statuses, the most telling first."""
_RESULT = ("id", "task", "status", "error", "args", "winner", "output", "agreement",
           "confidence", "unsure", "reason", "similarity")
_CANDIDATE = ("expert", "source", "family", "status", "output", "confidence", "signals", "score", "seconds", "error",
              "note", "why", "weakest")


class Interrupted(CompeGPTError):
    """The user stopped it."""

    code, status, retryable = "interrupted", 130, True


@dataclass
class Outcome:
    """What one turn has come to, filled in while it runs."""

    thread: str | None = None
    plan: list[Task] | None = None
    planner: str | None = None
    confidence: float | None = None
    results: list[Result] = field(default_factory=list)
    calls: list[LLMCall] = field(default_factory=list)
    turn: Turn | None = None
    error: CompeGPTError | None = None
    """What kept the whole turn from an answer, or from being handed over."""
    began: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    """The winners' files, `path` the copy where there is an output folder."""

    def take(self, event: Event) -> None:
        """Fill in what an event of the turn tells."""
        if isinstance(event, Planned):
            self.plan, self.planner, self.confidence = event.plan, event.planner, event.confidence
        elif isinstance(event, Judged):
            self.results.append(event.result)
        elif isinstance(event, Responded):
            self.turn, self.planner, self.confidence = event.turn, event.planner, event.confidence
            self.plan, self.results, self.calls = event.turn["plan"], event.turn["results"], event.calls

    @property
    def answer(self) -> str | None:
        """The answer, naming copies where there are any."""
        if self.turn is None:
            return None
        text = self.turn["answer"]
        for artifact in self.artifacts:
            text = text.replace(artifact.get("made", artifact["path"]), artifact["path"])
        return text


def failure(outcome: Outcome) -> CompeGPTError | None:
    """Why the exit status is not 0: the turn's own error, or the most telling of its tasks where none is ok."""
    if outcome.error is not None or outcome.turn is None:
        return outcome.error
    if any(result["status"] == "ok" for result in outcome.results):
        return None
    if not outcome.plan:
        return _silent(outcome.calls)
    failed = [result for result in outcome.results if result["status"] == "failed"] or outcome.results
    worst = min(failed, key=lambda result: STATUSES.index(_status(result)), default=None)
    return _as_error(worst["error"], worst["code"]) if worst else None


def _silent(calls: Sequence[LLMCall]) -> CompeGPTError | None:
    """Why a turn without tasks came to nothing: its language model never answered; None where it did."""
    failed = [call for call in calls if call["error"]]
    return _as_error(failed[0]["error"], failed[0]["code"]) if failed and len(failed) == len(calls) else None


def record(outcome: Outcome, with_answer: bool = True) -> dict[str, Any]:
    """The JSON object; `error` is there only where the exit status is not 0."""
    made: dict[str, Any] = {}
    if with_answer and outcome.answer is not None:
        made["answer"] = outcome.answer
    made |= {"thread": outcome.thread, "planner": outcome.planner, "plan_confidence": outcome.confidence,
             "plan": outcome.plan or [], "results": [_result(result) for result in outcome.results],
             "artifacts": [{key: artifact[key] for key in ("id", "path", "type", "task")}
                           for artifact in outcome.artifacts],
             "usage": _usage(outcome)}
    error = failure(outcome)
    if error is not None:
        made["error"] = error_object(error)
    plain: dict[str, Any] = _finite(made)
    return plain


def error_object(error: CompeGPTError) -> dict[str, Any]:
    return {"code": error.code, "message": str(error), "retryable": error.retryable}


def critical_path(plan: Sequence[Task], results: Sequence[Result], since: float = 0.0) -> float:
    """Seconds of the longest chain through the plan, each task from its first expert's start to its settling.

    `plan` has producers before consumers. What settled before `since` (epoch seconds) was not done in this turn and
    counts nothing. O(tasks + dependencies).
    """
    by_id = {result["id"]: result for result in results}
    until: dict[int, float] = {}
    for task in plan:
        result = by_id.get(task["id"])
        own = 0.0
        if result and result["started"] is not None and result["settled"] is not None and result["started"] >= since:
            own = max(result["settled"] - result["started"], 0.0)
        until[task["id"]] = own + max((until.get(dep, 0.0) for dep in task["dep"]), default=0.0)
    return max(until.values(), default=0.0)


def artifacts_of(results: Iterable[Result]) -> list[dict[str, Any]]:
    """The files of the winners that exist: id, path, type by content, task."""
    from compegpt.media.artifacts import media_type
    from compegpt.respond.report import files

    return [{"id": Path(path).stem, "path": path, "type": media_type(Path(path)), "task": result["id"]}
            for result in results for path in files([result])]


def copied(artifacts: Sequence[Mapping[str, Any]], results: Sequence[Result], folder: Path) -> list[dict[str, Any]]:
    """The artifacts as copies in the user's folder, named for what they are from and the task. Raises StorageError."""
    from compegpt.media.artifacts import copy_out

    by_id = {result["id"]: result for result in results}
    made = {artifact["path"] for artifact in artifacts}
    copies = []
    for artifact in artifacts:
        result = by_id[artifact["task"]]
        sources = [Path(value).stem for value in result["args"].values()
                   if isinstance(value, str) and os.path.isabs(value) and value not in made and os.path.isfile(value)]
        name = "-".join([*sources[:1], result["task"]])
        copy = copy_out(Path(artifact["path"]), folder.expanduser().absolute(), name)
        copies.append({**artifact, "made": artifact["path"], "path": str(copy)})
    return copies


def _usage(outcome: Outcome) -> dict[str, Any]:
    critical = critical_path(outcome.plan or [], outcome.results, outcome.began)
    critical += sum(call["seconds"] for call in outcome.calls
                    if call["purpose"] != "judge" and call.get("started", outcome.began) >= outcome.began)
    experts = [candidate for result in outcome.results for candidate in result["candidates"]]
    tokens = sum(call["tokens"] for call in outcome.calls) + sum(one.get("tokens", 0) for one in experts)
    requests = sum(call.get("requests", 1) for call in outcome.calls)
    return {"llm_calls": requests, "tokens": tokens, "expert_calls": len(experts),
            "seconds": round(outcome.seconds, 3), "critical_path_seconds": round(critical, 3),
            "overhead_seconds": round(max(outcome.seconds - critical, 0.0), 3)}


def _result(result: Result) -> dict[str, Any]:
    return {**{key: result.get(key) for key in _RESULT},
            "candidates": [{key: candidate[key] for key in _CANDIDATE if key in candidate}  # type: ignore[literal-required]
                           for candidate in result["candidates"]]}


def _status(result: Result) -> int:
    return status_of(result["code"] or "")


def _as_error(message: str | None, code: str | None) -> CompeGPTError:
    error = CompeGPTError(message or "It gave no reason.")
    error.code, error.status = code or "expert", status_of(code or "")
    error.retryable = error.status in (5, 6)
    return error


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: null stands for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
