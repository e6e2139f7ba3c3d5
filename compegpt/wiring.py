"""The pieces put together from the settings: which planner, judge, writer and sources a run gets."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from compegpt.board import Board
from compegpt.breaker import Breaker
from compegpt.context import Arbiter, Context, Planner, Source, Writer
from compegpt.embed import Encoder, shared_encoder
from compegpt.errors import ConfigurationError
from compegpt.league.league import League
from compegpt.llm.protocol import LanguageModel
from compegpt.media.artifacts import Store
from compegpt.media.places import Places
from compegpt.redaction import Redactor
from compegpt.settings import Secret, Settings
from compegpt.sources.own import OwnExperts, own_experts
from compegpt.tasks import TASKS

if TYPE_CHECKING:
    from compegpt.sources.chat.models import ChatModel

SOURCES = ("hub", "chat", "local", "embedded")
REMOTE_FACTOR = 8
"""Calls at once to others for each that may run on this machine: waiting for them costs nothing here."""
PLANNING = 60.0
"""Seconds that a language model may plan, or half the request's time where that is less."""


@dataclass(frozen=True)
class Parts:
    """What every run of one process shares."""

    settings: Settings
    planner: Planner
    writer: Writer
    sources: Sequence[Source]
    encoder: Encoder
    arbiter: Arbiter | None = None
    secrets: Sequence[Secret] = ()
    """Keys that are not among the settings."""
    league: League | None = None
    breaker: Breaker = field(default_factory=Breaker)
    chance: random.Random = field(default_factory=random.Random)
    redacted: Redactor = field(init=False)
    slots: asyncio.Semaphore = field(init=False)
    remote_slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "redacted", Redactor([*self.settings.secrets, *self.secrets]))
        object.__setattr__(self, "slots", asyncio.Semaphore(self.settings.concurrency))
        object.__setattr__(self, "remote_slots", asyncio.Semaphore(self.settings.concurrency * REMOTE_FACTOR))

    def beside(self, others: Parts) -> Parts:
        """These with the league and the slots of others in the same process."""
        made = replace(self, league=others.league)
        object.__setattr__(made, "slots", others.slots)
        object.__setattr__(made, "remote_slots", others.remote_slots)
        return made

    def context(self, thread: str | None = None) -> Context:
        """A fresh context for one run of a thread: its own board, folder and deadline."""
        folder = Places(self.settings.data_dir).turn(thread or uuid.uuid4().hex)
        deadline = asyncio.get_running_loop().time() + self.settings.deadline
        board = Board(self.settings.patience, self.settings.task_deadline, deadline)
        return Context(settings=self.settings, planner=self.planner, writer=self.writer, sources=self.sources,
                       encoder=self.encoder, store=Store(folder), slots=self.slots, remote_slots=self.remote_slots,
                       deadline=deadline, board=board, redacted=self.redacted, breaker=self.breaker,
                       arbiter=self.arbiter, league=self.league, chance=self.chance)


def parts_from(settings: Settings) -> Parts:
    """The parts the settings name. Raises ConfigurationError for values that cannot be used together."""
    from compegpt.judge.llm import LLMArbiter
    from compegpt.respond.embedded import EmbeddedWriter
    from compegpt.respond.llm import LLMWriter

    _check_addresses(settings)
    _export(settings)
    own, encoder, llm = own_experts(settings), shared_encoder(), _language_model(settings)
    sources = [_source(name, settings, own, llm) for name in source_names(settings, own, llm is not None)]
    writer: Writer = EmbeddedWriter()
    return Parts(settings, _planner(settings, llm, encoder), LLMWriter(llm, writer) if llm else writer, sources,
                 encoder, LLMArbiter(llm) if llm and settings.judge != "embedded" else None, own.keys,
                 League.at(league_file(settings)) if settings.league else None)


def league_file(settings: Settings) -> Path:
    return settings.data_dir / "league.db"


