"""The local source: the user's own checkpoints and those of the Hub's cache, listed and run on this machine.

Modules are imported when a task needs them, torch and transformers when a model is first run.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from compegpt.context import Offers
from compegpt.errors import ExpertGone, ExpertUnavailable
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.settings import Settings
from compegpt.sources.hub.fitting import reasons
from compegpt.sources.local import devices
from compegpt.sources.local.discovery import Shelf, described, family, hub_cache, unsound
from compegpt.sources.local.fetching import Fetching
from compegpt.sources.local.kinds import languages
from compegpt.sources.local.loading import warm
from compegpt.sources.local.memory import Models
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.threads import in_thread

NAME = "local"
Wanted = tuple[Hashable, int, Callable[[], Loaded]]
_CONTROLS = ("canny", "depth", "hed", "mlsd", "normal", "openpose", "scribble", "seg")
MODULES: dict[str, tuple[str, ...]] = {
    "fill-mask": ("text_labels",), "text-classification": ("text_labels",),
    "language-identification": ("text_labels",), "zero-shot-classification": ("text_labels",),
    "token-classification": ("text_spans",), "keyword-extraction": ("text_spans",),
    "summarization": ("text_writing",), "text2text-generation": ("text_writing",),
    "text-generation": ("text_chat",), "conversational": ("text_chat",), "translation": ("text_translation",),
    "question-answering": ("text_answers",), "table-question-answering": ("text_tables",),
    "sentence-similarity": ("text_vectors",), "feature-extraction": ("text_vectors",),
    "automatic-speech-recognition": ("audio_hearing",), "audio-classification": ("audio_labels",),
    "text-to-speech": ("audio_speech",), "text-to-audio": ("audio_speech",),
    **dict.fromkeys(("image-classification", "zero-shot-image-classification", "object-detection",
                     "zero-shot-object-detection", "face-detection", "image-segmentation", "image-to-text", "ocr",
                     "visual-question-answering", "document-question-answering", "depth-estimation"), ("vision",)),
    "image-upscaling": ("vision", "pictures"),
    **dict.fromkeys(("text-to-image", "image-to-image", "image-editing"), ("pictures",)),
    **dict.fromkeys(("depth-control", "normal-control", "openpose-control", "seg-control"), ("controls",)),
    **{f"{control}-text-to-image": ("controls",) for control in _CONTROLS},
    **dict.fromkeys(("text-to-video", "image-to-video", "video-classification"), ("video",)),
}
"""Which modules of this package hold the runners of a task type."""


@functools.cache
def runners(task: str) -> tuple[Runner, ...]:
    """All runners of a task type, in the order in which they are tried."""
    modules = [importlib.import_module(f"compegpt.sources.local.{name}") for name in MODULES.get(task, ())]
    return tuple(runner for module in modules for runner in module.RUNNERS if runner.task == task)


class Local:
    """Checkpoints on this machine as a source of experts.

    `own`: those the user names, offered before what the cache holds. Raises ConfigurationError for a device that
    does not exist.
    """

    name = NAME
    remote = False

    def __init__(self, settings: Settings, own: Sequence[Checkpoint] = ()) -> None:
        devices.check(settings)
        self._settings = settings
        self._own = tuple(own)
        self._shelf = Shelf(hub_cache(settings))
        self._start = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._parts: tuple[Models, Fetching, str] | None = None

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Begin to load the libraries, which takes seconds, where a model here does one of the tasks; does not wait."""
        wanted = [task for task in tasks if task in MODULES]
        if self._warming is None and wanted:
            look = asyncio.ensure_future(self._warm_for(wanted))
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        """Checkpoints whose kind does the task and that fit the args; for others that nearly do, why not."""
        return await in_thread(self._offers, task, args)

    @asynccontextmanager
    async def ready(self, expert: Expert, args: Mapping[str, Any]) -> AsyncIterator[None]:
        """Fetch and load the checkpoint where it is not yet, and keep it in memory. Raises as `run` does."""
        models, wanted, _ = await self._wanted(expert, args)
        async with models.kept(*wanted):
            yield

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """Run the checkpoint, fetched and loaded first where it is not yet.

        Raises ExpertGone where it is not to be had or not to be run here, ExpertUnavailable where the Hub or the
        device's memory stand in the way; whatever its library raises.
        """
        models, wanted, runner = await self._wanted(expert, args)
        return await models.use(*wanted, functools.partial(_ran, runner, args, store))

    async def _wanted(self, expert: Expert, args: Mapping[str, Any]) -> tuple[Models, Wanted, Runner]:
        """The expert's model as memory knows it (key, bytes, what loads it), and how it is run."""
        models, fetching, device = await self._started()
        named = (await in_thread(self._checkpoints)).get(expert.id)
        if named is None:
            raise ExpertGone(f"{expert.id.removeprefix('local:')} is not on this machine any more.")
        checkpoint = await self._present(named, fetching)
        runner = await in_thread(_runner, checkpoint, expert.task, args)
        size = await in_thread(_size, checkpoint, device)
        key = (checkpoint.folder, runner.load, *checkpoint.beside.values())
        return models, (key, size, functools.partial(_loaded, runner, checkpoint, device)), runner

    async def _warm_for(self, tasks: Sequence[str]) -> None:
        if await in_thread(self._any_for, tasks):
            self._warm()

    def _warm(self) -> asyncio.Task[None]:
        if self._warming is None:
            self._warming = asyncio.ensure_future(in_thread(warm))
            self._warming.add_done_callback(lambda done: done.cancelled() or done.exception())  # told on first use
        return self._warming

    async def _started(self) -> tuple[Models, Fetching, str]:
        """The device and its models, found on first use: that imports torch. Raises ConfigurationError."""
        async with self._start:
            if self._parts is None:
                await asyncio.shield(self._warm())
                device = await in_thread(devices.chosen, self._settings)
                budget = await in_thread(devices.budget, self._settings, device)
                self._parts = Models(budget, device), Fetching(self._settings, budget), device
        return self._parts

    async def _present(self, checkpoint: Checkpoint, fetching: Fetching) -> Checkpoint:
        """The checkpoint, and those beside it, with their folders on this machine. Raises ExpertGone."""
        if checkpoint.folder is None:
            folder = await fetching.folder(checkpoint.name, checkpoint.revision)
            checkpoint = await in_thread(described, replace(checkpoint, folder=folder))
        beside = {role: str(await fetching.folder(name, None)) for role, name in checkpoint.beside.items()}
        return replace(checkpoint, beside=beside)

    def _offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        if not runners(task):
            return Offers([], [])
        fit, passed_over = [], []
        for name, checkpoint in self._checkpoints().items():
            why = self._unfit(checkpoint, task, args)
            if why is None:
                fit.append(_as_expert(checkpoint, task, name))
            elif why:
                passed_over.append((checkpoint.name, why))
        if not fit and not passed_over:
            return Offers([], [f"no model for {task} is on this machine: name one in experts.toml, or fetch one by "
                               "`hf download ORG/NAME`"])
        return Offers(fit, reasons(passed_over))

    def _any_for(self, tasks: Sequence[str]) -> bool:
        rows = [runner for task in tasks for runner in runners(task)]
        return any(runner.able(checkpoint) for checkpoint in self._checkpoints().values() for runner in rows)

    def _checkpoints(self) -> dict[str, Checkpoint]:
        """All there are by their expert ids: the user's own, then those of the cache that came last first. Blocking."""
        own = [self._shelf.read(checkpoint) for checkpoint in self._own]
        names = {checkpoint.name for checkpoint in own}
        found: dict[str, Checkpoint] = {}
        for checkpoint in [*own, *(one for one in self._shelf.checkpoints() if one.name not in names)]:
            name = f"{NAME}:{checkpoint.name}"
            found[f"{name}@{checkpoint.revision}" if name in found else name] = checkpoint
        return found

    def _unfit(self, checkpoint: Checkpoint, task: str, args: Mapping[str, Any]) -> str | None:
        """Why a checkpoint does not compete, None where it does, empty where nobody would expect it to."""
        if checkpoint.tasks and task not in checkpoint.tasks:
            return ""
        if checkpoint.folder is None:
            if not checkpoint.tasks:
                return "not on this machine yet, so nothing tells what it does: give its tasks in experts.toml"
            return "not on this machine, and HF_HUB_OFFLINE is on" if self._settings.hf_hub_offline else None
        able = [runner for runner in runners(task) if runner.able(checkpoint)]
        if not able or (problem := unsound(checkpoint)):
            return problem if able else _not_run(checkpoint, task) if checkpoint.tasks else ""
        refusals = [runner.refusal(checkpoint, args) for runner in able]
        return None if None in refusals else refusals[0]


