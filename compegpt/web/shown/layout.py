"""Where the tasks of a plan stand in its picture: columns by longest path, arrows that pass beside the other tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean

from compegpt.schema import Task

HEIGHT, GAP, LANE = 48, 16, 14
"""Pixels: of a task, between two in a column, of an arrow that passes through a column."""
BETWEEN = 44
"""Pixels between two columns."""

Point = tuple[float, float]
Slot = tuple[int, int | None]
"""A task's id and None, or an arrow's source and target where it passes through a column."""


@dataclass(frozen=True)
class Layout:
    nodes: Mapping[int, Point]
    """Top left corners by task id, in pixels."""
    arrows: Sequence[Sequence[Point]]
    """Points each arrow runs through, first and last at the edge of a task."""
    width: float
    height: float


def needs(plan: Sequence[Task]) -> dict[int, list[int]]:
    """The tasks of the plan that each one waits for."""
    ids = {task["id"] for task in plan}
    return {task["id"]: [dep for dep in dict.fromkeys(task["dep"]) if dep in ids] for task in plan}


def layers(plan: Sequence[Task]) -> dict[int, int]:
    """The length of the longest chain that leads to each task. Raises graphlib.CycleError where there is a circle."""
    waits = needs(plan)
    depth: dict[int, int] = {}
    for one in TopologicalSorter(waits).static_order():
        depth[one] = max((depth[dep] + 1 for dep in waits[one]), default=0)
    return depth


def laid_out(plan: Sequence[Task], wide: float) -> Layout:
    """The whole picture for tasks `wide` pixels wide; tasks that nothing joins stand below, in rows."""
    waits, depth = needs(plan), layers(plan)
    joined = {one for one, deps in waits.items() if deps} | {dep for deps in waits.values() for dep in deps}
    columns = _columns([one for one in waits if one in joined], waits, depth)
    tall = max((_tall(column) for column in columns), default=0.0)
    nodes, lanes = _placed(columns, wide, tall)
    alone = [one for one in waits if one not in joined]
    across = max(len(columns), 1 if len(alone) <= 3 else 2 if len(alone) <= 12 else 3)
    top = tall + GAP if columns else 0.0
    for place, one in enumerate(alone):
        nodes[one] = (place % across * (wide + GAP), top + place // across * (HEIGHT + GAP))
    arrows = [_arrow(dep, one, nodes, lanes, depth, wide) for one, deps in waits.items() for dep in deps]
    return Layout(nodes, arrows, max((x + wide for x, _ in nodes.values()), default=0.0),
                  max((*(y + HEIGHT for _, y in nodes.values()), tall)))


def _columns(joined: Sequence[int], waits: Mapping[int, Sequence[int]], depth: Mapping[int, int]) -> list[list[Slot]]:
    """The slots of each column, each near the middle of what it comes from, so that few arrows cross."""
    columns: list[list[Slot]] = [[] for _ in range(max((depth[one] + 1 for one in joined), default=0))]
    for one in joined:
        columns[depth[one]].append((one, None))
        for dep in waits[one]:
            for between in range(depth[dep] + 1, depth[one]):
                columns[between].append((dep, one))
    for before, (left, column) in enumerate(pairwise(columns)):
        rank = {slot: (place + 0.5) / len(left) for place, slot in enumerate(left)}
        column.sort(key=lambda slot: _middle(slot, before, rank, waits, depth))
    return columns


def _middle(slot: Slot, before: int, rank: Mapping[Slot, float], waits: Mapping[int, Sequence[int]],
            depth: Mapping[int, int]) -> float:
    """The mean rank, in column `before`, of where the arrows to a slot come from."""
    source, target = slot
    if target is not None:
        return rank[(source, None if depth[source] == before else target)]
    return fmean(rank[(dep, None if depth[dep] == before else source)] for dep in waits[source])


def _tall(column: Sequence[Slot]) -> float:
    return sum(HEIGHT if target is None else LANE for _, target in column) + GAP * (len(column) - 1)


def _placed(columns: Sequence[Sequence[Slot]], wide: float,
            tall: float) -> tuple[dict[int, Point], dict[tuple[int, int, int], Point]]:
    """Tasks by id, lanes by source, target and column; each column in the middle of the picture's height."""
    nodes: dict[int, Point] = {}
    lanes: dict[tuple[int, int, int], Point] = {}
    for place, column in enumerate(columns):
        x, y = place * (wide + BETWEEN), (tall - _tall(column)) / 2
        for source, target in column:
            if target is None:
                nodes[source] = (x, y)
            else:
                lanes[source, target, place] = (x, y + LANE / 2)
            y += (HEIGHT if target is None else LANE) + GAP
    return nodes, lanes


def _arrow(source: int, target: int, nodes: Mapping[int, Point], lanes: Mapping[tuple[int, int, int], Point],
           depth: Mapping[int, int], wide: float) -> list[Point]:
    passed = [lanes[source, target, place] for place in range(depth[source] + 1, depth[target])]
    through = [point for x, y in passed for point in ((x, y), (x + wide, y))]
    (from_x, from_y), (to_x, to_y) = nodes[source], nodes[target]
    return [(from_x + wide, from_y + HEIGHT / 2), *through, (to_x, to_y + HEIGHT / 2)]
