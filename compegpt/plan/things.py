"""What earlier turns left behind: files, texts, results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from compegpt.plan.mentions import kind_of
from compegpt.plan.validate import harmless, references
from compegpt.schema import Task, Turn
from compegpt.tasks import TASKS


@dataclass(frozen=True)
class Thing:
    kind: str
    value: str
    """A file as the user wrote it, a text, or `<resource>-ID`."""
    task: str = ""
    """The task type that made it."""
    target: str = ""
    """The language it was translated into."""


def of_history(history: Sequence[Turn]) -> list[Thing]:
    """What earlier turns were given and made, oldest first; texts by their content, files by their path.

    Labels are left out: "it" is what was classified, never the class.
    """
    things: list[Thing] = []
    for turn in history[-6:]:
        things += [Thing(kind_of(file), file) for file in turn["request"]["files"]]
        for result in turn["results"]:
            inputs = _inputs(result["task"], result["args"])
            things += inputs
            output = result["output"] or {}
            kind = TASKS[result["task"]].gives if result["task"] in TASKS else "text"
            value = output.get(kind)
            if isinstance(value, str) and value.strip():
                things.append(Thing(kind, harmless(value), result["task"], str(result["args"].get("target", ""))))
        if not turn["results"]:
            things += [thing for task in turn["plan"] for thing in _inputs(task["task"], task["args"])]
    return list(dict.fromkeys(reversed(things)))[::-1]


def reused(tasks: Sequence[Task], history: Sequence[Turn]) -> list[Task]:
    """A plan without the steps that an earlier turn has done already, their results in their place.

    A plan of nothing else is done again.
    """
    done = {(result["task"], json.dumps(result["args"], sort_keys=True)): (result["output"] or {}).get(
        TASKS[result["task"]].gives) for turn in history for result in turn["results"] if result["task"] in TASKS}
    kept: list[Task] = []
    known: dict[str, str] = {}
    for task in tasks:
        args = {name: known.get(value, value) if isinstance(value, str) else value
                for name, value in task["args"].items()}
        value = done.get((task["task"], json.dumps(args, sort_keys=True)))
        if isinstance(value, str) and value.strip():
            known[f"<resource>-{task['id']}"] = harmless(value)
        else:
            kept.append({**task, "args": args})
    return kept or list(tasks)


def _inputs(task: str, args: object) -> list[Thing]:
    if task not in TASKS or not isinstance(args, dict):
        return []
    kinds = TASKS[task].args
    return [Thing(kind_of(value) if kinds[name] != "text" else "text", value) for name, value in args.items()
            if name in ("text", "image", "audio", "video", "context", "other", "table") and name in kinds
            and isinstance(value, str) and value and not references(value)
            and not (name == "text" and kinds.get("image"))]
