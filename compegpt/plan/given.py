"""The files a plan may use: those that the request, its attachments or the conversation name, and no others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from compegpt.history import made_by
from compegpt.plan import looking
from compegpt.plan.mentions import EXTENSIONS, kind_of
from compegpt.plan.validate import references
from compegpt.schema import Request, Turn
from compegpt.tasks import TASKS

_MEDIA = ("image", "audio", "video")
_GOES_ON = "/\\_"
_JOINS = ".-?&=%#~:"
_STOPS = " \t\r\n\"'<>|`“”«»(){}[]=,;"
_LONGEST_PATH = 1_000


@dataclass(frozen=True)
class Given:
    """What one request may use."""

    text: str
    attached: Sequence[str]
    earlier: Sequence[str]
    """Files of earlier turns, newest first."""

    def resolved(self, value: str) -> str | None:
        """The file that is meant, as it was given; None where none of this name was."""
        name = value.strip().strip("\"'`").removeprefix("file://")
        if not name or len(name) > _LONGEST_PATH or "\n" in name:
            return None
        if name in self.attached or name in self.earlier:
            return name
        return _only(self.attached, name) or _written(name, self.text) or _only(self.earlier, name)


def given(request: Request, history: Sequence[Turn]) -> Given:
    """What the plan of this request may use."""
    return Given(request["text"], request["files"], list(dict.fromkeys(
        file for turn in reversed(history) for file in files_of(turn))))


def files_of(turn: Turn) -> list[str]:
    """Every file of a turn: attached, used and made."""
    found = list(turn["request"]["files"])
    for result in turn["results"]:
        kinds = TASKS[result["task"]].args if result["task"] in TASKS else {}
        found += [value for name, value in result["args"].items() if isinstance(value, str)
                  and (kinds.get(name) in _MEDIA or looks_like_a_file(value)) and not references(value)]
        found += made_by(result["output"] or {})
    return list(dict.fromkeys(found))


def kind_named(file: str) -> str:
    """image, audio, video, text, table or file."""
    try:
        return kind_of(file)
    except ValueError:
        return "file"


def looks_like_a_file(value: str) -> bool:
    """Whether a text would be taken for a file: one word with a known extension, or what is one on this machine."""
    if not value or len(value) > _LONGEST_PATH or "\n" in value:
        return False
    suffix = os.path.splitext(value)[1].lower().removeprefix(".")
    if suffix in EXTENSIONS and " " not in value.strip():
        return True
    try:
        return looking.is_file(value)
    except ValueError:
        return False


def bound(tasks: Iterable[Mapping[str, Any]], known: Given) -> tuple[list[dict[str, Any]], list[str]]:
    """The tasks with every file as it was given, and a phrase for each that was not."""
    bound_tasks, wrong = [], []
    for task in tasks:
        args = dict(task["args"])
        for name, value in task["args"].items():
            kind = TASKS[task["task"]].args.get(name, "text")
            if not isinstance(value, str) or references(value) or not (kind in _MEDIA or looks_like_a_file(value)):
                continue
            file = known.resolved(value)
            if file is None:
                wrong.append(f"'{value[:120]}' is not a file of this request")
            elif kind in _MEDIA and not _fits(found := kind_named(file), kind):
                wrong.append(f"'{value[:120]}' is {found}, but '{name}' of task {task['id']} is {kind}")
            else:
                args[name] = file
        bound_tasks.append({**task, "args": args})
    return bound_tasks, wrong


def _fits(found: str, wanted: str) -> bool:
    return found in (wanted, "file") or (wanted == "audio" and found == "video")


def _only(files: Sequence[str], name: str) -> str | None:
    """The one file whose path ends in this name."""
    tail = name.removeprefix("./")
    same = [file for file in files if file.endswith(tail) and file[: -len(tail)][-1:] in ("", "/", "\\")]
    return same[0] if len(set(same)) == 1 else None


def _written(name: str, text: str) -> str | None:
    """A name of a file or an address as the text has it: with its folders, and never a part of another."""
    if not _is_a_name(name):
        return None
    at = text.find(name)
    while at >= 0:
        start, end = at, at + len(name)
        while start and at - start < 260 and text[start - 1] not in _STOPS:
            start -= 1
        before = text[start:at]
        if not _continued(text, end) and (not before or before[-1] in "/\\:"):
            return text[start:end] if before and before[-1] in "/\\" else name
        at = text.find(name, end)
    return None


def _is_a_name(name: str) -> bool:
    """Whether it has what no other word has: a folder, or an extension."""
    try:
        path = urlsplit(name).path if "://" in name else name
    except ValueError:
        return False
    return "://" in name or "/" in name or "\\" in name or 1 < len(os.path.splitext(path)[1]) < 8


def _continued(text: str, end: int) -> bool:
    """Whether the name goes on where it seems to end."""
    following = text[end : end + 1]
    return following.isalnum() or (following != "" and following in _GOES_ON) or (
        following != "" and following in _JOINS and text[end + 1 : end + 2].isalnum())