def source_names(settings: Settings, own: OwnExperts, has_llm: bool) -> list[str]:
    """The sources in their order: those named, or by auto all that have what they need. Raises ConfigurationError."""
    if settings.experts != "auto":
        wanted = list(dict.fromkeys(name.strip() for name in settings.experts.split(",") if name.strip()))
        unknown = [name for name in wanted if name not in SOURCES]
        if unknown or not wanted:
            raise ConfigurationError(f"COMPEGPT_EXPERTS names '{', '.join(unknown) or settings.experts}', but the "
                                     f"sources are: {', '.join(SOURCES)}.")
        return wanted
    there = {"hub": bool(settings.hf_token or own.hub), "local": bool(own.local), "embedded": True,
             "chat": bool(own.chat or settings.chat_models or (has_llm and not settings.hf_token))}
    return [name for name, present in there.items() if present]


def language_model_named(settings: Settings) -> str | None:
    """The language model's `provider:model`; None for none. Imports nothing of a provider's where there is none."""
    if settings.llm == "embedded" or (settings.llm == "auto" and not settings.openai_api_key
                                      and not settings.openai_base_url):
        return None
    from compegpt.llm.models import default_spec

    return default_spec(settings)


def _language_model(settings: Settings) -> LanguageModel | None:
    spec = language_model_named(settings)
    if spec is None:
        return None
    from compegpt.llm.models import language_model

    return language_model(spec, settings)


def _planner(settings: Settings, llm: LanguageModel | None, encoder: Encoder) -> Planner:
    from compegpt.plan.embedded import EmbeddedPlanner

    if settings.planner not in ("auto", "embedded", "llm"):
        raise ConfigurationError(f"COMPEGPT_PLANNER is '{settings.planner}', but must be auto, embedded or llm.")
    if settings.planner == "llm" and llm is None:
        raise ConfigurationError("COMPEGPT_PLANNER is 'llm', but no language model is set: set OPENAI_API_KEY, "
                                 "OPENAI_BASE_URL or COMPEGPT_LLM=provider:model.")
    embedded = EmbeddedPlanner()
    if llm is None or settings.planner == "embedded":
        return embedded
    from compegpt.plan.auto import AutoPlanner
    from compegpt.plan.llm import LLMPlanner

    planner = LLMPlanner(llm, encoder, embedded, seconds=min(PLANNING, settings.deadline / 2))
    planner.warm()
    return planner if settings.planner == "llm" else AutoPlanner(embedded, planner)


def _source(name: str, settings: Settings, own: OwnExperts, llm: LanguageModel | None) -> Source:
    if name == "hub":
        from compegpt.sources.hub.source import Hub

        return Hub(settings, own.hub)
    if name == "chat":
        from compegpt.sources.chat import Chat, chat_models

        models = chat_models(settings, llm, own)
        return Chat([_unasked(model) if model.llm is llm and settings.experts == "auto" else model for model in models])
    if name == "local":
        from compegpt.sources.local.source import Local

        return Local(settings, own.local)
    from compegpt.sources.embedded.source import Embedded

    return Embedded()


def _unasked(model: ChatModel) -> ChatModel:
    """The language model as an expert that nobody named: not for pictures that engines here can deal with."""
    from compegpt.sources.embedded.source import MODULES

    return replace(model, tasks=frozenset(
        name for name, row in TASKS.items() if name not in MODULES or "image" not in row.needs))


def _check_addresses(settings: Settings) -> None:
    """Raises ConfigurationError, by its setting's name, for an address that is none."""
    for name, address in (("COMPEGPT_INFERENCE_URL", settings.inference_url), ("HF_ENDPOINT", settings.hf_endpoint)):
        parts = urlsplit(address or "http://localhost")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"{name} is '{str(address)[:80]}', but must be an address that begins with "
                                     "http:// or https://.")


def _export(settings: Settings) -> None:
    """What the Hub's library reads from the environment when it is imported; a token is not among it."""
    given = {"HF_ENDPOINT": settings.hf_endpoint, "HF_HOME": settings.hf_home,
             "HF_HUB_OFFLINE": "1" if settings.hf_hub_offline else None}
    for name, value in given.items():
        if value is not None:
            os.environ.setdefault(name, str(value))
    os.environ.setdefault("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def context_from_settings() -> Context:
    """A context of its own for a graph that was given none."""
    return parts_from(Settings.load()).context()
