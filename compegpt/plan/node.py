"""plan: what the request asks for, as a graph of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from compegpt.context import Context
from compegpt.events import Noticed, Planned
from compegpt.history import interrupted
from compegpt.plan.validate import validated
from compegpt.redaction import Redactor
from compegpt.schema import Proposal
from compegpt.state import State

SENT = 0.05
"""Seconds after which a language model has got its request: what else there is to do delays it no more."""


async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: ask the planner, validate what it says, and start the turn with a clean slate."""
    context, unfinished = runtime.context, interrupted(state)
    proposal = await _while_sources_load(
        context.planner.plan(state["request"], [*state.get("history", []), *unfinished]), context)
    proposal = checked(proposal, context.redacted)
    tasks = proposal.tasks
    wanted = list(dict.fromkeys(task["task"] for task in tasks))
    for source in context.sources:
        await source.prepare(wanted)
    if proposal.note:
        runtime.stream_writer(Noticed(proposal.note))
    runtime.stream_writer(Planned(tasks, proposal.planner, proposal.confidence))
    return {"plan": tasks, "planner": proposal.planner, "confidence": proposal.confidence, "reply": proposal.reply,
            "calls": Overwrite(list(proposal.calls)), "results": Overwrite([]), "answer": None, "history": unfinished,
            "asked": state["request"]}


def checked(proposal: Proposal, redacted: Redactor) -> Proposal:
    """The proposal with a plan that can be run, and without any key that a language model or its server quoted.

    Raises UsageError where the plan cannot be run.
    """
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
