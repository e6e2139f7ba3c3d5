"""select: which experts compete for this task."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Context, Offers
from compegpt.errors import ExpertTimeout, NoExpert
from compegpt.events import Selected
from compegpt.schema import Expert
from compegpt.select.ranking import ranked
from compegpt.select.refusal import refusal
from compegpt.state import Competition, Problem


async def select(state: Competition, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: ask the sources in their order, take the top k, and prepare the race with the rest as reserves."""
    if state["problem"]:
        return {"contenders": []}
    context, task = runtime.context, state["task"]
    try:
        async with asyncio.timeout_at(context.deadline):
            offers = [await source.offers(task["task"], state["args"]) for source in context.sources]
    except TimeoutError:
        late = ExpertTimeout("The deadline passed before it was known who can do it; give --deadline more seconds.")
        return {"contenders": [], "problem": Problem(status="failed", code=late.code, error=str(late))}
    experts = ranked([expert for offer in offers for expert in offer.experts])
    if not experts:
        error = NoExpert(refusal(task["task"], _reasons(offers)))
        return {"contenders": [], "problem": Problem(status="failed", code=error.code, error=str(error))}
    chosen = experts[: context.settings.top_k]
    _prepare(context, task["id"], chosen, experts[context.settings.top_k :])
    runtime.stream_writer(Selected(task, [expert.id for expert in chosen]))
    return {"contenders": [{"id": expert.id, "family": expert.family, "source": expert.source} for expert in chosen]}


def _reasons(offers: list[Offers]) -> list[str]:
    return list(dict.fromkeys(reason for offer in offers for reason in offer.passed_over))


def _prepare(context: Context, task_id: int, chosen: list[Expert], reserves: list[Expert]) -> None:
    quorum, race = context.settings.quorum, context.board.race(task_id)
    race.quorum = max(len(chosen) - 1, 1) if quorum is None else quorum
    race.reserves = deque(reserves)
