"""respond: answer the request from the results, and close the turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Account, Context
from compegpt.errors import AuthenticationError, ExpertTimeout
from compegpt.events import Noticed, Responded, Wrote
from compegpt.history import finished, in_plan_order
from compegpt.redaction import Veil
from compegpt.schema import LLMCall, Turn
from compegpt.state import State

EXTRA = 3.0
"""Seconds that a language model may always take to tell what there is, be it past the request's deadline."""
_LOST = (ExpertTimeout.code, AuthenticationError.code)


async def respond(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: the writer's answer, kept in the thread's history."""
    context = runtime.context
    results = in_plan_order(state["results"], state["plan"])
    left = context.deadline - asyncio.get_running_loop().time()
    account = Account(state["asked"], state["plan"], results, state["reply"], state.get("history", []),
                      _down(state.get("calls", [])), max(left, EXTRA))
    veil = Veil(context.redacted, lambda piece: runtime.stream_writer(Wrote(piece)))
    written = await context.writer.write(account, veil.feed)
    veil.end()
    answer = context.redacted(written.text)
    if written.note:
        runtime.stream_writer(Noticed(context.redacted(written.note)))
    turn: Turn = {"request": state["asked"], "plan": state["plan"], "results": results, "answer": answer}
    runtime.stream_writer(Responded(turn, state["planner"], state["confidence"], len(context.reused),
                                    [*state.get("calls", []), *written.calls]))
    return {"answer": answer, "calls": list(written.calls),
            "history": [finished({**state, "results": results}, answer)]}


def _down(calls: Sequence[LLMCall]) -> str | None:
    """Why the model that was to plan need not be asked again: it was waited for in vain, or refuses the key."""
    lost = calls and all(call["error"] for call in calls) and calls[-1]["code"] in _LOST
    return calls[-1]["error"] if lost else None
