"""The league as a table: who won how often, how strong that makes an expert, how often each fails, how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compegpt.league.form import Form, Record
from compegpt.league.ledger import Ledger
from compegpt.league.strength import Z90, Array, bradley_terry, wilson
from compegpt.settings import Settings
from compegpt.tasks import TASKS, canonical
from compegpt.wiring import league_file

Row = dict[str, Any]


def rows(settings: Settings, task: str | None) -> list[Row]:
    """One row per expert of a task type, or of all that have competitions; the strongest first.

    Counts are faded (`league.form`), intervals 90 %. Raises UsageError for an unknown task type, StorageError where the
    file is damaged, of another version or cannot be read; an empty list where nothing is recorded.
    """
    ledger = Ledger(league_file(settings))
    ledger.check()
    names = ledger.tasks() if task is None else [canonical(task)]
    return [row for name in names for row in _of_task(name, _form(ledger, name))]


def table(listed: Sequence[Row], settings: Settings) -> str:
    """The rows for a person, grouped by task; a sentence where there are none."""
    if not listed:
        off = "" if settings.league else " (COMPEGPT_LEAGUE is off)"
        return f"No competition is recorded yet{off}; each request adds its own to {league_file(settings)}."
    lines: list[str] = []
    for name in dict.fromkeys(row["task"] for row in listed):
        own = [row for row in listed if row["task"] == name]
        wide = max(len("expert"), *(len(row["expert"]) for row in own))
        lines += [*([""] if lines else []), f"{name} ({TASKS[name].title})",
                  f"  {'expert':<{wide}}  {'played':>6}  {'won':>5}  {'win rate':^19}  {'strength':^19}  "
                  f"{'fails':^19}  {'seconds':>7}", *(_line(row, wide) for row in own)]
    return "\n".join([*lines, "", "Recent competitions count most. Strength: how often it beats an average one here. "
                                  "Brackets: 90 % intervals."])


def _form(ledger: Ledger, task: str) -> Form:
    form = Form()
    for _, match in ledger.matches(task):
        form = form.after(match)
    return form


def _of_task(task: str, form: Form) -> list[Row]:
    played = [expert for expert, record in form.records.items() if record.played]
    beats = np.array([[form.beats.get((one, other), 0.0) for other in played] for one in played])
    strength, spread = _against_average(*bradley_terry(beats)) if played else (np.zeros(0), np.zeros(0))
    known = dict(zip(played, zip(strength, spread, strict=True), strict=True))
    found = [_row(task, expert, record, known.get(expert)) for expert, record in form.records.items()]
    return sorted(found, key=lambda row: -(row["strength"] or 0.0))


def _against_average(strength: Array, covariance: Array) -> tuple[Array, Array]:
    """Log-strengths less their mean, and their standard deviations: what all share says nothing of who is better."""
    centre = np.eye(len(strength)) - 1 / len(strength)
    return centre @ strength, np.sqrt(np.maximum(np.diag(centre @ covariance @ centre), 0.0))


def _row(task: str, expert: str, record: Record, known: tuple[float, float] | None) -> Row:
    """`known`: log-strength against the average and its standard deviation; None for one that never met another."""
    edges = [1 / (1 + float(np.exp(-known[0] - side * Z90 * known[1]))) for side in (0, -1, 1)] if known else []
    return {"task": task, "expert": expert, "family": record.family, "competitions": round(record.played, 1),
            "wins": round(record.won, 1), "win_rate": _share(record.won, record.played),
            "win_rate_interval": _interval(record.won, record.played),
            "strength": round(edges[0], 3) if known else None,
            "strength_interval": [round(edge, 3) for edge in edges[1:]] if known else None,
            "calls": round(record.calls, 1),
            "failure_rate": _share(record.failed, record.calls),
            "failure_rate_interval": _interval(record.failed, record.calls), "median_seconds": record.seconds}


def _share(hits: float, of: float) -> float | None:
    return round(hits / of, 3) if of else None


def _interval(hits: float, of: float) -> list[float]:
    return [round(edge, 3) for edge in wilson(hits, of)]


def _line(row: Row, wide: int) -> str:
    seconds = row["median_seconds"]
    return (f"  {row['expert']:<{wide}}  {row['competitions']:>6.0f}  {row['wins']:>5.0f}  "
            f"{_told(row['win_rate'], row['win_rate_interval']):^19}  "
            f"{_told(row['strength'], row['strength_interval']):^19}  "
            f"{_told(row['failure_rate'], row['failure_rate_interval']):^19}  "
            f"{'-' if seconds is None else f'{seconds:.2f}':>7}").rstrip()


def _told(value: float | None, interval: Sequence[float] | None) -> str:
    return "-" if value is None or interval is None else f"{value:.2f} [{interval[0]:.2f}-{interval[1]:.2f}]"