def _runner(checkpoint: Checkpoint, task: str, args: Mapping[str, Any]) -> Runner:
    """How the checkpoint does the task. Raises ExpertGone where it is not to be run, or does not."""
    able = [runner for runner in runners(task) if runner.able(checkpoint)]
    problem = unsound(checkpoint) or (None if able else _not_run(checkpoint, task))
    if problem:
        raise ExpertGone(f"{checkpoint.name} is not run: {problem}.")
    return next((runner for runner in able if not runner.refusal(checkpoint, args)), able[0])


def _not_run(checkpoint: Checkpoint, task: str) -> str:
    if not checkpoint.config:
        return unsound(checkpoint) or "there is nothing in its folder"
    kind = ", ".join(checkpoint.architectures) or checkpoint.config.get("model_type") or "a model of no known kind"
    return f"it is {kind}, which is not run for {task} here"


def _as_expert(checkpoint: Checkpoint, task: str, name: str) -> Expert:
    licence = next((tag.removeprefix("license:") for tag in checkpoint.tags if tag.startswith("license:")), None)
    return Expert(id=name, task=task, family=family(checkpoint), source=NAME, licence=licence,
                  languages=languages(checkpoint), about=f"{', '.join(checkpoint.architectures)}, run on this machine")


def _size(checkpoint: Checkpoint, device: str) -> int:
    """Bytes of memory it is expected to take, with what is beside it."""
    beside = [described(Checkpoint(role, Path(folder))) for role, folder in checkpoint.beside.items()]
    return sum(devices.expected_bytes(one.bytes, device, one.config) for one in (checkpoint, *beside))


def _loaded(runner: Runner, checkpoint: Checkpoint, device: str) -> Loaded:
    try:
        return runner.load(checkpoint, device)
    except ImportError as error:
        raise ExpertGone(f"{checkpoint.name} needs a Python package that is not here: "
                         f"{' '.join(str(error).split())[:150]}") from error


def _ran(runner: Runner, args: Mapping[str, Any], store: Store, loaded: Loaded) -> Finding:
    import torch

    try:
        with torch.inference_mode():
            return runner.run(loaded, args, store)
    except torch.OutOfMemoryError as error:
        raise ExpertUnavailable("The device has no memory left for it: set COMPEGPT_LOCAL_MEMORY to less, or give it "
                                "a smaller input.") from error
