"""What a language model is told of a turn: requests, results and history as JSON, cut to a budget, safe to delimit."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compegpt.llm.excerpt import TOKEN, block, cut
from compegpt.respond.report import files
from compegpt.schema import Candidate, Output, Result, Task, Turn
from compegpt.tasks import TASKS

FIRST = 20
"""So many of a list of boxes, labels or spans are told, and how many there are."""
_LEAST = 60
"""No text is cut shorter than this while leaving out list items helps."""
_PATHS = ("image", "audio", "video")


def digest(plan: Sequence[Task], results: Sequence[Result], tokens: int) -> Any:
    """The results in plan order as plain data of at most `tokens`, the room shared by all texts: the long ones are cut.

    Holds no binary data, no vectors, and only files that exist.
    """
    by_id = {result["id"]: result for result in results}
    steps = [task for task in plan if task["id"] in by_id]
    return fitted([_step(task, by_id[task["id"]]) for task in steps], tokens)


def fitted(items: list[Any], tokens: int) -> list[Any]:
    """The items with texts cut and lists shortened until all fit; at worst, the last are only counted."""
    budget = tokens * TOKEN
    if _fits(items, budget, FIRST, budget):
        return [_cut(item, budget, FIRST) for item in items]
    for most in (FIRST, 5, 1):
        low, high = _LEAST, budget
        if not _fits(items, low, most, budget):
            continue
        while high - low > 40:
            middle = (low + high) // 2
            low, high = (middle, high) if _fits(items, middle, most, budget) else (low, middle)
        return [_cut(item, low, most) for item in items]
    small = [_cut({key: item[key] for key in ("id", "task", "status", "winner") if key in item}, _LEAST, 1)
             for item in items]
    kept = next((count for count in range(len(small), 0, -1) if len(block(small[:count])) <= budget - 80), 0)
    return [*small[:kept], {"more": f"{len(items) - kept} more of {len(items)} are left out here"}]


def _fits(items: list[Any], length: int, most: int, budget: int) -> bool:
    return len(block([_cut(item, length, most) for item in items])) <= budget


def texts(data: Any) -> Iterator[str]:
    """All texts in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts(value)


def chat(history: Sequence[Turn], tokens: int) -> list[dict[str, str]]:
    """The last turns as messages, oldest first, within a budget; the newest turn gets at most half of it."""
    left, messages = tokens * TOKEN, list[dict[str, str]]()
    for turn in reversed(history):
        share = left // 4
        if share < _LEAST:
            break
        asked = cut(attached(turn["request"]["text"], turn["request"]["files"]), share)
        answer = cut(turn["answer"] or "(not answered)", share)
        left -= len(asked) + len(answer)
        messages[:0] = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return messages


def attached(text: str, files: Sequence[str]) -> str:
    """The request with its attachments named."""
    names = [cut(file, 300) for file in files[:FIRST]]
    return f"{text}\n\n(attached: {', '.join(names)})" if names else text


def _step(task: Task, result: Result) -> dict[str, Any]:
    needs = [dep for dep in task["dep"] if dep >= 0]
    told: dict[str, Any] = {
        "id": task["id"], "task": task["task"], "does": TASKS[task["task"]].title, "after": needs,
        "args": result["args"] or task["args"], "status": result["status"], "error": result["error"],
        "winner": result["winner"], "agreement": _rounded(result["agreement"]),
        "reason": result["reason"] if result["winner"] else None, "output": _output(result["output"]),
        "files": files([result]), "candidates": [_candidate(one) for one in result["candidates"]]}
    return {key: value for key, value in told.items() if value not in (None, [], {})}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    told = {"expert": candidate["expert"], "family": candidate["family"], "status": candidate["status"],
            "score": _rounded(candidate["score"]), "confidence": _rounded(candidate["confidence"]),
            "error": candidate["error"], "note": candidate.get("note")}
    return {key: value for key, value in told.items() if value is not None}


def _output(output: Output | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, value in (output or {}).items():
        if key in _PATHS:
            told[key] = value if os.path.isfile(str(value)) else "the file is no longer there"
        elif isinstance(value, list):
            told[key] = _list(value)
        else:
            told[key] = value
    return told


def _list(items: list[Any]) -> Any:
    """A list as it is told: numbers only counted, findings counted by label before the surest of them."""
    if not items or not isinstance(items[0], dict):
        return items if len(items) <= FIRST else {"count": len(items), "first": items[:3]}
    best = sorted(items, key=lambda one: -float(one.get("score") or 0.0))[:FIRST]
    surest = items[:FIRST] if all(one.get("start") is not None for one in items) else best
    counts = Counter(cut(str(one.get("label") or one.get("text") or ""), _LEAST) for one in items).most_common(FIRST)
    told: dict[str, Any] = {"count": len(items), "items": [_item(one) for one in surest]}
    return told if len(items) <= FIRST else {**told, "most frequent": dict(counts)}


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _rounded(value) if isinstance(value, float) else [round(side, 1) for side in value] if key == "box"
            else value for key, value in item.items() if key not in _PATHS}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _cut(value: Any, length: int, most: int) -> Any:
    if isinstance(value, str):
        return value if os.path.isabs(value) and len(value) < 500 and "\n" not in value else cut(value, length)
    if isinstance(value, Mapping):
        return {cut(str(key), length): _cut(one, length, most) for key, one in value.items()}
    if isinstance(value, list | tuple):
        kept = [_cut(one, length, most) for one in value[: max(most, 3)]]
        left = len(value) - len(kept)
        return [*kept, f"{left:,} more"] if left else kept
    return value
