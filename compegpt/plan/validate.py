"""What makes a plan valid, whoever wrote it: known tasks, known inputs, no circles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from compegpt.errors import UsageError
from compegpt.languages import LANGUAGES
from compegpt.schema import REFERENCE, Task
from compegpt.tasks import TASKS, canonical, normalised_args

MAX_TASKS = 50
MOST_DEEP = 12
"""Lists and objects within each other."""
_MEDIA = ("image", "audio", "video")
_FITS = {"audio": ("audio", "video"), "table": ("text", "image")}
"""Kinds an argument takes beside its own: the sound of a video is a recording, a table may be a picture of it."""


def references(value: Any) -> list[int]:
    """Ids of the tasks an argument refers to, in order."""
    values = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(int(number) for text in values if isinstance(text, str)
                              for number in REFERENCE.findall(text)))


def harmless(text: str) -> str:
    """A user's own text in which nothing is taken for a reference."""
    return REFERENCE.sub(r"‹resource›-\1", text)


def validated(tasks: Sequence[Mapping[str, Any]]) -> list[Task]:
    """The plan with canonical names, normalised args and `dep` from the references, dependencies first.

    Ids are kept. Raises UsageError naming every problem.
    """
    found = problems(tasks)
    if found:
        raise UsageError("The plan cannot be run: " + "; ".join(found) + ".")
    plan = {task["id"]: task for task in map(_normal, tasks)}
    order = TopologicalSorter({number: _needed(task) for number, task in plan.items()}).static_order()
    return [plan[number] for number in order]


def problems(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that is wrong with a plan, one phrase each, fit to be shown to the planner that wrote it."""
    if len(tasks) > MAX_TASKS:
        return [f"it has {len(tasks)} tasks, at most {MAX_TASKS} are run"]
    shapes = [problem for at, task in enumerate(tasks) for problem in _shape(task, at)]
    if shapes:
        return shapes
    plan = [_normal(task) for task in tasks]
    by_id = {task["id"]: task for task in plan}
    found = [] if len(by_id) == len(plan) else ["two tasks have the same id"]
    for task in plan:
        found += _argument_problems(task, by_id)
    try:
        TopologicalSorter({task["id"]: _needed(task) for task in plan}).prepare()
    except CycleError as error:
        if len(set(error.args[1])) > 1:
            found.append("tasks " + ", ".join(str(number) for number in sorted(set(error.args[1]))) + " wait for each "
                                                                                                      "other")
    return found


def _shape(task: Mapping[str, Any], at: int) -> list[str]:
    if not isinstance(task, Mapping):
        return [f"entry {at} is not an object"]
    if not isinstance(task.get("id"), int) or isinstance(task["id"], bool) or task["id"] < 0:
        return [f"entry {at} has no id that is a number from 0"]
    if not isinstance(task.get("args"), Mapping):
        return [f"task {task['id']} has no args"]
    try:
        canonical(str(task.get("task", "")))
    except UsageError as error:
        return [str(error).rstrip(".")]
    dep = task.get("dep", [-1])
    if not isinstance(dep, list) or not all(isinstance(number, int) for number in dep):
        return [f"dep of task {task['id']} is not a list of ids"]
    return []


def _normal(task: Mapping[str, Any]) -> Task:
    name = canonical(task["task"])
    args = {key: _spelled(value) for key, value in normalised_args(name, task["args"]).items()}
    needed = sorted({number for value in args.values() for number in references(value)})
    return Task(task=name, id=task["id"], dep=needed or [-1], args=args)


def _spelled(value: Any) -> Any:
    """A value with each reference as `<resource>-ID`."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return REFERENCE.sub(r"<resource>-\1", value) if isinstance(value, str) else value


def _needed(task: Task) -> list[int]:
    return [number for number in task["dep"] if number >= 0]


def unfit(value: Any, deep: int = 0) -> str | None:
    """What there is in a stranger's data that neither a checkpoint nor JSON can hold; None for nothing."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        return "a text with bytes that are not text in UTF-8"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is none"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "a number that is too large"
    if isinstance(value, dict | list) and deep > MOST_DEEP:
        return f"more than {MOST_DEEP} lists or objects within each other"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next((wrong for item in inner if (wrong := unfit(item, deep + 1))), None)


def _argument_problems(task: Task, by_id: Mapping[int, Task]) -> list[str]:
    kind, number, args = TASKS[task["task"]], task["id"], task["args"]
    name = f"task {number} ({kind.name})"
    found = [f"{name} lacks '{missing}'" for missing in kind.needs if missing not in args]
    found += [f"{name} takes no '{extra}', only {', '.join(kind.args)}" for extra in args if extra not in kind.args]
    for key in (key for key in args if key in kind.args):
        for producer in references(args[key]):
            found += _reference_problems(name, number, producer, kind.args[key], by_id)
        found += _value_problems(name, key, kind.args[key], args[key])
    return found


def _reference_problems(name: str, number: int, producer: int, wanted: str, by_id: Mapping[int, Task]) -> list[str]:
    if producer == number:
        return [f"{name} refers to itself"]
    if producer not in by_id:
        return [f"{name} refers to task {producer}, which does not exist"]
    given = TASKS[by_id[producer]["task"]].kinds
    takes = _FITS.get(wanted, (wanted,) if wanted in _MEDIA else ("text",))
    if given.isdisjoint(takes):
        return [f"{name} needs {wanted}, but task {producer} ({by_id[producer]['task']}) gives "
                f"{' and '.join(sorted(given))}"]
    return []


def _value_problems(name: str, key: str, wanted: str, value: Any) -> list[str]:
    if wanted == "labels":
        good = isinstance(value, list) and all(isinstance(label, str) for label in value)
        return [] if good else [f"'{key}' of {name} is not a list of texts"]
    if wanted == "table" and isinstance(value, dict | list):
        return []
    if wanted == "language" and isinstance(value, str) and not references(value) and value not in LANGUAGES:
        return [f"'{key}' of {name} is '{value[:30]}', not the ISO 639-1 code of a language"]
    if wanted in _MEDIA and isinstance(value, str) and references(value) and not REFERENCE.fullmatch(value.strip()):
        return [f"'{key}' of {name} is {wanted} and takes one file or one reference, nothing beside it"]
    if isinstance(value, str) or (wanted == "text" and isinstance(value, int) and not isinstance(value, bool)):
        return []
    return [f"'{key}' of {name} is not a text"]
