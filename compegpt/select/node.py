"""select: which experts compete for this task."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from compegpt.board import Race
from compegpt.context import Context, Offers
from compegpt.errors import ExpertTimeout, NoExpert
from compegpt.events import Noticed, Selected
from compegpt.league.form import Form
from compegpt.league.policy import lately, ordered, trust, width
from compegpt.learned import learned
from compegpt.schema import Expert
from compegpt.select.ranking import mixed, ranked
from compegpt.select.refusal import refusal
from compegpt.state import Competition, Problem
from compegpt.threads import in_thread

LATE = 3.0
"""Seconds that a source may take longer than another that has somebody."""


async def select(state: Competition, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: ask the sources, order their mixed offers by what the league knows, take as many as it says, and prepare
    the race with the rest as reserves."""
    if state["problem"]:
        return {"contenders": []}
    context, task = runtime.context, state["task"]
    try:
        async with asyncio.timeout_at(context.deadline):
            offers = await _gathered([source.offers(task["task"], state["args"]) for source in context.sources])
    except TimeoutError:
        late = ExpertTimeout("The deadline passed before it was known who can do it; give --deadline more seconds.")
        return {"contenders": [], "problem": Problem(status="failed", code=late.code, error=str(late))}
    reasons = list(dict.fromkeys(reason for offer in offers for reason in offer.passed_over))
    fit, resting = _awake(context, mixed([offer.experts for offer in offers]))
    form = await _form(context, task["task"], runtime)
    team = learned(task["task"]).team
    experts = ranked(fit, team)
    if form.competitions:
        experts = await in_thread(ordered, experts, form, context.chance, team)
    if not experts:
        error = NoExpert(refusal(task["task"], reasons, context.settings))
        code = next((offer.code for offer in offers if offer.code), error.code)
        return {"contenders": [], "problem": Problem(status="failed", code=code, error=str(error))}
    experts = [_with_form(expert, form) for expert in experts]
    adaptive = context.league is not None and context.settings.adaptive
    k = context.settings.top_k
    count = width(form, experts[0], k) if adaptive else k
    chosen, race = experts[:count], context.board.race(task["id"])
    _prepare(context, race, chosen, experts[count:])
    if adaptive:
        race.k, race.trust = k, trust(form, chosen[0], count)
    told = [f"{expert.id}: {expert.why}" for expert in chosen if expert.why]
    runtime.stream_writer(Selected(task, [expert.id for expert in chosen], told + resting + reasons))
    return {"contenders": [{"id": expert.id, "family": expert.family, "source": expert.source, "why": expert.why}
                           for expert in chosen]}


async def _gathered(asked: Sequence[Coroutine[Any, Any, Offers]]) -> list[Offers]:
    """What the sources offer, in their order. Once one has offered an expert, the others have LATE seconds more."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    waiting = set(tasks)
    try:
        while waiting:
            some = any(task.done() and _offered(task).experts for task in tasks)
            _, waiting = await asyncio.wait(waiting, timeout=LATE if some else None,
                                               return_when=asyncio.ALL_COMPLETED if some else asyncio.FIRST_COMPLETED)
            if some:
                break
        return [_offered(task) if task.done() else Offers([], ["a source did not say in time whom it has"])
                for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


def _offered(asked: asyncio.Future[Offers]) -> Offers:
    """What a source offers; one that breaks takes nobody else down with it."""
    error = asked.exception()
    if error is None:
        return asked.result()
    logging.getLogger(__name__).error("a source broke while listing its experts", exc_info=error)
    return Offers([], [f"a source broke ({type(error).__name__}: {' '.join(str(error).split())[:200]})"])


def _awake(context: Context, experts: list[Expert]) -> tuple[list[Expert], list[str]]:
    """The experts that need no rest, and why the others do; all of them where nobody else is there."""
    why = {expert.id: context.breaker.resting(expert.id, expert.task) for expert in experts}
    awake = [expert for expert in experts if why[expert.id] is None]
    return (awake, [reason for reason in why.values() if reason]) if awake else (experts, [])


async def _form(context: Context, task: str, runtime: Runtime[Context]) -> Form:
    """What the league knows of this task type, nothing where there is none; why it cannot be used is told."""
    if context.league is None:
        return Form()
    form = await in_thread(context.league.form, task)
    complaint = context.league.complaint()
    if complaint:
        runtime.stream_writer(Noticed(complaint))
    return form


def _with_form(expert: Expert, form: Form) -> Expert:
    """The expert, with what the league says of it among the reasons."""
    phrase = lately(form.records.get(expert.id))
    return replace(expert, why="; ".join(filter(None, (expert.why, phrase)))) if phrase else expert


def _prepare(context: Context, race: Race, chosen: list[Expert], reserves: list[Expert]) -> None:
    quorum = context.settings.quorum
    race.quorum = max(len(chosen) - 1, 1) if quorum is None else quorum
    race.reserves = deque(reserves)
