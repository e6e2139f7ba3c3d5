"""The finished turns of a thread, kept small: what was asked, planned, won and said; and the files they may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.schema import Request, Result, Task, Turn
from compegpt.state import State


def finished(state: State, answer: str) -> Turn:
    """This turn as later turns see it: the winners without the losers."""
    asked = state["asked"]
    request: Request = {"text": asked["text"], "files": asked["files"], "thread": asked["thread"]}
    return {"request": request, "plan": state["plan"], "results": [_brief(one) for one in state["results"]],
            "answer": answer}


def interrupted(state: State) -> list[Turn]:
    """The thread's last turn where it was broken off: what it had finished stays known. Empty where it was not."""
    if state.get("answer") is None and state.get("results"):
        return [finished(state, "")]
    return []


def within(request: Request, turns: Sequence[Turn]) -> list[str] | None:
    """The files that a request may name: what was attached to and made in its thread; None for any."""
    if not request.get("confined"):
        return None
    made = [file for turn in turns for result in turn["results"] for file in made_by(result["output"] or {})]
    return [*request["files"], *(file for turn in turns for file in turn["request"]["files"]), *made]


def made_by(output: Mapping[str, Any]) -> list[str]:
    """The files of an output."""
    found = [output[kind] for kind in ("image", "audio", "video") if isinstance(output.get(kind), str)]
    data = output.get("data")
    masks = data if isinstance(data, list) else []
    return found + [one["image"] for one in masks if isinstance(one, dict) and isinstance(one.get("image"), str)]


def _brief(result: Result) -> Result:
    return {**result, "candidates": [], "similarity": []}


def in_plan_order(results: Sequence[Result], plan: Sequence[Task]) -> list[Result]:
    """Results in the order of their tasks, whenever they came."""
    order = {task["id"]: place for place, task in enumerate(plan)}
    return sorted(results, key=lambda result: order[result["id"]])
