"""The pieces put together from the settings: which planner, writer and sources a run gets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from compegpt.board import Board
from compegpt.context import Context, Planner, Source, Writer
from compegpt.embed import Encoder, shared_encoder
from compegpt.errors import ConfigurationError
from compegpt.media.artifacts import Store
from compegpt.settings import Settings

SOURCES = ("embedded",)


@dataclass(frozen=True)
class Parts:
    """What every run of one process shares."""

    settings: Settings
    planner: Planner
    writer: Writer
    sources: Sequence[Source]
    encoder: Encoder
    slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", asyncio.Semaphore(self.settings.concurrency))

    def context(self, turn: str | None = None) -> Context:
        """A fresh context for one run: its own board, folder and deadline."""
        folder = self.settings.data_dir / "artifacts" / (turn or uuid.uuid4().hex[:16])
        deadline = asyncio.get_running_loop().time() + self.settings.deadline
        board = Board(self.settings.patience, self.settings.task_deadline, deadline)
        return Context(settings=self.settings, planner=self.planner, writer=self.writer, sources=self.sources,
                       encoder=self.encoder, store=Store(folder), slots=self.slots, deadline=deadline, board=board)


def parts_from(settings: Settings) -> Parts:
    """The parts the settings name. Raises ConfigurationError for what this version does not have."""
    from compegpt.plan.embedded import EmbeddedPlanner
    from compegpt.respond.embedded import EmbeddedWriter

    if settings.llm not in ("auto", "embedded"):
        raise ConfigurationError(f"COMPEGPT_LLM is '{settings.llm}', but this version has no language model yet: "
                                 "leave it unset or set 'embedded'.")
    if settings.planner not in ("auto", "embedded"):
        raise ConfigurationError(f"COMPEGPT_PLANNER is '{settings.planner}', but must be auto or embedded.")
    encoder = shared_encoder()
    return Parts(settings, EmbeddedPlanner(encoder), EmbeddedWriter(), _sources(settings.experts), encoder)


def _sources(names: str) -> list[Source]:
    from compegpt.sources.embedded.source import Embedded

    wanted = list(SOURCES) if names == "auto" else [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in SOURCES]
    if unknown or not wanted:
        raise ConfigurationError(f"COMPEGPT_EXPERTS names '{', '.join(unknown) or names}', but this version has only: "
                                 f"{', '.join(SOURCES)}.")
    return [Embedded()]


def context_from_settings() -> Context:
    """A context of its own for a graph that was given none."""
    return parts_from(Settings.load()).context()
