"""execute: one expert does one task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Context
from compegpt.embed import folded
from compegpt.events import Executed
from compegpt.execute.branch import Branch
from compegpt.execute.guard import Try, once_ready, plain, recorded, within_race, within_slot
from compegpt.execute.tool import as_tool
from compegpt.media.artifacts import Store
from compegpt.redaction import Redactor
from compegpt.schema import Expert, Finding, Output, Task
from compegpt.state import Bout
from compegpt.tasks import TASKS
from compegpt.threads import aside

_FILES = ("image", "audio", "video")


async def execute(state: Bout, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: run the contender, and whoever steps in for it; every expert that was called is a candidate."""
    context, task = runtime.context, state["task"]

    async def attempt(expert: Expert) -> Try:
        return await _one(context, task, expert, state["args"])

    _embed_ahead(context, task, state["args"].get(TASKS[task["task"]].about or ""))
    branch = Branch(context.board.race(task["id"]), attempt, lambda one: runtime.stream_writer(Executed(task, one)),
                    TASKS[task["task"]].empty_counts, _hedged(context, state["contender"]["source"]))
    return {"candidates": await branch.run(Expert(task=task["task"], **state["contender"]))}


async def _one(context: Context, task: Task, expert: Expert, args: Mapping[str, Any]) -> Try:
    store = Store(context.store.folder)
    kept: set[str] = set()
    try:
        tried = await recorded(expert, context.board.race(task["id"]),
                               lambda: _called(context, task, expert, args, store), context.redacted)
        candidate = tried.candidate
        kept = _files(candidate["output"])
        files = {*map(str, store.made), *_given(task, args)}
        candidate["output"] = _redacted(plain(candidate["output"]), context.redacted, files)
        if candidate.get("note"):
            candidate["note"] = context.redacted(candidate["note"] or "")
    finally:
        store.discard_except(kept)
    _embed_ahead(context, task, folded((candidate["output"] or {}).get("text", "")))
    if candidate["status"] != "cancelled":
        context.breaker.record(expert.id, expert.task, candidate.get("code"), candidate["error"])
    return tried


async def _called(context: Context, task: Task, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
    """One call: what the expert needs is loaded before it takes a slot, so that nobody waits for that."""
    race = context.board.race(task["id"])
    source = context.source(expert.source)
    tool = as_tool(expert, source, store)
    slots = context.remote_slots if source.remote else context.slots

    async def invoke() -> Finding:
        message = await tool.ainvoke({"type": "tool_call", "id": expert.id, "name": tool.name, "args": dict(args)})
        finding: Finding = message.artifact
        return finding

    async def raced() -> Finding:
        return await within_race(race, invoke, TASKS[task["task"]].empty_counts)

    return await once_ready(race, source.ready(expert, args), lambda: within_slot(slots, race, raced))


def _hedged(context: Context, source: str) -> bool:
    return any(one.name == source and one.remote for one in context.sources)


def _embed_ahead(context: Context, task: Task, text: Any) -> None:
    """Have the judge's embedding of a text made while others still run; the encoder remembers it."""
    if TASKS[task["task"]].compare == "meaning" and isinstance(text, str) and text:
        aside(context.encoder.encode, [text])


def _given(task: Task, args: Mapping[str, Any]) -> set[str]:
    """Paths of the files among the args."""
    kinds = TASKS[task["task"]].args
    return {value for name, value in args.items() if kinds.get(name) in _FILES and isinstance(value, str)}


def _redacted(value: Any, redacted: Redactor, files: set[str]) -> Any:
    """Plain data without secrets; a path stays as it is, whatever words are in it, for else it would name no file."""
    if isinstance(value, str):
        return value if value in files else redacted(value)
    if isinstance(value, dict):
        return {redacted(key): _redacted(item, redacted, files) for key, item in value.items()}
    return [_redacted(item, redacted, files) for item in value] if isinstance(value, list) else value


def _files(output: Output | None) -> set[str]:
    """Paths an output names, wherever they stand in it."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(output)
    return found
