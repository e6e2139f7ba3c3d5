"""The plan as a picture: one node per task, with what became of it as a sign, a word and a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from compegpt.printable import listed, printable, shortened
from compegpt.schema import Result, Task
from compegpt.web.shown.layout import HEIGHT, Layout, Point, laid_out, needs
from compegpt.web.shown.text import counted, safe, scroll, short

Stage = Literal["waiting", "running", "ok", "failed", "skipped"]

_EDGE = 3
"""Pixels of room around the picture, for the nodes' borders."""
_LETTER, _SMALL = 8.0, 7.2
"""Pixels that a letter of a task's name takes in a wide font, and one of the line below it."""
_BESIDE = 50
"""Pixels of a node that its sign and margins take."""
_SMALLEST = 0.8
"""On a narrow page the picture shrinks to this size, then it scrolls: below it the letters cannot be read."""
_SIGNS: dict[Stage, str] = {
    "waiting": '<circle r="8"/><path d="M0 -4V0L3 2"/>',
    "running": '<circle r="8"/><path class="cg-spin" d="M0 -8A8 8 0 0 1 8 0"/>',
    "ok": '<circle class="cg-full" r="8"/><path class="cg-cut" d="M-4 0L-1 3L4 -3"/>',
    "failed": '<circle class="cg-full" r="8"/><path class="cg-cut" d="M-3 -3L3 3M3 -3L-3 3"/>',
    "skipped": '<circle r="8"/><path d="M-4 0H4"/>'}


@dataclass(frozen=True)
class State:
    """How far a task is; a task without one waits."""

    stage: Stage = "waiting"
    winner: str | None = None
    """The winning expert's id, once it is known."""

    @property
    def said(self) -> str:
        won = short(self.winner) if self.winner else "done"
        return won if self.stage == "ok" else self.stage


def state_of(result: Result) -> State:
    """The state of a task that has a result."""
    return State(result["status"], result["winner"])


def drawn(plan: Sequence[Task], states: Mapping[int, State]) -> str:
    """The plan as an inline picture, `states` by task id. Raises graphlib.CycleError where tasks wait in a circle."""
    if not plan:
        return '<div class="cg cg-plan"><p class="cg-none">No task is planned: the answer needs no model.</p></div>'
    wide = min(310.0, max(176.0, _LETTER * max(len(f"{task['id']} {task['task']}") for task in plan) + _BESIDE))
    layout = laid_out(plan, wide)
    width, height = layout.width + 2 * _EDGE, layout.height + 2 * _EDGE
    nodes = "".join(_node(task, states.get(task["id"], State()), layout.nodes[task["id"]], wide) for task in plan)
    picture = (f'<svg class="cg-graph" role="img" aria-label="{safe(_in_words(plan, states))}" width="{width:.0f}" '
               f'height="{height:.0f}" viewBox="{-_EDGE} {-_EDGE} {width:.1f} {height:.1f}" '
               f'style="min-width:{width * _SMALLEST:.0f}px">{_arrows(layout)}{nodes}</svg>')
    return f'<div class="cg cg-plan">{scroll(picture, "Plan")}</div>'


def _in_words(plan: Sequence[Task], states: Mapping[int, State]) -> str:
    waits = needs(plan)
    said = [f"Plan of {counted(len(plan), 'task')}."]
    for task in plan:
        state, deps = states.get(task["id"], State()), waits[task["id"]]
        after = f", after {listed([f'task {dep}' for dep in deps])}" if deps else ""
        won = f"done, won by {short(state.winner)}" if state.stage == "ok" and state.winner else state.said
        said.append(f"Task {task['id']}, {task['task']}{after}: {won}.")
    return " ".join(said)


def _node(task: Task, state: State, corner: Point, wide: float) -> str:
    name, below = _fitting(task["task"], wide, _LETTER), _fitting(state.said, wide, _SMALL)
    return (f'<g class="cg-node cg-{state.stage}" transform="translate({corner[0]:.1f} {corner[1]:.1f})">'
            f'<title>{safe(task["task"])}: {safe(state.said)}</title>'
            f'<rect width="{wide:.1f}" height="{HEIGHT}" rx="10"/>'
            f'<g class="cg-sign" transform="translate(21 {HEIGHT / 2:.0f})">{_SIGNS[state.stage]}</g>'
            f'<text class="cg-node-name" x="40" y="20"><tspan class="cg-number">{task["id"]}</tspan> {name}</text>'
            f'<text class="cg-node-said" x="40" y="37">{below}</text></g>')


def _fitting(text: str, wide: float, letter: float) -> str:
    """As much of a text as fits beside the sign."""
    return safe(shortened(printable(text), int((wide - _BESIDE) / letter)))


def _arrows(layout: Layout) -> str:
    drawn = "".join(f'<path d="{_curve(points)}"/>{_head(points[-1])}' for points in layout.arrows)
    return f'<g class="cg-arrows">{drawn}</g>' if drawn else ""


def _curve(points: Sequence[Point]) -> str:
    """Through gaps between columns it bends, through a column it goes straight."""
    x, y = points[0]
    path = f"M{x:.1f} {y:.1f}"
    for to_x, to_y in points[1:]:
        bend = (to_x - x) / 2
        path += f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path


def _head(tip: Point) -> str:
    return f'<path class="cg-tip" d="M{tip[0] - 8:.1f} {tip[1] - 4.5:.1f}L{tip[0]:.1f} {tip[1]:.1f}l-8 4.5z"/>'
