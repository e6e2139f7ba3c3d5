"""The hub source: models of the Hub and endpoints of the user's own, listed and run in one place."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlsplit

from compegpt.context import Offers
from compegpt.errors import AuthenticationError, ExpertGone, ExpertUnavailable
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.settings import TOP_K_ALL, Settings
from compegpt.sources.hub import calls, fitting
from compegpt.sources.hub.catalogue import Catalogue, Listing, load
from compegpt.sources.hub.connection import warm_up
from compegpt.sources.hub.model import ROUTER, Model, Own, Reach
from compegpt.sources.hub.queries import queries
from compegpt.sources.hub.ranking import in_turn
from compegpt.tasks import canonical
from compegpt.threads import in_thread

NAME = "hub"
OFFERED, RESERVES = 10, 3
"""Experts offered for one task at least, where there are as many, and those that stand by for a larger top k."""

_Order = list[tuple[Model, str]]
"""Models, best first, with why each stands where it does."""
Call = Callable[[Model, str, Mapping[str, Any], Store, Reach], Awaitable[Finding]]


class Hub:
    """Models of the Hub, run through Inference Providers, as a source of experts."""

    name = NAME
    remote = True

    def __init__(self, settings: Settings, own: Sequence[Own] = (), catalogue: Catalogue | None = None,
                 call: Call = calls.call) -> None:
        self._settings, self._own, self._call = settings, tuple(own), call
        self.catalogue = catalogue or Catalogue(settings)
        self._loading = False
        self._most = OFFERED if settings.top_k == TOP_K_ALL else max(OFFERED, settings.top_k + RESERVES)
        self._reach = Reach(settings.hf_token, (settings.inference_url or ROUTER).rstrip("/"), settings.task_deadline)

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Load the client and ask for the listings of these task types, in the background; returns at once.

        With no tasks it only loads the client (a third of a second): good to call before the plan is known.
        """
        shut = self._shut()
        if not self._loading and not (shut and not self._own):
            self._loading = True
            threading.Thread(target=_load, daemon=True, name="hub-client").start()
        for task in () if shut else tasks:
            if calls.can(task):
                self.catalogue.start(queries(task)[0])

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        """The user's own models, then those of the rankings that fit the args and can be called, best first."""
        mine = {model: fitting.foreign(model, task, args) for model in self._of_user(task)}
        own = [fitting.as_expert(model, task, expert_id(model), "one of yours")
               for model, why in mine.items() if why is None]
        unfit = fitting.reasons((model.id, why) for model, why in mine.items() if why)
        shut = self._shut()
        if not calls.can(task) or shut:
            return Offers(own, unfit + ([shut] if shut and calls.can(task) and not own else []))
        listing, order, passed_over = await self._found(task, args)
        known = {expert.id for expert in own}
        ranked = [fitting.as_expert(model, task, expert_id(model), why) for model, why in order]
        experts = own + [expert for expert in ranked if expert.id not in known]
        nobody = [] if experts or passed_over or listing.problems else [
            f"the Hub lists no model for {task} that a provider serves"]
        return Offers(experts[:max(self._most, len(own))],
                      [*unfit, *listing.problems, *fitting.reasons(passed_over), *nobody], _code(listing))

    def ready(self, expert: Expert, args: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """Nothing to load: it runs elsewhere."""
        return nullcontext()

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """One call of the expert's model.

        Raises ExpertGone where the Hub no longer has it, ExpertUnavailable where the Hub cannot be asked for it, and
        whatever `calls.call` raises.
        """
        own = self._own_of(expert)
        reach = replace(self._reach, token=own.key) if own and own.key else self._reach
        return await self._call(await self._model(expert, own), expert.task, args, store, reach)

    async def rows(self, name: str) -> list[dict[str, Any]]:
        """The models of a task type for a person, best first, those passed over last; costs three requests when cold.

        Each row: expert, task, family, downloads, likes, trending, licence, languages, why, passed_over (None where it
        competes). A row with `expert` None says why there is no listing. Raises UsageError for an unknown task type.
        """
        task = canonical(name)
        listing, order, passed_over = await self._found(task, {}) if calls.can(task) else (Listing(()), [], [])
        models = {model.id: model for model in listing.models}
        chosen: list[tuple[Model, str, str | None]] = [(model, "one of yours", None) for model in self._of_user(task)]
        chosen += [(model, why, self._shut()) for model, why in order]
        left = [(models[model], "", why) for model, why in passed_over]
        return [*({"task": task, "expert": None, "passed_over": problem} for problem in listing.problems),
                *(_row(fitting.as_expert(model, task, expert_id(model), why), reason)
                  for model, why, reason in [*chosen, *left])]

    def _of_user(self, task: str) -> list[Model]:
        return [one.model for one in self._own if task in one.tasks and calls.can(task)]

    def _shut(self) -> str | None:
        """Why no model of the Hub can be called at all."""
        if self._settings.inference_url:
            return None
        if self._settings.hf_hub_offline:
            return "HF_HUB_OFFLINE is on, so no hosted model can be asked"
        return None if self._settings.hf_token else "models of the Hub need a token: set HF_TOKEN"

    async def _found(self, task: str, args: Mapping[str, Any]) -> tuple[Listing, _Order, list[tuple[str, str]]]:
        """The first listing that holds anybody who can be called, and what `_sorted` makes of it."""
        for one in queries(task):
            listing = await self.catalogue.listing(one)
            order, passed_over = await in_thread(self._sorted, listing, task, args)
            if order:
                break
        return listing, order, passed_over

    def _sorted(self, listing: Listing, task: str, args: Mapping[str, Any]) -> tuple[_Order, list[tuple[str, str]]]:
        """Models that compete with why, those that may not be made for it last, and who is passed over with why."""
        private, fit, unsure, passed_over = bool(self._settings.inference_url), [], {}, []
        for model in listing.models:
            reason = fitting.unfit(model, task, args) or fitting.unreachable(model, task, private)
            doubt = fitting.unsure(model, task)
            if reason:
                passed_over.append((model.id, reason))
            elif doubt:
                unsure[model] = doubt
            else:
                fit.append(model)
        doubtful = [(model, f"{why}; {unsure[model]}") for model, why in in_turn([*unsure])]
        return in_turn(fit) + doubtful, passed_over

    def _own_of(self, expert: Expert) -> Own | None:
        return next((one for one in self._own if expert_id(one.model) == expert.id), None)

    async def _model(self, expert: Expert, named: Own | None) -> Model:
        own = named.model if named else None
        if own and (_is_endpoint(own) or own.providers or self._settings.inference_url):
            return own
        name = own.id if own else expert.id.removeprefix(f"{NAME}:").partition("@")[0]
        model = await self._listed(expert.task, name) or await self._single(name)
        return replace(model, revision=own.revision) if own else model

    async def _listed(self, task: str, name: str) -> Model | None:
        for one in queries(task):
            listing = await self.catalogue.listing(one)
            if found := next((model for model in listing.models if model.id == name), None):
                return found
        return None

    async def _single(self, name: str) -> Model:
        told = await self.catalogue.model(name)
        if told.page and told.page.models:
            return told.page.models[0]
        if told.problem:
            raise ExpertUnavailable(f"{name}: {told.problem}; try again later.")
        raise ExpertGone(f"The Hub has no model {name} any more; use another one.")


def _code(listing: Listing) -> str | None:
    """Of what is wrong with a listing that holds nobody."""
    if listing.models or not listing.problems:
        return None
    refused = any("HF_TOKEN" in problem for problem in listing.problems)
    return AuthenticationError.code if refused else ExpertUnavailable.code


def _load() -> None:
    """What the first listing and the first call would wait for."""
    load()
    warm_up()


def expert_id(model: Model) -> str:
    """`hub:org/name`, with the revision where one is pinned; of an endpoint only host and path, which hold no key."""
    if _is_endpoint(model):
        address = urlsplit(model.id)
        return f"{NAME}:{address.hostname}{f':{address.port}' if address.port else ''}{address.path.rstrip('/')}"
    return f"{NAME}:{model.id}" + (f"@{model.revision}" if model.revision else "")


def _is_endpoint(model: Model) -> bool:
    return model.id.startswith(("http://", "https://"))


def _row(expert: Expert, passed_over: str | None) -> dict[str, Any]:
    languages = sorted(expert.languages) if expert.languages else None
    kept = ("task", "family", "downloads", "likes", "trending", "licence", "why")
    told = asdict(expert)
    return {"expert": expert.id, **{key: told[key] for key in kept}, "languages": languages,
            "passed_over": passed_over}
