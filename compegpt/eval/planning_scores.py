"""How good plans are: TaskBench's and HuggingGPT's measures.

TaskBench (arXiv:2311.18760): node F1 over the set of tools per plan, edge F1 over the set of (source tool, target
tool), parameter F1 over (tool, type) and over (tool, type, value), each micro: counted over all plans. HuggingGPT
(arXiv:2303.17580, section 4): precision, recall and F1 of the tools, accuracy for single tasks, normalised edit
distance for chains. Its GPT-4 score for graphs is a language model's opinion and is not measured here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from compegpt.eval.bootstrap import Numbers, interval
from compegpt.eval.planning_data import Gold
from compegpt.plan.mentions import EXTENSIONS
from compegpt.schema import REFERENCE, Task
from compegpt.tasks import TASKS

_NODE = re.compile(r"<node-(\d{1,9})>")
_GIVES = {"image-segmentation": "image"}
"""What TaskBench's tool gives, where ours is known by another kind."""
_MEDIA = ("image", "audio", "video")
Edge = tuple[str, str]
Parameter = tuple[str, str, str]


@dataclass(frozen=True)
class Shape:
    """A plan as the measures see it."""

    tools: tuple[str, ...]
    """In an order in which they can run; that of their numbers, where nothing else decides."""
    edges: frozenset[Edge]
    """(source tool, target tool)."""
    parameters: frozenset[Parameter]
    """(tool, type, value); the value of a reference is the tool that it comes from."""


def shape_of_gold(gold: Gold) -> Shape:
    names = [node.task for node in gold.nodes]
    found = [_parameter(name, value, _NODE, dict(enumerate(names)), place)
             for place, (name, node) in enumerate(zip(names, gold.nodes, strict=True)) for value in node.args]
    links = [(first, last) for first, last in gold.links]
    return Shape(tuple(names[place] for place in _in_order(range(len(names)), links)),
                 frozenset((names[first], names[last]) for first, last in links),
                 frozenset(one for one in found if one is not None))


def shape_of_plan(tasks: Sequence[Task]) -> Shape:
    """Languages are no parameters: TaskBench's tools have none."""
    names = {task["id"]: task["task"] for task in tasks}
    links = [(dep, task["id"]) for task in tasks for dep in task["dep"] if dep in names]
    found = [_parameter(task["task"], _as_text(value), REFERENCE, names, task["id"]) for task in tasks
             for name, value in task["args"].items() if TASKS[task["task"]].args.get(name) != "language"]
    return Shape(tuple(names[number] for number in _in_order(sorted(names), links)),
                 frozenset((names[first], names[last]) for first, last in links),
                 frozenset(one for one in found if one is not None))


def _as_text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _parameter(tool: str, value: str, reference: re.Pattern[str], names: Mapping[int, str], own: int
               ) -> Parameter | None:
    """A parameter; None for a node that refers to itself."""
    found = reference.search(value)
    if found is not None and int(found[1]) == own:
        return None
    if found is not None and int(found[1]) in names:
        producer = names[int(found[1])]
        return tool, _GIVES.get(producer, TASKS[producer].gives), producer
    kind = EXTENSIONS.get(PurePosixPath(value.strip(" '\"")).suffix.lower().removeprefix("."), "text")
    return tool, kind if kind in _MEDIA else "text", value.strip()


def _in_order(places: Sequence[int], links: Sequence[tuple[int, int]]) -> list[int]:
    """Producers before consumers, else as given; what stands in a circle comes last."""
    waiting, done = list(places), list[int]()
    while waiting:
        free = next((one for one in waiting if not any(last == one and first in waiting and first != one
                                                       for first, last in links)), None)
        if free is None:
            return done + waiting
        done.append(free)
        waiting.remove(free)
    return done


def distance(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Edit distance of two sequences of tools over the length of the longer, in [0, 1]."""
    costs = list(range(len(wanted) + 1))
    for row, one in enumerate(found, 1):
        before, costs[0] = costs[0], row
        for column, other in enumerate(wanted, 1):
            before, costs[column] = costs[column], min(costs[column] + 1, costs[column - 1] + 1,
                                                       before + (one != other))
    return costs[-1] / max(len(found), len(wanted), 1)


COUNTS = ("node", "edge", "type", "value")
_AFTER = 3 * len(COUNTS)


def counts(found: Shape, wanted: Shape) -> list[float]:
    """One row: for nodes, edges, types and values how many are right, found, wanted; exact, accurate, edit distance."""
    row: list[float] = []
    for mine, theirs in ((set(found.tools), set(wanted.tools)), (found.edges, wanted.edges),
                         ({one[:2] for one in found.parameters}, {one[:2] for one in wanted.parameters}),
                         (found.parameters, wanted.parameters)):
        row += [len(mine & theirs), len(mine), len(theirs)]
    exact = sorted(found.tools) == sorted(wanted.tools) and found.edges == wanted.edges
    return [*row, float(exact), float(found.tools == wanted.tools), distance(found.tools, wanted.tools)]


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below, dtype=np.float64)


def _f1(name: str) -> Callable[[Numbers], Numbers]:
    at = 3 * COUNTS.index(name)
    return lambda means: _ratio(2 * means[:, at], means[:, at + 1] + means[:, at + 2])


MEASURES: dict[str, Callable[[Numbers], Numbers]] = {
    "node F1": _f1("node"), "edge F1": _f1("edge"), "parameter type F1": _f1("type"),
    "parameter value F1": _f1("value"), "exact": lambda means: means[:, _AFTER],
    "accuracy": lambda means: means[:, _AFTER + 1],
    "precision": lambda means: _ratio(means[:, 0], means[:, 1]),
    "recall": lambda means: _ratio(means[:, 0], means[:, 2]),
    "edit distance": lambda means: means[:, _AFTER + 2],
}
"""From mean counts (resamples x columns) to figures (resamples), nan where nothing is there to count."""
_COMMON = ("node F1", "edge F1", "parameter type F1", "parameter value F1", "exact", "precision", "recall")
MEASURED: dict[str, tuple[str, ...]] = {
    "all": _COMMON, "single": (*(name for name in _COMMON if name != "edge F1"), "accuracy"),
    "chain": (*_COMMON, "edit distance"), "dag": _COMMON}
"""By group of requests; of `all` and each type."""


@dataclass(frozen=True)
class Figure:
    value: float
    edges: tuple[float, float]
    """95 % interval by the bootstrap over requests."""


def figured(measure: str, rows: Numbers) -> Figure:
    """A measure over requests x columns."""
    of = MEASURES[measure]
    return _figure(float(of(rows.mean(axis=0, keepdims=True))[0]) if len(rows) else float("nan"), rows, of)


def differing(measure: str, first: Numbers, second: Numbers) -> Figure:
    """What a measure gains from the first to the second plans of the same requests, paired."""
    of, width = MEASURES[measure], first.shape[1]
    both = np.concatenate([first, second], axis=1)

    def gain(means: Numbers) -> Numbers:
        return np.asarray(of(means[:, width:]) - of(means[:, :width]), dtype=np.float64)

    return _figure(float(gain(both.mean(axis=0, keepdims=True))[0]) if len(both) else float("nan"), both, gain)


def _figure(value: float, rows: Numbers, of: Callable[[Numbers], Numbers]) -> Figure:
    """The value with its interval; none where there was nothing to count."""
    return Figure(value, (value, value) if value != value else interval(rows, of))
