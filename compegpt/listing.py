"""The experts as a table: the engines there are, what is missing and how to get it, and what other sources offer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from compegpt.context import Source
from compegpt.schema import Expert
from compegpt.sources.embedded.source import MODULES, NAME, engines, expert_id
from compegpt.tasks import TASKS, canonical


def rows(task: str | None) -> list[dict[str, Any]]:
    """One row per expert of a task type, or of all. Raises UsageError with near names for an unknown one."""
    names = list(TASKS) if task is None else [canonical(task)]
    found = [_row(engine) for name in names for engine in engines(name)]
    return found


async def others(task: str, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Rows of the sources beside the embedded one, best first; a row without an expert says why some do not compete.

    The Hub is asked. Raises UsageError with near names for an unknown task type.
    """
    name = canonical(task)
    found: list[dict[str, Any]] = []
    for source in sources:
        if source.name == NAME:
            continue
        offers = await source.offers(name, {})
        found += [_offered(expert) for expert in offers.experts]
        found += [{"task": name, "expert": None, "source": source.name, "passed_over": why}
                  for why in offers.passed_over]
    return found


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


def _offered(expert: Expert) -> dict[str, Any]:
    about = "; ".join(text for text in (expert.about, expert.why) if text)
    return {"task": expert.task, "expert": expert.id, "family": expert.family, "installed": True, "missing": [],
            "install": None, "languages": sorted(expert.languages) if expert.languages else None,
            "licence": expert.licence, "about": about}


def _lines(row: dict[str, Any]) -> list[str]:
    if "passed_over" in row:
        return [f"  {row['source']}: {row['passed_over']}"]
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
