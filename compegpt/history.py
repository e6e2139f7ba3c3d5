"""The finished turns of a thread, kept small: what was asked, planned, won and said."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.schema import Result, Task, Turn
from compegpt.state import State


def finished(state: State, answer: str) -> Turn:
    """This turn as later turns see it: the winners without the losers."""
    return {"request": state["asked"], "plan": state["plan"], "results": [_brief(one) for one in state["results"]],
            "answer": answer}


def interrupted(state: State) -> list[Turn]:
    """The thread's last turn where it was broken off: what it had finished stays known. Empty where it was not."""
    if state.get("answer") is None and state.get("results"):
        return [finished(state, "")]
    return []


def _brief(result: Result) -> Result:
    return {**result, "candidates": [], "similarity": []}


def in_plan_order(results: Sequence[Result], plan: Sequence[Task]) -> list[Result]:
    """Results in the order of their tasks, whenever they came."""
    order = {task["id"]: place for place, task in enumerate(plan)}
    return sorted(results, key=lambda result: order[result["id"]])
