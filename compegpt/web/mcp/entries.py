"""The tools that MCP clients see: one for whole requests, and one per task type that somebody here can do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from compegpt.context import Source
from compegpt.errors import UsageError
from compegpt.listing import rows
from compegpt.options import MAX_PROMPT
from compegpt.sources.embedded.source import NAME as EMBEDDED
from compegpt.tasks import TASKS, ArgKind, OutputKind, TaskType
from compegpt.threads import in_thread
from compegpt.web.desk import MAX_FILES
from compegpt.wiring import Parts

ASK = "ask"
ASKED = 20.0
"""Seconds that a source may take to say whom it has for a task, when the tools are listed."""
MAX_SHOWN = 4
"""Experts that a description names."""
_NUMBERS = ("sentences", "count")
"""Arguments of kind text that are a number."""
_ABOUT = {
    "question": "The question.", "context": "The text that holds the answer", "other": "The text to compare with",
    "target": "The language to translate into, as a name or code (ISO 639-1).",
    "source": "The language of the text, where it is known.", "language": "The language, where it is known.",
    "sentences": "How many sentences the summary should have.", "count": "How many keywords to find.",
    "labels": "The labels to choose from or look for.",
}
_KINDS: dict[ArgKind, str] = {"text": "The text", "image": "The picture", "audio": "The recording",
                              "video": "The video", "table": "The table as CSV, or its rows"}
_GIVES: dict[OutputKind, str] = {
    "text": "a text", "labels": "labels with scores, best first", "spans": "a list, each with its place and score",
    "boxes": "boxes in pixels, and the picture with them drawn", "masks": "regions, and the picture with them drawn",
    "scores": "a score", "vectors": "a vector of numbers", "image": "a picture", "audio": "a recording",
    "video": "a video",
}
_PATHS = "a path on this machine or a web address"
_ADDRESSES = "the id or address of a file of yours on this server, or a web address"
_PLAIN = {"type": "object", "additionalProperties": True}
_OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"}, "thread": {"type": ["string", "null"]},
        "plan": {"type": "array", "items": _PLAIN},
        "results": {"type": "array", "description": "Per task: winner, its output, who competed.", "items": _PLAIN},
        "artifacts": {"type": "array", "description": "The files that were made.", "items": _PLAIN}, "usage": _PLAIN},
    "required": ["plan", "results", "artifacts", "usage"],
}


@dataclass(frozen=True)
class Entry:
    """A tool and the check of what it is given."""

    tool: types.Tool
    model: type[BaseModel]
    task: TaskType | None
    """None for whole requests."""

    def checked(self, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
        """The arguments that are given. Raises UsageError with what is wrong with them."""
        try:
            return self.model.model_validate(arguments or {}).model_dump(exclude_none=True)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))[:60]}: {one['msg']}" for one in error.errors()[:3])
            raise UsageError(f"The arguments of {self.tool.name} cannot be used ({wrong}); see its input schema."
                             ) from error


async def entries(parts: Parts, confined: bool) -> dict[str, Entry]:
    """All tools by name. `confined`: files are a client's on a server, not paths of this machine."""
    doers = await _doers(parts)
    where = _ADDRESSES if confined else _PATHS
    remote = any(source.remote for source in parts.sources)
    made = {name: _of_task(TASKS[name], names, where, remote) for name, names in doers.items()}
    return {ASK: _ask(list(doers), where, remote), **made}


async def _doers(parts: Parts) -> dict[str, list[str]]:
    """Experts by task type, in the table's order; a source that cannot say in time whom it has is left out."""
    found: dict[str, list[str]] = {name: [] for name in TASKS}
    if any(source.name == EMBEDDED for source in parts.sources):
        for row in await in_thread(rows, None):
            if row["installed"]:
                found[row["task"]].append(row["expert"])
    asked = [(name, asyncio.ensure_future(_offered(source, name))) for source in parts.sources
             if source.name != EMBEDDED for name in TASKS]
    for name, offered in asked:
        found[name] += await offered
    return {name: names for name, names in found.items() if names}


async def _offered(source: Source, task: str) -> list[str]:
    try:
        async with asyncio.timeout(ASKED):
            return [expert.id for expert in (await source.offers(task, {})).experts]
    except TimeoutError:
        return []


def _ask(tasks: list[str], where: str, remote: bool) -> Entry:
    model = create_model("Ask", __config__=ConfigDict(extra="forbid"),
        request=(str, Field(min_length=1, max_length=MAX_PROMPT,
                            description="What to do, in plain words, in any number of steps.")),
        files=(list[str], Field([], max_length=MAX_FILES,
                                description=f"The files it is about, each {where}, or a data: URL.")),
        thread=(str | None, Field(None, description="The conversation to go on with (`thread` of an earlier result); "
                                                    "a new one where it is left out.")))
    about = ("Answer a request about texts, pictures, recordings or videos. It is planned into tasks, several models "
             f"compete for each, and the best outputs make the answer. Tasks that can be done: {', '.join(tasks)}.")
    return _entry(ASK, "Ask CompeGPT", about, model, None, remote)


def _of_task(task: TaskType, experts: list[str], where: str, remote: bool) -> Entry:
    fields: dict[str, Any] = {}
    for name, kind in task.args.items():
        annotation, rest = _field(name, kind, where)
        fields[name] = (annotation, Field(**rest)) if name in task.needs else (annotation | None, Field(None, **rest))
    model = create_model(task.name, __config__=ConfigDict(extra="forbid"), **fields)
    shown = ", ".join(name.removeprefix(f"{EMBEDDED}:") for name in experts[:MAX_SHOWN])
    more = f" and {len(experts) - MAX_SHOWN} more" if len(experts) > MAX_SHOWN else ""
    competing = f"{shown}{more} compete and the best output wins" if len(experts) > 1 else f"Done by {shown}"
    about = f"{task.title[:1].upper()}{task.title[1:]}. {competing}. Gives {_GIVES[task.output]}."
    return _entry(task.name, task.title.capitalize(), about, model, task, remote)


def _field(name: str, kind: ArgKind, where: str) -> tuple[Any, dict[str, Any]]:
    """Type and rest of an argument's schema."""
    about = _ABOUT.get(name) or _KINDS[kind]
    if kind == "labels":
        return list[str], {"min_length": 1, "max_length": 200, "description": about}
    if kind == "language":
        return str, {"min_length": 1, "max_length": 40, "description": about}
    if name in _NUMBERS:
        return int, {"ge": 1, "le": 100, "description": about}
    if kind in ("text", "table"):
        annotation = str if kind == "text" else str | list[dict[str, Any]]
        also = "" if about.endswith(".") else f", or a text file: {where}."
        return annotation, {"min_length": 1, "description": f"{about}{also}"}
    return str, {"min_length": 1, "description": f"{about}: {where}, or a data: URL."}


def _entry(name: str, title: str, about: str, model: type[BaseModel], task: TaskType | None, remote: bool) -> Entry:
    hints = types.ToolAnnotations(title=title, read_only_hint=True, destructive_hint=False, open_world_hint=remote)
    schema = model.model_json_schema()
    schema.pop("title", None)
    for one in schema["properties"].values():
        one.pop("title", None)
    tool = types.Tool(name=name, title=title, description=about, input_schema=schema, output_schema=_OUTPUT_SCHEMA,
                      annotations=hints)
    return Entry(tool, model, task)
