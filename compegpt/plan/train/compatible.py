"""Which task types a request is made of, and which of them can follow one another."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

from compegpt.eval.planning_data import TASKBENCH
from compegpt.plan.train import inputs
from compegpt.plan.train.bank import phrases
from compegpt.plan.train.clauses import CREATIONS
from compegpt.tasks import TASKS

FROM_TEXT = ("image-editing", "visual-question-answering", "document-question-answering")
"""What takes a picture, and at times its instruction or question from an earlier text."""
_FITS = {"image": ("image", "table"), "text": ("text", "table"), "audio": ("audio",), "video": ("video", "audio")}
"""Kinds of input that a result of a kind is taken for."""


@functools.cache
def weights() -> dict[str, float]:
    """How often each task type is drawn, by its name; types without phrases are left out."""
    return {name: 1.6 if name in TASKBENCH else 0.12 if name.endswith(("-control", "-text-to-image")) else 0.8
            for name in TASKS if name in phrases()}


@functools.cache
def on_one_thing() -> tuple[str, ...]:
    """Task types that work on one thing, which a file's name or a pronoun can stand for."""
    return tuple(name for name in weights() if name not in (*CREATIONS, "sentence-similarity", "fill-mask",
                                                            "video-dubbing"))


def any_task(rng: random.Random, among: Sequence[str] | None = None) -> str:
    """A task type, drawn by its weight among these or all."""
    names = list(among if among is not None else weights())
    return rng.choices(names, [weights()[name] for name in names])[0]


def works_on(task: str) -> set[str]:
    """The kinds of a task's chief input: not of the words that say what to do with it."""
    kinds = set(inputs.kinds(task))
    return kinds - {"text"} if len(kinds) > 1 else kinds


@functools.cache
def followers(task: str) -> tuple[str, ...]:
    """Task types that can work on what this one gives."""
    fitting = {kind for given in TASKS[task].kinds for kind in _FITS.get(given, ())}
    if TASKS[task].gives == "text":
        return tuple(name for name in weights() if name not in ("video-dubbing", "fill-mask", "text-to-audio", task)
                     and ("text" in fitting & works_on(name) or name in FROM_TEXT
                          or (TASKS[task].output in ("boxes", "masks") and "image" in works_on(name))))
    return tuple(name for name in weights() if fitting & works_on(name) and name not in ("video-dubbing", task))


@functools.cache
def heads(task: str) -> tuple[str, ...]:
    """Verbs whose object stands at the end and that need no other slot."""
    return tuple(line.removesuffix(" {x}") for line in phrases()[task].do
                 if line.endswith(" {x}") and line.count("{") == 1 and len(line.split()) <= 4)
