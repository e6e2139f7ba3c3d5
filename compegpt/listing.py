"""The experts of this machine as a table: what there is, what is missing and how to get it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from compegpt.sources.embedded.source import MODULES, engines, expert_id
from compegpt.tasks import TASKS, canonical


def rows(task: str | None) -> list[dict[str, Any]]:
    """One row per expert of a task type, or of all. Raises UsageError with near names for an unknown one."""
    names = list(TASKS) if task is None else [canonical(task)]
    found = [_row(engine) for name in names for engine in engines(name)]
    return found or [{"task": name, "expert": None} for name in names]


def table(listed: Sequence[dict[str, Any]]) -> str:
    """The rows for a person, grouped by task."""
    lines: list[str] = []
    for row in listed:
        title = f"{row['task']} ({TASKS[row['task']].title})"
        if title not in lines:
            lines += [title] if not lines else ["", title]
        lines += _lines(row)
    done = {row["task"] for row in listed}
    if len(done) > 1 and (rest := [name for name in TASKS if name not in MODULES]):
        lines += ["", "No engine on this machine, these need a hosted model:"]
        lines += textwrap.wrap(", ".join(rest), 100, initial_indent="  ", subsequent_indent="  ",
                               break_on_hyphens=False)
    return "\n".join(lines)


def _row(engine: Any) -> dict[str, Any]:
    missing = engine.missing()
    return {"task": engine.task, "expert": expert_id(engine), "family": engine.family, "installed": not missing,
            "missing": missing, "install": engine.install or None,
            "languages": sorted(engine.languages) if engine.languages else None, "licence": engine.licence or None,
            "about": engine.about}


def _lines(row: dict[str, Any]) -> list[str]:
    if row["expert"] is None:
        return ["  no engine on this machine; it needs a hosted model"]
    state = "installed" if row["installed"] else f"missing: {row['install'] or ', '.join(row['missing'])}"
    languages = _languages(row["languages"])
    return [f"  {row['expert']:<34} family {row['family']:<16} {row['licence'] or '-':<14} {languages:<24} {state}",
            *([f"      {row['about']}"] if row["about"] else [])]


def _languages(codes: list[str] | None) -> str:
    if not codes:
        return "any language"
    return " ".join(codes) if len(codes) <= 6 else f"{len(codes)} languages"
