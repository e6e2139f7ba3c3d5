"""Requests with gold plans: JSON Lines in TaskBench's spirit (Shen et al. 2023, arXiv:2311.18760).

Per line `id`, `type` (single, chain, dag), `request`, `nodes` (`task`, `args`: texts, where `<node-N>` stands for the
result of node N), `links` (pairs of node indexes: from, to), and perhaps `source`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compegpt.errors import InputError, UsageError
from compegpt.tasks import TASKS, canonical

Type = Literal["single", "chain", "dag"]
TASKBENCH = frozenset((
    "audio-classification", "audio-to-audio", "automatic-speech-recognition", "conversational", "depth-estimation",
    "document-question-answering", "image-classification", "image-editing", "image-segmentation", "image-to-image",
    "image-to-text", "object-detection", "question-answering", "sentence-similarity", "summarization",
    "tabular-classification", "text-generation", "text-to-image", "text-to-speech", "text-to-video",
    "token-classification", "translation", "visual-question-answering"))
"""The tools of TaskBench's Hugging Face part."""
_Text = Annotated[str, Field(min_length=1)]
_Index = Annotated[int, Field(ge=0)]


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    task: _Text
    args: list[str]


class Gold(BaseModel):
    """One request and the plan it should get."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    id: _Text
    type: Type
    request: _Text
    nodes: Annotated[list[Node], Field(min_length=1)]
    links: list[Annotated[list[_Index], Field(min_length=2, max_length=2)]]
    source: str = ""


@dataclass(frozen=True)
class Golds:
    rows: list[Gold]
    digest: str
    """Of the file, to tell whether results that were kept are its."""


def golds(path: Path) -> Golds:
    """The requests of a file, task types by their canonical names.

    Raises InputError, naming the file and the line, for a file that cannot be read, is empty, or has a line that is
    broken, has unknown or missing keys, an unknown task type, a link to no node, or an id that was there before.
    """
    data = read(path)
    rows: dict[str, Gold] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        row = _row(line, f"'{path}' line {number}")
        if row.id in rows:
            raise InputError(f"'{path}' line {number}: the id '{row.id[:60]}' is that of line {lines[row.id]} already.")
        rows[row.id], lines[row.id] = row, number
    if not rows:
        raise InputError(f"'{path}' holds no requests; give a file with one JSON object per line.")
    return Golds(list(rows.values()), hashlib.sha256(data).hexdigest())


def read(path: Path) -> bytes:
    """The bytes of a file. Raises InputError where there is none that can be read."""
    if path.is_dir():
        raise InputError(f"'{path}' is not a file but a directory; name the file.")
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"'{path}' cannot be read: {reason}; check the name.") from error


def told(error: ValidationError) -> str:
    """The first thing that is wrong, with where it stands."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    reasons = {"missing": "is missing", "extra_forbidden": "is no key that is known here"}
    said = reasons.get(first["type"], f"is wrong: {first['msg'][:1].lower()}{first['msg'][1:]}")
    return f"'{place[:80]}' {said}" if place else f"it is no JSON object ({first['msg'][:120]})"


def allowed_from(given: str) -> frozenset[str] | None:
    """The task types that `taskbench`, `all` (None) or a list of names stands for. Raises UsageError."""
    if given.strip() == "all":
        return None
    if given.strip() == "taskbench":
        return TASKBENCH
    names = frozenset(canonical(name) for name in given.split(",") if name.strip())
    if not names:
        raise UsageError("--tasks names no task type; give taskbench, all or names with commas between them.")
    return None if names == frozenset(TASKS) else names


def _row(line: bytes, where: str) -> Gold:
    try:
        row = Gold.model_validate_json(line)
        nodes = [node.model_copy(update={"task": canonical(node.task)}) for node in row.nodes]
    except ValidationError as error:
        raise InputError(f"{where}: {told(error)}.") from error
    except UsageError as error:
        raise InputError(f"{where}: {error}") from error
    if wrong := next((link for link in row.links if max(link) >= len(nodes)), None):
        raise InputError(f"{where}: the link {wrong} is to a node that is not there; there are {len(nodes)}, from 0.")
    return row.model_copy(update={"nodes": nodes})
