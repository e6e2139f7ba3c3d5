"""`eval competition`: does the judge's winner beat every single expert? Measured on inputs whose truth is known.

1. each kind of task makes its cases from seeds; 2. all experts that are installed do all of them (kept in a ledger, so
a stopped run goes on); 3. every way to pick one answer is scored against the truth, with bootstrap intervals;
4. each of the judge's signals is taken away in turn. `--fit` learns the judge's weights from the development cases.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compegpt.console import Console
from compegpt.embed import shared_encoder
from compegpt.errors import InputError, NoExpert, UsageError
from compegpt.eval.case import KINDS, PARTS, Kind, Part, kind
from compegpt.eval.collecting import Row, collected
from compegpt.eval.fitting import Fit, fitted
from compegpt.eval.report import Table, as_json, bars, between, figure, written
from compegpt.eval.scoring import Scores, ablation, as_record, by_group, reliability, scores_of, standings
from compegpt.eval.ways import JUDGE, ORACLE, WAYS, Contest, contest, in_order
from compegpt.learned import FILE, FORM, read_file
from compegpt.tasks import canonical

FOLDER = Path("eval-results/competition")
NOISE = 0.001
"""A headroom below this is none."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tasks", metavar="T,T", help=f"task types (all: {', '.join(KINDS)})")
    parser.add_argument("--part", choices=PARTS, default="test", help="which cases (test); dev is what was tuned on")
    parser.add_argument("--fit", action="store_true", help="learn the judge's weights from dev, and keep them")
    parser.add_argument("--output-dir", type=Path, default=FOLDER, metavar="DIR", help=f"for results ({FOLDER})")


def run(options: Namespace, console: Console) -> int:
    """Raises UsageError for unknown task types, InputError where files cannot be read or written."""
    kinds = [kind(name) for name in _tasks(options.tasks)]
    folder = Path(options.output_dir).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"'{folder}' cannot be written: {error.strerror}.") from error
    if options.fit:
        return _fit(kinds, folder, console, options.json)
    results: dict[str, Any] = {}
    top = _top(options.top_k)
    label = options.part if top is None else f"{options.part}-top-{top}"
    for each in kinds:
        try:
            rows = _rows(each, options.part, folder, console)
        except NoExpert as error:
            console.say(f"{each.task}: {error}")
            continue
        tables, results[each.task] = evaluated(each, rows, options.part, top)
        text = "\n".join(table.markdown() for table in tables)
        written(folder / f"{each.task}-{label}.md", text)
        _plotted(folder / f"{each.task}-{label}.png", each, results[each.task])
        if not options.json:
            console.answer(text)
    if results:
        kept = folder / f"results-{label}.json"
        every = {**(json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}), **results}
        written(kept, as_json(every))
        written(folder / f"summary-{label}.md", summary(every, options.part).markdown())
        console.answer(as_json(results).rstrip() if options.json else summary(results, options.part).markdown())
    return 0 if results else NoExpert.status


def summary(results: Mapping[str, Any], part: str) -> Table:
    """One row per task type and measure: best single expert, judge, oracle, the share of the headroom gained."""
    columns = ("", "cases", "measure", "best single", "judge", "judge over best, 95 %", "oracle", "of the headroom",
               "calibration error")
    rows: list[tuple[str, ...]] = []
    for task, told in results.items():
        sure = told["confidence"]
        for measure, one in told["measures"].items():
            best, judge, oracle = (one["quality"][name]["mean"] for name in (one["best_single"], JUDGE, ORACLE))
            share = "none to gain" if one["headroom"] < NOISE else f"{one['judge_gains']:.0%}"
            rows.append((task, str(told["cases"]), measure, f"{figure(best)} ({one['best_single']})", figure(judge),
                         between(one["judge_over_best_single"], signed=True), figure(oracle), share,
                         figure(sure["expected_calibration_error"]) if sure else "-"))
            task = ""  # named once
    return Table(f"All kinds ({part})", columns, rows)


def _tasks(given: str | None) -> list[str]:
    if given is None:
        return list(KINDS)
    names = [canonical(name) for name in given.split(",") if name.strip()]
    if not names:
        raise UsageError("--tasks names no task type.")
    return list(dict.fromkeys(names))


def _top(given: str | None) -> int | None:
    """How many experts compete; None for all."""
    if given in (None, "all"):
        return None
    if not str(given).isdigit() or int(str(given)) < 1:
        raise UsageError(f"--top-k is '{given}', but must be a number from 1 on, or all.")
    return int(str(given))


def _rows(each: Kind, part: Part, folder: Path, console: Console) -> list[Row]:
    with progress(f"{each.task} ({part})", console) as tell:
        return collected(each, part, folder, tell)


