"""The experts at hand by task type, and what is missing with how to get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.doctor import PROGRAMS
from compegpt.tasks import TASKS
from compegpt.web.shown.text import counted, line, safe, short

Row = Mapping[str, Any]
"""As `compegpt.listing.rows` and `compegpt.listing.others` make it."""

_HOSTED = "set HF_TOKEN or OPENAI_API_KEY, or run a model here with COMPEGPT_EXPERTS=local,embedded"


def missing_of(examined: Mapping[str, Any]) -> dict[str, str]:
    """What `compegpt.doctor.examined` misses, each with what to install or set."""
    packages = {name: f"pip install '{name}'" for name in examined["missing_packages"]}
    programs = {name: PROGRAMS[name] for name, path in examined["programs"].items() if path is None}
    tasks = {name: _HOSTED for name in TASKS if name not in examined["tasks"]}
    return packages | programs | tasks


def shown(rows: Sequence[Row], missing: Mapping[str, str]) -> str:
    """A block to unfold per task type, then what is missing; `missing`: how to get each thing, by its name."""
    blocks = "".join(_of_task(name, [row for row in rows if row["task"] == name])
                     for name in dict.fromkeys(row["task"] for row in rows))
    none = '<p class="cg-none">There is no expert here.</p>'
    return f'<div class="cg cg-experts">{blocks or none}{_missing(missing)}</div>'


def _of_task(task: str, rows: Sequence[Row]) -> str:
    experts = [row for row in rows if row["expert"] is not None]
    ready = [row for row in experts if row["installed"]]
    families = len({row["family"] for row in ready})
    count = (f"{counted(len(ready), 'expert')}, {counted(families, 'family')}" if ready else "none ready")
    alone = " · no competition" if families == 1 else ""
    sign = "ok" if ready else "failed"
    items = "".join(map(_expert, experts)) + "".join(_passed(row) for row in rows if row["expert"] is None)
    return (f'<details class="cg-fold cg-task"><summary><span class="cg-dot cg-{sign}" aria-hidden="true"></span>'
            f"{line(task)} <small>{TASKS[task].title if task in TASKS else ''}</small> "
            f'<span class="cg-count">{count}{alone}</span></summary><ul class="cg-list">{items}</ul></details>')


def _expert(row: Row) -> str:
    languages = row["languages"]
    tongues = ("any language" if not languages else line(" ".join(languages)) if len(languages) <= 6
               else f"{len(languages)} languages")
    facts = " · ".join([f"family {line(row['family'], 60)}", line(row["licence"] or "licence not told", 60), tongues])
    about = f'<p class="cg-note">{line(row["about"], 300)}</p>' if row["about"] else ""
    how = row["install"] or ", ".join(row["missing"])
    state = "" if row["installed"] else (
        f'<p class="cg-lack"><span class="cg-tag cg-failed">missing</span> <code>{line(how, 200)}</code></p>')
    return f'<li><strong>{line(short(row["expert"]))}</strong> <span class="cg-meta">{facts}</span>{state}{about}</li>'


def _passed(row: Row) -> str:
    """Why a source sends nobody more, or that there is nobody."""
    if "passed_over" not in row:
        return '<li class="cg-note">No engine on this machine; it needs a hosted model.</li>'
    return f'<li class="cg-note">{safe(row["source"])}: {line(row["passed_over"], 300)}</li>'


def _missing(missing: Mapping[str, str]) -> str:
    """The same remedy is told once, with all that it brings."""
    if not missing:
        return '<p class="cg-note">Nothing is missing.</p>'
    remedies: dict[str, list[str]] = {}
    for name, how in missing.items():
        remedies.setdefault(how, []).append(name)
    items = "".join(f'<li><code>{line(how, 300)}</code><p class="cg-note">for {line(", ".join(names), 2_000)}</p></li>'
                    for how, names in remedies.items())
    return (f'<section class="cg-block"><h3 class="cg-title">What is missing</h3>'
            f'<ul class="cg-list">{items}</ul></section>')
