"""What a run has come to, as MCP clients take it: words, pictures and sound, links to the files, and the record."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mcp_types as types

from compegpt.errors import CompeGPTError
from compegpt.events import Event, Executed, Judged, Noticed, Planned, Responded, Selected
from compegpt.record import error_object, failure
from compegpt.tasks import TaskType
from compegpt.threads import in_thread
from compegpt.web.mcp.sides import Side
from compegpt.web.runs import Run, record_of

INLINE = 700_000
"""Bytes of pictures and sound that one result holds itself; what is more is linked to."""
MAX_QUOTED = 200
"""Characters of an argument that the plan repeats."""
_RESULT = ("id", "task", "status", "error", "winner", "output", "agreement", "confidence", "unsure", "reason")
_CANDIDATE = ("expert", "family", "status", "confidence", "score", "seconds", "error", "note")
_KEPT = ("artifacts", "usage", "error")
_WHOLE = ("answer", "thread", "planner", "plan_confidence")
_SAID = {"ok": "answered", "empty": "found nothing", "abstained": "cannot tell", "failed": "failed",
         "timeout": "took too long", "cancelled": "was not waited for"}


def progress_of(event: Event) -> str | None:
    """An event in a few words; None where there is nothing to tell."""
    if isinstance(event, Noticed):
        return str(clean(event.text))
    if isinstance(event, Planned):
        return f"plan: {', '.join(task['task'] for task in event.plan) or 'nothing to run'}"
    if isinstance(event, Selected):
        return f"{event.task['task']}: {', '.join(map(_short, event.experts))} compete" if event.experts else None
    if isinstance(event, Executed):
        return f"{event.task['task']}: {_short(event.candidate['expert'])} {_SAID[event.candidate['status']]}"
    if isinstance(event, Judged):
        winner = event.result["winner"]
        return f"{event.result['task']}: {f'{_short(winner)} won' if winner else event.result['status']}"
    return "answered" if isinstance(event, Responded) else None


async def result_of(run: Run, side: Side, task: TaskType | None) -> types.CallToolResult:
    """A run that has ended. Of a `task` its winner's output counts, of a whole request the answer."""
    record = clean(await in_thread(lambda: side.public(record_of(run))))
    error = failure(run.outcome)
    if error is not None:
        return _refused(clean(side.public(str(error))), _trimmed(record, task is None))
    said = _in_words(record["results"][0]["output"]) if task else record.get("answer", "")
    files = await in_thread(_files, [one["path"] for one in run.outcome.artifacts], side)
    return types.CallToolResult(content=[types.TextContent(text=said), *files],
                                structured_content=_trimmed(record, task is None))


def refused(error: CompeGPTError) -> types.CallToolResult:
    """A call that comes to nothing."""
    fault = clean(error_object(error))
    return _refused(fault["message"], {"error": fault})


def clean(value: Any) -> Any:
    """Plain data that UTF-8 can hold: names of files need not be text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list) else value


def _refused(sentence: str, record: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=sentence)], structured_content=record, is_error=True)


def _in_words(output: dict[str, Any]) -> str:
    """A winner's output: its text, or all of it as JSON."""
    if "text" in output:
        return str(output["text"]) or "Nothing was found."
    return json.dumps(output, ensure_ascii=False)


def _trimmed(record: dict[str, Any], whole: bool) -> dict[str, Any]:
    """The record without what only an audit needs; of a single task also without the answer and the thread."""
    results = [{**{key: result[key] for key in _RESULT},
                "candidates": [{key: one[key] for key in _CANDIDATE if key in one} for one in result["candidates"]]}
               for result in record["results"]]
    plan = [{**task, "args": {name: _quoted(value) for name, value in task["args"].items()}}
            for task in record["plan"]]
    kept = (*_WHOLE, *_KEPT) if whole else _KEPT
    return {**{str(key): record[key] for key in kept if key in record}, "plan": plan, "results": results}


def _quoted(value: Any) -> Any:
    return f"{value[:MAX_QUOTED]}…" if isinstance(value, str) and len(value) > MAX_QUOTED else value


def _files(paths: Sequence[str], side: Side) -> list[types.ContentBlock]:
    """Each file as itself, where it is small and clients can show it, and as a link."""
    from compegpt.media.artifacts import media_type

    made: list[types.ContentBlock] = []
    room = INLINE
    for path in map(Path, dict.fromkeys(paths)):
        mime, size = media_type(path), path.stat().st_size
        if size <= room and mime.startswith(("image/", "audio/")):
            room -= size
            data = base64.b64encode(path.read_bytes()).decode()
            made.append(types.ImageContent(data=data, mime_type=mime) if mime.startswith("image/")
                        else types.AudioContent(data=data, mime_type=mime))
        if uri := side.uri(str(path)):
            made.append(types.ResourceLink(uri=uri, name=clean(path.name), mime_type=mime, size=size))
    return made


def _short(expert: str) -> str:
    return expert.removeprefix("embedded:")
