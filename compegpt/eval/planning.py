"""`eval planning FILE`: how good plans are, against gold plans.

1. `planning_data` reads the requests; 2. `planning_ways` has each planner plan all of them (kept in a ledger, so a
stopped run goes on) and lets the plans compete; 3. `planning_scores` counts what is right, with bootstrap intervals.
"""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.console import Console
from compegpt.errors import UsageError
from compegpt.eval.bootstrap import Numbers
from compegpt.eval.competition import progress
from compegpt.eval.delivery import OFF, ON, WAYS, add_flags, delivered, output_folder
from compegpt.eval.planning_data import Gold, Golds, allowed_from, golds
from compegpt.eval.planning_scores import (
    MEASURED,
    Figure,
    counts,
    differing,
    figured,
    shape_of_gold,
    shape_of_plan,
)
from compegpt.eval.planning_ways import AUTO, Contender, Row, contenders, planned, prediction, winner
from compegpt.eval.report import Table, bars, between, figure, written
from compegpt.turns import parts_of

FOLDER = Path("eval-results/planning")
_PLOTTED = ("node F1", "edge F1", "parameter type F1", "parameter value F1", "exact")
_NO_OPINION = "HuggingGPT's GPT-4 score for graphs is a language model's opinion and is not measured."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="requests with gold plans, JSON Lines")
    parser.add_argument("--tasks", default="all", metavar="T,T", help="task types a plan may have: all, taskbench, or "
                        "names with commas between them (all)")
    parser.add_argument("--predictions", type=Path, metavar="OUT", help="write the plans to this file, JSON Lines")
    add_flags(parser, FOLDER)


def run(options: Namespace, console: Console) -> int:
    """Raises InputError for a file that cannot be used, UsageError for flags that make no sense, and what settings
    raise."""
    allowed, rows, folder = allowed_from(options.tasks), golds(options.file), output_folder(options)
    predictions = _free(options.predictions, options.file)
    competing = contenders(parts_of(options))
    results = evaluated(competing, rows, options, allowed, folder, console)
    shown = results[WAYS[options.competition][-1]]
    if predictions is not None:
        lines = [json.dumps(prediction(row), ensure_ascii=False) + "\n" for row in shown]
        written(predictions, "".join(lines))
    tables, data, notes = told(rows.rows, results, competing)
    data = {"file": str(options.file), "digest": rows.digest, "tasks": options.tasks, **data}
    _plotted(folder / "results.png", data)
    delivered(folder, options, console, tables, data, notes)
    return 0


def evaluated(competing: Sequence[Contender], rows: Golds, options: Namespace, allowed: frozenset[str] | None,
              folder: Path, console: Console) -> dict[str, list[Row]]:
    """The plans of each way, in the order of the requests."""
    ways, most = WAYS[options.competition], options.limit or len(rows.rows)
    found: dict[str, dict[str, Row]] = {}
    for contender in competing if ON in ways else competing[:1]:
        with progress(f"planning ({contender.name})", console) as tell:
            found[contender.name] = asyncio.run(planned(contender, rows, most, allowed, folder, tell))
    names = [gold.id for gold in rows.rows[:most]]
    rivals = [each for name, each in found.items() if name != AUTO] or list(found.values())
    made = {OFF: [found[competing[0].name][name] for name in names],
            ON: [winner([each[name] for each in rivals]) for name in names]}
    return {way: made[way] for way in ways}


def told(rows: Sequence[Gold], results: Mapping[str, Sequence[Row]], competing: Sequence[Contender]
         ) -> tuple[list[Table], dict[str, Any], list[str]]:
    """Tables, the same figures as plain data, and what there is to note."""
    first = next(iter(results.values()))
    rows = rows[: len(first)]
    wanted = [shape_of_gold(gold) for gold in rows]
    numbers = {way: np.array([counts(shape_of_plan(row["plan"]), gold) for row, gold in zip(made, wanted, strict=True)])
               for way, made in results.items()}
    tables, groups = [], {}
    for group, measures in MEASURED.items():
        here = np.array([group in ("all", gold.type) for gold in rows])
        if here.any():
            mine = {way: each[here] for way, each in numbers.items()}
            groups[group] = {"requests": int(here.sum()),
                             **{way: {name: _plain(figured(name, each)) for name in measures}
                                for way, each in mine.items()}}
            tables.append(_table(group, measures, mine))
    seconds = {way: _seconds(made) for way, made in results.items()}
    tables.append(Table("Seconds per plan", ("", *(_title(way) for way in results)), [
        (name, *(figure(each[name], 3) for each in seconds.values())) for name in ("p50", "p95")]))
    data = {"planners": [each.name for each in competing], "requests": len(rows), "groups": groups, "seconds": seconds}
    return tables, data, _notes(results, competing)