@contextmanager
def progress(title: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error where that is a terminal."""
    from tqdm import tqdm

    with tqdm(desc=title, file=console.err, disable=None if console.err.isatty() else True, unit="case") as bar:
        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell


def evaluated(each: Kind, rows: Sequence[Row], part: str, top: int | None) -> tuple[list[Table], dict[str, Any]]:
    """All tables of one kind, and its figures as plain data."""
    encoder = shared_encoder()
    measures = list(each.measures)
    whole = [contest(row, encoder, [one["expert"] for one in in_order(row)[:top]]) for row in rows]
    counted = [one for one in whole if one.row["category"] not in each.unjudged]
    scores = [scores_of(counted, measure, encoder) for measure in measures]
    sure = reliability(counted, each.right) if each.right else None
    experts = len(rows[0]["candidates"][:top])
    tables = [standings(f"{each.task}: {len(counted)} {part} cases, {experts} experts", scores),
              ablation(f"{each.task}: the judge without a signal, and by one alone", counted, measures),
              by_group(f"{each.task}: by kind of input", counted, measures, encoder)]
    if sure is not None:
        note = (f"Expected calibration error {sure.error:.3f} ({between(sure.edges)}). The judge says not to rely on "
                f"{sure.abstained:.0%} of its winners: {each.right} {figure(sure.right_then)} there, "
                f"{figure(sure.right_else)} elsewhere.")
        tables.append(Table(f"{each.task}: confidence and what it was worth ({each.right})",
                            ("", "confidence", each.right, "cases"),
                            [(f"part {number}", figure(said), figure(was), str(cases))
                             for number, (said, was, cases) in enumerate(sure.bins, 1)], note))
    tables += _apart(each, whole, measures)
    return tables, {"part": part, "cases": len(counted), "experts": experts, "about": each.about,
                    **as_record(scores, sure)}


def _apart(each: Kind, whole: Sequence[Contest], measures: Sequence[str]) -> list[Table]:
    """Tables of the categories that are reported alone."""
    tables = []
    for category in sorted(each.unjudged):
        here = [one for one in whole if one.row["category"] == category]
        scores: list[Scores] = [scores_of(here, measure, shared_encoder()) for measure in measures[-1:]]
        if here:
            tables.append(standings(f"{each.task}: {category}, {len(here)} cases", scores))
    return tables


def _plotted(path: Path, each: Kind, told: dict[str, Any]) -> None:
    measure = next(iter(each.measures))
    quality = told["measures"][measure]["quality"]
    names = [name for name in quality if name not in (*WAYS, JUDGE, ORACLE)] + [*WAYS, JUDGE, ORACLE]
    bars(path, f"{each.task}: {measure}", [name.strip("*") for name in names],
         {measure: [quality[name]["mean"] for name in names]},
         {measure: [quality[name]["interval"] for name in names]})


# learning


def _fit(kinds: Sequence[Kind], folder: Path, console: Console, json_wanted: bool) -> int:
    fits: dict[str, Fit] = {}
    for each in kinds:
        try:
            rows = _rows(each, "dev", folder, console)
        except NoExpert as error:
            console.say(f"{each.task}: {error}")
            continue
        fits[each.task] = fitted(rows, each, shared_encoder())
    keep({task: fit.learned for task, fit in fits.items()}, FILE)
    told = {task: {"weights": fit.learned["weights"], "penalty": fit.penalty, "cross_validation": fit.told}
            for task, fit in fits.items()}
    console.answer(as_json(told).rstrip() if json_wanted else "\n".join(
        f"{task}: {', '.join(f'{name} {weight:.2f}' for name, weight in fit.learned['weights'].items())}"
        for task, fit in fits.items()))
    return 0 if fits else NoExpert.status


def keep(tasks: dict[str, Any], path: Path) -> None:
    """Write what was learned into the judge's data file, beside what it holds of other task types."""
    data = read_file(path)
    data["tasks"] = dict(sorted({**data["tasks"], **tasks}.items()))
    if data["form"] != FORM:
        raise InputError(f"'{path}' is of form {data['form']}; this version writes form {FORM}.")
    written(path, _compact(data))


def _compact(data: dict[str, Any]) -> str:
    """One line per entry of a task, so that a change can be read."""
    tasks = ",\n".join(f"  {json.dumps(task)}: {{\n" + ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in told.items()) + "\n  }"
        for task, told in data["tasks"].items())
    comparisons = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in
                             data["comparisons"].items())
    return f'{{"form": {data["form"]},\n"comparisons": {{\n{comparisons}\n}},\n"tasks": {{\n{tasks}\n}}}}\n'
