"""The conversation so far as a language model is told it: newest turns, within a budget, long texts by a handle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compegpt.history import made_by
from compegpt.llm.excerpt import TOKEN, cut
from compegpt.plan.reading import EARLIER, calmed
from compegpt.plan.validate import harmless
from compegpt.schema import Result, Turn

BUDGET = 3_000 * TOKEN
"""Characters of the conversation that are told."""
_REQUEST, _PLAN, _TEXT, _ANSWER, _RESULTS = 600, 300, 400, 500, 24
"""Characters of a turn's parts, and results of a turn, that are told at most."""


@dataclass(frozen=True)
class Earlier:
    """What is told of earlier turns, oldest first, and what its handles stand for."""

    turns: list[dict[str, Any]] = field(default_factory=list)
    texts: Mapping[int, str] = field(default_factory=dict)
    """Whole texts by the number of their handle `<earlier>-N`."""

    def unknown(self, value: Any) -> list[str]:
        """Handles in a value that stand for nothing."""
        return [found[0] for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
                for found in EARLIER.finditer(text) if int(found[1]) not in self.texts]

    def filled(self, text: str) -> str:
        """A text with what its handles stand for; in that nothing is a reference."""
        return EARLIER.sub(lambda found: harmless(self.texts[int(found[1])]), text)


def earlier(history: Sequence[Turn], budget: int = BUDGET) -> Earlier:
    """As many of the newest turns as fit, with their results' texts by handle."""
    texts: dict[int, str] = {}
    told: list[dict[str, Any]] = []
    for turn in reversed(history):
        fitting = next((one for one in _views(turn, len(texts)) if _length(one) <= budget), None)
        if fitting is None:
            break
        view, new = fitting
        budget -= _length(fitting)
        told.append(view)
        texts.update(new)
    return Earlier(told[::-1], texts)


def _views(turn: Turn, number: int) -> list[tuple[dict[str, Any], dict[int, str]]]:
    """A turn told at length, and then ever more briefly."""
    return [_view(turn, number, results) for results in (_RESULTS, _RESULTS // 3, _RESULTS // 12, 0)]


def _length(view: tuple[dict[str, Any], dict[int, str]]) -> int:
    return len(json.dumps(view[0], ensure_ascii=False))


def _view(turn: Turn, number: int, most: int) -> tuple[dict[str, Any], dict[int, str]]:
    texts: dict[int, str] = {}
    results = []
    for result in turn["results"][-most:] if most else []:
        said = (result["output"] or {}).get("text")
        if isinstance(said, str) and said.strip():
            texts[number + len(texts)] = said
            handle = {"handle": f"<earlier>-{number + len(texts) - 1}"}
        else:
            handle = {}
        results.append({**_result(result), **handle})
    view: dict[str, Any] = {"request": cut(calmed(turn["request"]["text"]), _REQUEST)}
    if turn["request"]["files"]:
        view["files"] = turn["request"]["files"][:_RESULTS]
    if turn["plan"]:
        view["plan"] = cut(calmed("; ".join(_step(step["task"], step["args"]) for step in turn["plan"])), _PLAN)
    if results:
        view["results"] = results
    if turn["answer"]:
        view["answer"] = cut(calmed(turn["answer"]), _ANSWER)
    return view, texts


def _step(task: str, args: Mapping[str, Any]) -> str:
    return f"{task}({', '.join(f'{name}: {str(value)[:80]}' for name, value in args.items())})"


def _result(result: Result) -> dict[str, Any]:
    """What a task gave, in a line: text, the best labels, what the boxes hold, and every file by its full path."""
    output = result["output"] or {}
    view: dict[str, Any] = {"task": result["task"]}
    if result["status"] != "ok":
        return {**view, "failed": cut(calmed(result["error"] or ""), 120)}
    if text := output.get("text"):
        view["text"] = cut(calmed(str(text)), _TEXT)
    if labels := output.get("labels"):
        view["labels"] = [str(one["label"])[:60] for one in labels[:3]]
    if boxes := output.get("boxes"):
        view["boxes"] = [str(one["label"])[:40] for one in boxes[:_RESULTS]]
    if files := made_by(output):
        view["files"] = files[:6]
    return view
