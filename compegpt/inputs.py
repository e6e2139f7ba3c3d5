"""The inputs of a task: wait for the tasks it needs, put their outputs in place of references, fetch what is given by
its address, check every file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime

from compegpt.context import Context
from compegpt.errors import CompeGPTError, ExpertTimeout, InputError
from compegpt.media import artifacts
from compegpt.schema import REFERENCE, Kind, Output, Result, Task
from compegpt.state import Competition, Problem
from compegpt.tasks import TASKS, ArgKind
from compegpt.threads import in_thread

TEXT_SUFFIXES = {".txt", ".md", ".csv", ".json", ".log", ".rst", ".html", ".xml", ".tex", ".srt"}

_MEDIA = ("image", "audio", "video")
_MEDIA_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|data:).*", re.IGNORECASE | re.DOTALL)
_TEXT_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


class Skipped(InputError):
    """An input of this task failed."""

    code = "skipped"


async def await_inputs(state: Competition, runtime: Runtime[Context]) -> dict[str, Any]:
    """Node: wait for this task's own inputs and nothing else; what is wrong with them becomes its problem."""
    task = state["task"]
    try:
        async with asyncio.timeout_at(runtime.context.deadline):
            results = {dep: await runtime.context.board.result(dep) for dep in task["dep"] if dep >= 0}
            task, within = await brought(task, runtime.context.store.folder, state.get("within"))
        args = await in_thread(resolved, task, results, within)
        return {"args": args, "problem": None}
    except TimeoutError:
        late = ExpertTimeout("The deadline passed while it waited for its input; give --deadline more seconds.")
        return {"args": task["args"], "problem": Problem(status="skipped", code=late.code, error=str(late))}
    except CompeGPTError as error:
        return {"args": task["args"], "problem": Problem(
            status="skipped" if isinstance(error, Skipped) else "failed", code=error.code, error=str(error))}


async def brought(task: Task, folder: Path, within: Collection[str] | None) -> tuple[Task, Collection[str] | None]:
    """The task with files in `folder` in place of addresses, and those among what it may use.

    Raises InputError where an address is not public or gives no such file, StorageError.
    """
    kinds = TASKS[task["task"]].args
    found = {name: value for name, value in task["args"].items() if isinstance(value, str)
             and (_MEDIA_ADDRESS if kinds.get(name) in _MEDIA else _TEXT_ADDRESS).fullmatch(value.strip())}
    if not found:
        return task, within
    from compegpt.media.fetch import fetch

    paths = await asyncio.gather(*(fetch(value.strip(), folder, _wanted(kinds.get(name, "text")))
                                   for name, value in found.items()))
    files = {name: str(path) for name, path in zip(found, paths, strict=True)}
    return {**task, "args": {**task["args"], **files}}, None if within is None else [*within, *files.values()]


def resolved(task: Task, results: Mapping[int, Result], within: Collection[str] | None = None) -> dict[str, Any]:
    """The args as values: texts as text, files as absolute paths that were checked, and `within` those given.

    Raises Skipped where a needed task gave nothing, InputError where a file or text cannot be used.
    """
    kinds = TASKS[task["task"]].args
    return {name: _value(value, kinds.get(name, "text"), results, within) for name, value in task["args"].items()}


def _value(value: Any, kind: ArgKind, results: Mapping[int, Result], within: Collection[str] | None) -> Any:
    if isinstance(value, list):
        return [_value(item, "text", results, within) for item in value]
    if not isinstance(value, str):
        return value
    wanted = _wanted(kind)
    references = [int(number) for number in REFERENCE.findall(value)]
    if wanted == "text":
        if references:
            return artifacts.checked_text(
                REFERENCE.sub(lambda match: str(_given(results, int(match[1]), "text")), value), "The text")
        return _text(value, within) if kind in ("text", "table") else value
    if references:
        return _given(results, references[0], wanted)
    if within is not None and value not in within:
        raise InputError(f"'{Path(value).name[:80]}' is not attached; attach the file to the request.")
    return str(artifacts.check(Path(value), wanted))


def _wanted(kind: ArgKind) -> Kind:
    return kind if kind in _MEDIA else "text"  # type: ignore[return-value]


def _text(value: str, within: Collection[str] | None) -> str:
    """The text itself, or the content of the text file it names."""
    if "\n" not in value and len(value) < 1_000 and (within is None or value in within):
        path = Path(value).expanduser()
        try:
            if (path.suffix.lower() in TEXT_SUFFIXES and " " not in path.suffix) or path.is_file():
                return artifacts.read_text(path)
        except OSError:
            pass  # too long or odd for a file name: it is text
    return artifacts.checked_text(value)


def _given(results: Mapping[int, Result], task_id: int, kind: Kind) -> str:
    result = results.get(task_id)
    if result is None or result["status"] != "ok" or result["output"] is None:
        what = f"task {task_id} ({result['task']})" if result else f"task {task_id}"
        raise Skipped(f"Its input, {what}, gave no result.")
    given = as_text(result["output"]) if kind == "text" else result["output"].get(kind)
    if not given:
        raise Skipped(f"Its input, task {task_id} ({result['task']}), found nothing, so there is no {kind} to work on.")
    return str(given)


def as_text(output: Output) -> str:
    """An output in words, as a dependent that takes text reads it."""
    if "text" in output:
        return output["text"]
    if output.get("labels"):
        return output["labels"][0]["label"]
    if "boxes" in output:
        return ", ".join(box["label"] for box in output["boxes"])
    if "scores" in output:
        return ", ".join(f"{score:.2f}" for score in output["scores"])
    spans = output.get("data")
    if isinstance(spans, list) and spans and isinstance(spans[0], dict):
        return ", ".join(str(span.get("text") or span.get("label")) for span in spans)
    return ""
