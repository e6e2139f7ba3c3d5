"""The embedded source: engines on this machine, listed and run in one place.

Modules are imported when a task needs them, so nothing heavy is loaded for a task that nobody asked for.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, cast

from compegpt.context import Offers
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.embedded.engine import Engine
from compegpt.threads import in_thread

NAME = "embedded"
MODULES: dict[str, str] = {
    "language-identification": "language", "text-classification": "sentiment", "zero-shot-classification": "zeroshot",
    "summarization": "summaries", "keyword-extraction": "keywords", "question-answering": "questions",
    "sentence-similarity": "similarity", "feature-extraction": "similarity", "translation": "translation",
    "ocr": "ocr", "document-question-answering": "documents", "face-detection": "faces", "barcode-detection": "codes",
    "image-segmentation": "regions", "canny-control": "edges", "lineart-control": "edges",
    "image-upscaling": "upscaling", "image-to-image": "styles",
    "text-to-speech": "speech", "automatic-speech-recognition": "recognition", "voice-activity-detection": "activity",
    "audio-to-audio": "denoise", "video-dubbing": "dubbing",
}
"""Which module of this package holds the engines of a task type."""


@functools.cache
def engines(task: str) -> tuple[Engine, ...]:
    """All engines for a task, most promising first, whether they are installed or not."""
    if task not in MODULES:
        return ()
    module = importlib.import_module(f"compegpt.sources.embedded.{MODULES[task]}")
    rows: tuple[Engine, ...] = module.ENGINES
    return tuple(sorted((row for row in rows if row.task == task), key=lambda row: -row.prior))


class Embedded:
    """Engines on this machine as a source of experts."""

    name = NAME
    remote = False

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Nothing to do ahead: what there is here is found in no time."""

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        """Engines that are installed and fit the args; for each other one, why not."""
        return await in_thread(_offers, task, args)

    def ready(self, expert: Expert, args: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """What there is here needs no loading worth telling."""
        return nullcontext()

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """Run the engine: a plain function in a thread of its own, a coroutine function here."""
        engine = next(row for row in engines(expert.task) if expert_id(row) == expert.id)
        if inspect.iscoroutinefunction(engine.run):
            return await cast("Awaitable[Finding]", engine.run(args, store))
        return cast(Finding, await in_thread(engine.run, args, store))


def expert_id(engine: Engine) -> str:
    return f"{NAME}:{engine.name}"


def _offers(task: str, args: Mapping[str, Any]) -> Offers:
    experts, passed_over = [], []
    for engine in engines(task):
        missing = engine.missing()
        unfit = None if missing or engine.fits is None else engine.fits(args)
        if missing:
            how = f" ({engine.install})" if engine.install else ""
            passed_over.append(f"{engine.name} is not installed{how}")
        elif unfit:
            passed_over.append(unfit)
        else:
            experts.append(as_expert(engine))
    return Offers(experts, passed_over)


def as_expert(engine: Engine) -> Expert:
    return Expert(id=expert_id(engine), task=engine.task, family=engine.family, source=NAME,
                  licence=engine.licence or None, languages=engine.languages, about=engine.about)
