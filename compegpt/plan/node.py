"""plan: what the request asks for, as a graph of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from compegpt.context import Context, Planner
from compegpt.events import Noticed, Planned
from compegpt.history import interrupted, within
from compegpt.plan import looking
from compegpt.plan.validate import validated
from compegpt.redaction import Redactor
from compegpt.schema import Proposal, Request, Turn
from compegpt.state import State

GIVEN = "given"
"""Who planned where the request brought its plan."""
SENT = 0.05
"""Seconds after which a language model has got its request: what else there is to do delays it no more."""


async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: ask the planner, validate what it says, and start the turn with a clean slate."""
    context, request = runtime.context, state["request"]
    new = [*([] if state.get("history") else request.get("before", [])), *interrupted(state)]
    planning = proposed(context.planner, request, [*state.get("history", []), *new], context.redacted)
    proposal = await _while_sources_load(planning, context)
    tasks = proposal.tasks
    wanted = list(dict.fromkeys(task["task"] for task in tasks))
    for source in context.sources:
        await source.prepare(wanted)
    if proposal.note:
        runtime.stream_writer(Noticed(proposal.note))
    runtime.stream_writer(Planned(tasks, proposal.planner, proposal.confidence))
    return {"plan": tasks, "planner": proposal.planner, "confidence": proposal.confidence, "reply": proposal.reply,
            "calls": Overwrite(list(proposal.calls)), "results": Overwrite([]), "answer": None, "history": new,
            "asked": request}


async def proposed(planner: Planner, request: Request, history: Sequence[Turn], redacted: Redactor) -> Proposal:
    """The request's own plan, or the planner's: one that can be run, and without any key that a language model or its
    server quoted. Raises UsageError where it cannot be run."""
    given = request.get("plan")
    with looking.only(within(request, history)):
        proposal = Proposal(given, None, GIVEN) if given is not None else await planner.plan(request, history)
    return replace(proposal, tasks=validated(redacted.all_in(proposal.tasks)), reply=redacted.all_in(proposal.reply),
                   note=redacted.all_in(proposal.note))


async def _while_sources_load(planning: Coroutine[Any, Any, Proposal], context: Context) -> Proposal:
    """The plan; libraries that the sources need are loaded once a language model's request is on its way."""
    plan = asyncio.create_task(planning)
    try:
        await asyncio.wait([plan], timeout=SENT)
        for source in context.sources:
            await source.prepare([])
        return await plan
    finally:
        plan.cancel()
