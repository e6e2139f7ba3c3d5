"""What a language model is told before it plans: the tasks there are, as a table and as a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.tasks import TASKS, ArgKind, TaskType

Schema = dict[str, Any]


def table(names: Sequence[str]) -> str:
    """One line per task type: its args, what it does, and the kind of its result."""
    return "\n".join(_line(TASKS[name]) for name in names)


def _line(task: TaskType) -> str:
    args = [*task.needs, *(f"{name}?" for name in task.accepts)]
    return f"- {task.name} ({', '.join(args)}): {task.title}; gives {task.gives}"


def schema(names: Sequence[str]) -> Schema:
    """JSON schema of an answer: tasks that take the same args share a variant.

    Every object is closed and requires all of its properties, as the strict mode of OpenAI's servers wants it; an arg
    that may be left out is null there.
    """
    alike: dict[tuple[tuple[str, ArgKind, bool], ...], list[str]] = {}
    for name in names:
        task = TASKS[name]
        alike.setdefault(tuple((arg, kind, arg in task.needs) for arg, kind in task.args.items()), []).append(name)
    variants = [_variant(tasks, args) for args, tasks in alike.items()]
    answer = _closed({"tasks": {"type": "array", "items": {"anyOf": variants}}, "reply": {"type": ["string", "null"]}})
    return {"title": "plan", "description": "The tasks that answer the request, or a reply where none is needed.",
            **answer}


def _variant(tasks: Sequence[str], args: Sequence[tuple[str, ArgKind, bool]]) -> Schema:
    number = {"type": "integer"}
    return _closed({"task": {"type": "string", "enum": list(tasks)}, "id": number,
                    "dep": {"type": "array", "items": number},
                    "args": _closed({name: _arg(kind, needed) for name, kind, needed in args})})


def _arg(kind: ArgKind, needed: bool) -> Schema:
    if kind == "labels":
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "string" if needed else ["string", "null"]}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties),
            "additionalProperties": False}
