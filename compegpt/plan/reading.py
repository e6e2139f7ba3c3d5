"""What a language model's reply says: tasks in our form, whichever of the known forms it chose, or a plain reply.

Forms: ours, HuggingGPT's array (https://arxiv.org/abs/2303.17580), JARVIS's and TaskBench's spellings, arguments as an
object or as pairs, numbers as texts, references spelled in all the ways that have been seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compegpt.llm.thoughts import answer_of
from compegpt.plan.lenient import Found, values

EARLIER = re.compile(r"<earlier>-(\d{1,9})(?!\d)", re.IGNORECASE)
"""How a plan refers to a text of an earlier turn; the group is its number."""
_WORDS = "resource|generated|node|earlier"
_SPELLED = re.compile(
    rf"(?:<|&lt;)\s?(?P<word>{_WORDS})s?(?:\s?(?:>|&gt;)\s?[-–_:]?\s?(?:id\s?[-_:]?\s?)?<?(?P<after>\d{{1,9}})(?!\d)>?"
    rf"|[\s_:–-]{{1,3}}(?P<inside>\d{{1,9}})\s?(?:>|&gt;))(?:-(?:text|image|audio|video)\b)?", re.IGNORECASE)
_NAKED = re.compile(r"\s*(?:resource|generated)\s?[-_ ]\s?(\d{1,9})\s*", re.IGNORECASE)
_ENDLESS = re.compile(r"<(?=(?:resource|generated)>-\d{10})", re.IGNORECASE)
_PLAN = ("tasks", "plan", "task_list", "task_nodes", "nodes", "steps")
_REPLY = ("reply", "response", "answer", "message", "content")
_TASK = ("task", "type", "tool", "task_type", "name", "action")
_ARGS = ("args", "arguments", "parameters", "params", "inputs", "input")
_PAIR = (("name", "key", "arg", "argument"), ("value", "val"))


@dataclass(frozen=True)
class Reading:
    """What was made of a reply; neither tasks nor reply where nothing can be."""

    tasks: list[Any] | None
    """None where it holds no plan at all; not validated."""
    reply: str | None = None
    lost: bool = False
    """It was cut off in the middle of a task."""


def reading(text: str) -> Reading:
    """The plan of a reply: the last one that is not empty, where it makes several attempts. Never raises."""
    said = answer_of(text) or text.strip()
    found = values(said)
    if len(found) == 1 and isinstance(found[0].value, str):
        said = found[0].value.strip()
        found = values(said)
    plans = [plan for plan in map(_plan, found) if plan is not None]
    if full := [plan for plan in plans if plan.tasks]:
        return full[-1]
    if lines := [one.value for one in found if _looks_like_a_task(one.value)]:
        return Reading(_numbered(lines), None, any(one.lost for one in found))
    prose = said if said and said[0] not in "[{`" else None
    return plans[-1] if plans else Reading(None, prose)


def calmed(text: str) -> str:
    """Text of a person or a result in which nothing is taken for a reference, however it is spelled."""
    calm = _SPELLED.sub(lambda found: "‹" + re.sub(r"^(?:<|&lt;)", "", found[0]).replace(">", "›"), text)
    return _ENDLESS.sub("‹", calm)


def _plan(found: Found) -> Reading | None:
    """The plan that a JSON value is; None where it is something else."""
    value, reply = found.value, None
    named = False
    for _ in range(4):
        if isinstance(value, list):
            tasks = value[0] if len(value) == 1 and isinstance(value[0], list) else value
            good = named or not tasks or any(_looks_like_a_task(task) for task in tasks)
            return Reading(_numbered(tasks), reply if not tasks else None, found.lost) if good else None
        if not isinstance(value, dict):
            return None
        said = _first(value, _REPLY)
        reply = said.strip() or None if isinstance(said, str) else reply
        name = next((key for key in _PLAN if key in value), None)
        inner = _wrapped(value)
        if name is not None:
            value, named = value[name] or [], True
        elif inner is not None:
            value = inner
        else:
            answered = reply is not None and not _looks_like_a_task(value)
            return Reading([], reply, found.lost) if answered else None
    return None


def _wrapped(value: Mapping[str, Any]) -> Any:
    """What a tool call, or an object with one entry, holds; None where the value is no wrapping."""
    called = _first(value, _ARGS)
    if isinstance(called, dict) and any(key in called for key in _PLAN):
        return called
    only = next(iter(value.values())) if len(value) == 1 else None
    return only if isinstance(only, dict | list) else None


def _looks_like_a_task(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(_first(value, _TASK), str) and len(value) > 1


def _numbered(tasks: Sequence[Any]) -> list[Any]:
    """Tasks in our form; where none of them has an id, its place is it. What is no task stays as it is."""
    numbered = any("id" in task for task in tasks if isinstance(task, dict))
    return [_task(task, None if numbered else place) if isinstance(task, dict) else task
            for place, task in enumerate(tasks)]


def _task(value: Mapping[str, Any], place: int | None) -> dict[str, Any]:
    args = _first(value, _ARGS)
    if isinstance(args, str):
        inner = values(args)
        args = inner[0].value if inner else args
    return {"task": str(_first(value, _TASK) or "")[:200], "id": _number(value.get("id")) if place is None else place,
            "dep": _dependencies(value.get("dep")), "args": _args({} if args is None else args)}


def _number(value: Any) -> Any:
    """An id as a number where it holds one."""
    if isinstance(value, str) and (digits := re.fullmatch(r"(?:[a-z]{1,20}[\s_#-]{0,2})?(-?\d{1,9})",
                                                          value.strip().lower())):
        return int(digits[1])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dependencies(value: Any) -> list[int]:
    """Ids; what a task really needs is read off its arguments."""
    listed = value if isinstance(value, list) else [value]
    numbers = [_number(one) for one in listed]
    return [one for one in numbers if isinstance(one, int) and not isinstance(one, bool)] or [-1]


def _args(value: Any) -> Any:
    """Arguments by name; as they are where they have no names."""
    if isinstance(value, list):
        pairs = [pair for one in value for pair in _pairs(one)]
        if not pairs and value:
            return value
        value = {name: [other[1] for other in pairs if other[0] == name] if _repeated(name, pairs) else given
                 for name, given in pairs}
    if not isinstance(value, Mapping):
        return value
    return {str(name).strip().lower()[:60]: _value(str(name), given) for name, given in value.items()}


def _pairs(entry: Any) -> list[tuple[str, Any]]:
    if not isinstance(entry, dict):
        return []
    name = _first(entry, _PAIR[0])
    if isinstance(name, str) and any(key in entry for key in _PAIR[1]):
        return [(name, _first(entry, _PAIR[1]))]
    return [(str(key), given) for key, given in entry.items()]


def _repeated(name: str, pairs: Sequence[tuple[str, Any]]) -> bool:
    return sum(name == other for other, _ in pairs) > 1


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(name, one) if isinstance(one, str) else str(one) if isinstance(one, int | float) else one
                for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if name == "labels" and value.lstrip().startswith("[") and (inner := values(value)):
        return inner[0].value
    return _referring(value)


def _referring(text: str) -> str:
    """A value with every reference as the validator knows it, and no half characters."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if naked := _NAKED.fullmatch(whole):
        return f"<resource>-{naked[1]}"
    return _ENDLESS.sub("‹", _SPELLED.sub(_reference, whole))


def _reference(found: re.Match[str]) -> str:
    word = "earlier" if found["word"].lower() == "earlier" else "resource"
    return f"<{word}>-{int(found['after'] or found['inside'])}"


def _first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value under the first of these names that is there."""
    return next((value[name] for name in names if value.get(name) is not None), None)


def mapped(args: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Arguments with every text changed."""
    return {name: [change(one) if isinstance(one, str) else one for one in value] if isinstance(value, list)
            else change(value) if isinstance(value, str) else value for name, value in args.items()}