def _table(group: str, measures: Sequence[str], numbers: Mapping[str, Numbers]) -> Table:
    columns = [_title(way) for way in numbers]
    lines: list[tuple[str, ...]] = []
    for name in measures:
        cells = [_cell(figured(name, each)) for each in numbers.values()]
        if len(numbers) > 1:
            change = differing(name, numbers[OFF], numbers[ON])
            cells.append("-" if change.value != change.value else
                         f"{change.value:+.3f} ({between(change.edges, signed=True)})")
        lines.append((name, *cells))
    size = len(next(iter(numbers.values())))
    note = {"chain": "Edit distance: over the length of the longer sequence; less is better.",
            "dag": _NO_OPINION, "all": "With 95 % bootstrap intervals over requests."}.get(group, "")
    return Table(f"{group}: {size} requests", ("", *columns, *(["gain"] if len(numbers) > 1 else [])), lines, note)


def _title(way: str) -> str:
    return {OFF: "competition off", ON: "competition on"}[way]


def _cell(found: Figure) -> str:
    return "-" if found.value != found.value else f"{figure(found.value)} ({between(found.edges)})"


def _plain(found: Figure) -> dict[str, Any]:
    return {"value": found.value, "interval": list(found.edges)}


def _seconds(rows: Sequence[Row]) -> dict[str, float]:
    taken = [row["seconds"] for row in rows]
    return {f"p{share}": round(float(np.percentile(taken, share)), 4) for share in (50, 95)}


def _notes(results: Mapping[str, Sequence[Row]], competing: Sequence[Contender]) -> list[str]:
    notes = [f"Planners: {', '.join(each.name for each in competing)}."]
    if ON in results and len(competing) == 1:
        notes.append("Only one planner is set up, so nobody competes"
                     + (" and both columns are equal." if OFF in results else "."))
    if ON in results and len(competing) > 1:
        wins = {name: sum(row["planner"] == name for row in results[ON]) for name in
                dict.fromkeys(row["planner"] for row in results[ON])}
        notes.append(f"Plans that won: {', '.join(f'{count} by {name}' for name, count in wins.items())}.")
    stood_in = sum(bool(row.get("stood_in")) for row in next(iter(results.values())))
    if stood_in:
        notes.append(f"The language model gave no plan that can be used for {stood_in} requests; the embedded planner "
                     "stood in. Where the model could not be reached, running this again asks it again.")
    return notes


def _plotted(path: Path, data: Mapping[str, Any]) -> None:
    groups = data["groups"]
    ways = [way for way in (OFF, ON) if way in groups["all"]]
    names = [f"{group}: {name}" for group in groups for name in _PLOTTED if name in MEASURED[group]]
    found = {_title(way): [groups[group][way][name] for group in groups for name in _PLOTTED if name in MEASURED[group]]
             for way in ways}
    bars(path, "Plans", names, {way: [_number(one["value"]) for one in each] for way, each in found.items()},
         {way: [(one["interval"][0], one["interval"][1]) if _number(one["value"]) is not None else (0.0, 0.0)
                for one in each] for way, each in found.items()})


def _number(value: float) -> float | None:
    return None if value != value else value


def _free(given: Path | None, source: Path) -> Path | None:
    """The file that plans are written to. Raises UsageError where that would lose the requests or cannot be."""
    if given is None:
        return None
    path = given.expanduser().absolute()
    if path.is_dir():
        raise UsageError(f"--predictions is '{given}', which is a directory; name a file.")
    if path.resolve() == source.expanduser().resolve():
        raise UsageError("--predictions is the file of the requests itself, which would be lost; name another.")
    return path
