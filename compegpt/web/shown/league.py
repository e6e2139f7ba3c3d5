"""The league as tables with plots: how strong each expert is, how often it wins and fails, how fast it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.tasks import TASKS
from compegpt.web.shown.text import NONE, bar, counted, known, line, number, scroll, share, short

Row = Mapping[str, Any]
"""As `compegpt.standings.rows` makes it."""

_WIDE, _HIGH = 96, 14
"""Pixels of a plot."""
_ABOUT = ("Recent competitions count most. Strength: how often an expert beats an average one at this task; the mark "
          "in the middle is average. Thin lines: 90 % intervals.")


def shown(rows: Sequence[Row]) -> str:
    """One table per task, in the order of the rows; a sentence where there are none."""
    if not rows:
        return ('<div class="cg cg-league"><p class="cg-none"><strong>No competition yet.</strong> '
                "Ask for something: each request adds its own.</p></div>")
    tables = "".join(_of_task(name, [row for row in rows if row["task"] == name])
                     for name in dict.fromkeys(row["task"] for row in rows))
    return f'<div class="cg cg-league"><p class="cg-note">{_ABOUT}</p>{tables}</div>'


def _of_task(task: str, rows: Sequence[Row]) -> str:
    title = TASKS[task].title if task in TASKS else ""
    slowest = max((row["median_seconds"] for row in rows if known(row["median_seconds"])), default=0.0)
    heads = "".join(f'<th scope="col">{name}</th>' for name in (
        "expert", "played", "strength", "share won", "failure rate", "median seconds"))
    body = "".join(_line(row, slowest) for row in rows)
    table = f'<table class="cg-table cg-standing"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    return (f'<section class="cg-block"><h3 class="cg-title">{line(task)} <small>{title}, '
            f'{counted(len(rows), "expert")}</small></h3>{scroll(table, f"League of {task}")}</section>')


def _line(row: Row, slowest: float) -> str:
    seconds = row["median_seconds"]
    pace = seconds / slowest if known(seconds) and slowest > 0 else None
    return (f'<tr><th scope="row">{line(short(row["expert"]))}<small>family {line(row["family"], 60)}</small></th>'
            f'<td>{number(row["competitions"], 0)}</td>'
            f'{_measured(row["strength"], row["strength_interval"], "strength", middle=True)}'
            f'{_measured(row["win_rate"], row["win_rate_interval"], "share won")}'
            f'{_measured(row["failure_rate"], row["failure_rate_interval"], "failure rate", kind="bad")}'
            f'<td>{number(seconds)}{"" if pace is None else bar(pace, "pace")}</td></tr>')


def _measured(value: Any, interval: Sequence[float] | None, what: str, kind: str = "good", middle: bool = False) -> str:
    """A share in [0, 1] with its number, its interval in words and as a plot; a dash where it is not known."""
    if not known(value) or not interval:
        return f"<td>{NONE}</td>"
    low, high = interval
    said = f"{what} {number(value)}, between {number(low)} and {number(high)}"
    return (f'<td title="{said}"><span aria-hidden="true">{number(value)}</span>'
            f"{_plot(share(value), share(low), share(high), kind, middle, said)}</td>")


def _plot(value: float, low: float, high: float, kind: str, middle: bool, said: str) -> str:
    """A bar from 0, or from the middle a dot, with the interval as a thin line over it."""
    room = _WIDE - 8
    at, start, end = (4 + room * point for point in (value, low, high))
    y = _HIGH / 2
    main = (f'<path class="cg-axis" d="M{4 + room / 2:.1f} 1V{_HIGH - 1}"/><circle cx="{at:.1f}" cy="{y}" r="4"/>'
            if middle else f'<rect x="4" y="{y - 3}" width="{at - 4:.1f}" height="6" rx="2"/>')
    return (f'<svg class="cg-plot cg-{kind}" role="img" aria-label="{said}" width="{_WIDE}" height="{_HIGH}" '
            f'viewBox="0 0 {_WIDE} {_HIGH}"><path class="cg-axis" d="M4 {y}H{_WIDE - 4}"/>{main}'
            f'<path class="cg-range" d="M{start:.1f} {y}H{end:.1f}M{start:.1f} {y - 3}v6M{end:.1f} {y - 3}v6"/></svg>')
