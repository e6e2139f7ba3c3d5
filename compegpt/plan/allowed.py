"""A plan for fewer task types than there are: each other task is replaced by its nearest equivalent, or left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from compegpt.plan.validate import references
from compegpt.schema import REFERENCE, Task
from compegpt.tasks import TASKS, ArgKind, TaskType

_DRAWN_ALONG = ("image-editing", "image-to-image", "text-to-image")
_TRACED = ("image-to-image", "image-segmentation")

INSTEAD: dict[str, tuple[str, ...]] = {
    "ocr": ("image-to-text", "document-question-answering"),
    "image-to-text": ("visual-question-answering", "ocr"),
    "visual-question-answering": ("document-question-answering",),
    "document-question-answering": ("visual-question-answering",),
    "barcode-detection": ("object-detection", "image-to-text"),
    "face-detection": ("object-detection",),
    "zero-shot-object-detection": ("object-detection",),
    "zero-shot-image-classification": ("image-classification",),
    "zero-shot-classification": ("text-classification", "token-classification"),
    "language-identification": ("text-classification", "token-classification"),
    "text-classification": ("token-classification",),
    "keyword-extraction": ("token-classification",),
    "fill-mask": ("text-generation", "text2text-generation"),
    "text2text-generation": ("text-generation", "conversational"),
    "text-generation": ("text2text-generation", "conversational"),
    "conversational": ("text-generation", "text2text-generation"),
    "table-question-answering": ("question-answering", "tabular-classification"),
    "image-upscaling": ("image-to-image",),
    "image-editing": ("image-to-image",),
    "image-to-image": ("image-editing",),
    "depth-estimation": ("depth-control",),
    **{name: _TRACED for name in TASKS if name.endswith("-control")},
    "depth-control": ("depth-estimation", *_TRACED),
    "seg-control": ("image-segmentation", *_TRACED),
    **{name: _DRAWN_ALONG for name in TASKS if name.endswith("-text-to-image")},
    "text-to-audio": ("text-to-speech",),
    "voice-activity-detection": ("audio-classification",),
}
"""What comes nearest to a task type, best first: it takes inputs that are there and gives a result of a like kind."""


def instead(task: str, allowed: Collection[str] | None) -> str | None:
    """The task type itself where it is allowed, else the nearest that is; None where there is none."""
    if allowed is None or task in allowed:
        return task
    return next((name for name in INSTEAD.get(task, ()) if name in allowed), None)


def restricted(tasks: Sequence[Task], allowed: Collection[str] | None) -> list[Task]:
    """The plan with allowed task types only; ids stay as they are.

    `tasks` stand in topological order. What depends on a task that is left out takes that task's own input where it is
    of the kind of its result, and is left out else.
    """
    if allowed is None:
        return list(tasks)
    kept: list[Task] = []
    passed: dict[int, str | None] = {}
    for task in tasks:
        args = {name: _passed_on(value, passed) for name, value in task["args"].items()}
        found = None if None in args.values() else _replaced({**task, "args": args}, allowed)
        if found is None:
            passed[task["id"]] = _like_its_result(task["task"], args)
        else:
            kept.append(found)
    return kept


def replaceable(task: Mapping[str, Any], allowed: Collection[str]) -> bool:
    """Whether a task is allowed, or something that is takes its args and gives what it gives."""
    return _replaced(task, allowed) is not None


def _replaced(task: Mapping[str, Any], allowed: Collection[str]) -> Task | None:
    for name in (task["task"], *INSTEAD.get(task["task"], ())):
        if name not in allowed:
            continue
        args = task["args"] if name == task["task"] else _taken(TASKS[task["task"]], task["args"], TASKS[name])
        if args is not None and TASKS[task["task"]].gives in TASKS[name].kinds:
            needed = sorted({number for value in args.values() for number in references(value)})
            return Task(task=name, id=task["id"], dep=needed or [-1], args=args)
    return None


def _taken(old: TaskType, args: Mapping[str, Any], new: TaskType) -> dict[str, Any] | None:
    """The args of one task type as those of another, by name and else by kind; None where one is lacking."""
    taken = {name: args[name] for name in new.args if name in args}
    for name, kind in new.needs.items():
        if name not in taken:
            other = next((other for other in args if other not in taken and _fits(old.args[other], args[other], kind)),
                         None)
            if other is None:
                return None
            taken[name] = args[other]
    return taken


def _fits(given: ArgKind, value: Any, wanted: ArgKind) -> bool:
    return given == wanted or ({given, wanted} == {"table", "text"} and isinstance(value, str))


def _passed_on(value: Any, passed: Mapping[int, str | None]) -> Any:
    """A value with every reference to a task that was left out replaced; None where nothing can take its place."""
    if isinstance(value, list):
        items = [_passed_on(item, passed) for item in value]
        return None if None in items else items
    if any(passed.get(number, "") is None for number in references(value)):
        return None

    def other(found: re.Match[str]) -> str:
        return passed.get(int(found[1])) or found[0]

    return REFERENCE.sub(other, value) if isinstance(value, str) else value


def _like_its_result(task: str, args: Mapping[str, Any]) -> str | None:
    """The input of a task that is of the kind of its result."""
    row = TASKS[task]
    kinds = row.needs
    return next((value for name, value in args.items()
                 if kinds.get(name) == row.gives and isinstance(value, str)), None)
