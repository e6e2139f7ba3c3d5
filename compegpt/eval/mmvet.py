"""`eval mmvet FILE`: the MM-Vet benchmark (Yu et al. 2023, arXiv:2308.02490), without and with a competition.

1. `answering` has the questions answered; 2. `grading` has a language model grade the answers, 0 to 1 each; 3. a
capability's score is the mean over the questions that need it, in per cent. Both steps are resumable.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.console import Console
from compegpt.errors import ConfigurationError
from compegpt.eval.answering import Reply, answers, checked, notes
from compegpt.eval.bootstrap import Numbers, interval
from compegpt.eval.competition import progress
from compegpt.eval.delivery import OFF, ON, WAYS, add_flags, delivered, output_folder
from compegpt.eval.grading import Graded, grades
from compegpt.eval.mmvet_data import CAPABILITIES, Asked, benchmark
from compegpt.eval.report import Table, as_json, bars, between, figure, written
from compegpt.llm.protocol import LanguageModel
from compegpt.turns import parts_of, settings_from
from compegpt.wiring import language_model_named

FOLDER = Path("eval-results/mmvet")
TOTAL = "total"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="mm-vet.json")
    parser.add_argument("--images", type=Path, metavar="DIR", help="the folder of its pictures (images/ beside it)")
    parser.add_argument("--predictions-only", action="store_true", help="write the answers, grade nothing")
    add_flags(parser, FOLDER)


def run(options: Namespace, console: Console) -> int:
    """Raises InputError for files that cannot be used, ConfigurationError where there is no grader, NoExpert where
    nobody can answer, LLMError where the grader fails, and what settings raise."""
    folder = output_folder(options)
    asked = benchmark(options.file, options.images, options.limit)
    questions = [one.question for one in asked]
    checked(questions, f"'{options.file}'")
    grader = None if options.predictions_only else _grader(options)
    parts = parts_of(options)
    replies: dict[str, dict[str, Reply]] = {}
    for way in WAYS[options.competition]:
        with progress(f"mmvet (competition {way})", console) as tell:
            replies[way] = answers(parts, way, questions, folder, "mmvet", tell)
        written(folder / f"predictions-{way}.json", as_json(_predictions(replies[way])))
    if grader is None:
        for way in replies:
            console.answer(str(folder / f"predictions-{way}.json"))
        for note in notes(replies):
            console.say(note)
        return 0
    with progress(f"mmvet ({grader.name} grades)", console) as tell:
        scores, ungraded = graded(grader, asked, replies, folder, tell)
    said = [f"Graded by {grader.name}.", *notes(replies), *_doubts(grader, replies, ungraded)]
    tables, data = told(asked, scores)
    _plotted(folder / "results.png", data)
    delivered(folder, options, console, tables, {"file": str(options.file), "grader": grader.name,
                                                 "ungraded": ungraded, **data}, said)
    return 0


def _grader(options: Namespace) -> LanguageModel:
    from compegpt.llm.models import language_model

    settings = settings_from(options)
    spec = language_model_named(settings)
    if spec is None:
        raise ConfigurationError("MM-Vet is graded by a language model, but none is set: give --llm provider:model, or "
                                 "set OPENAI_API_KEY or COMPEGPT_LLM; --predictions-only writes the answers ungraded.")
    return language_model(spec, settings)


def _predictions(replies: Mapping[str, Reply]) -> dict[str, str]:
    """In the benchmark's own form."""
    return {name: reply["answer"] or "" for name, reply in replies.items()}


def graded(grader: LanguageModel, asked: Sequence[Asked], replies: Mapping[str, Mapping[str, Reply]], folder: Path,
           tell: Any) -> tuple[dict[str, Numbers], int]:
    """Per way one score in [0, 1] for each question, and how many answers the grader gave no score for."""
    items, places = list[Graded](), list[tuple[str, int]]()
    for way, found in replies.items():
        for place, one in enumerate(asked):
            answer = found[one.question.id]["answer"]
            if answer is not None:
                items.append(Graded(one.question.id, one.question.text, one.truth, answer))
                places.append((way, place))
    scores = {way: np.zeros(len(asked)) for way in replies}
    given = grades(grader, items, folder, tell)
    for (way, place), score in zip(places, given, strict=True):
        scores[way][place] = 0.0 if score is None else score
    return scores, sum(score is None for score in given)


def told(asked: Sequence[Asked], scores: Mapping[str, Numbers]) -> tuple[list[Table], dict[str, Any]]:
    """Tables by capability and by combination of capabilities, and the same figures as plain data."""
    single = {name: np.array([name in one.capabilities for one in asked]) for name in CAPABILITIES}
    combined = {name: np.array(["+".join(one.capabilities) == name for one in asked])
                for name in dict.fromkeys("+".join(one.capabilities) for one in asked)}
    order = sorted(combined, key=lambda name: (-int(combined[name].sum()), name))
    rows = {**{name: here for name, here in single.items() if here.any()}, TOTAL: np.ones(len(asked), dtype=bool)}
    tables = [_table("MM-Vet: by capability", rows, scores, "Means over the questions that need a capability, in per "
                     "cent, with 95 % bootstrap intervals."),
              _table("MM-Vet: by combination of capabilities", {name: combined[name] for name in order}, scores, "")]
    data = {"questions": len(asked), "capabilities": {name: _plain(here, scores) for name, here in rows.items()},
            "combinations": {name: _plain(combined[name], scores) for name in order}}
    return tables, data


def _table(title: str, rows: Mapping[str, Any], scores: Mapping[str, Numbers], note: str) -> Table:
    lines: list[tuple[str, ...]] = []
    for name, here in rows.items():
        cells = [_cell(100 * each[here]) for each in scores.values()]
        if len(scores) > 1:
            cells.append(_cell(100 * (scores[ON][here] - scores[OFF][here]), signed=True))
        lines.append((CAPABILITIES.get(name, name), str(int(here.sum())), *cells))
    gain = ["gain"] if len(scores) > 1 else []
    return Table(title, ("", "questions", *(f"competition {way}" for way in scores), *gain), lines, note)


def _cell(values: Numbers, signed: bool = False) -> str:
    mean = float(values.mean())
    return f"{f'{mean:+.1f}' if signed else figure(mean, 1)} ({between(interval(values), 1, signed)})"


def _plain(here: Any, scores: Mapping[str, Numbers]) -> dict[str, Any]:
    return {"questions": int(here.sum()), **{way: {
        "score": float(100 * each[here].mean()), "interval": list(interval(100 * each[here]))}
        for way, each in scores.items()}}


def _doubts(grader: LanguageModel, replies: Mapping[str, Mapping[str, Reply]], ungraded: int) -> list[str]:
    said = []
    if ungraded:
        said.append(f"{ungraded} answers got no score from the grader and count as 0; running this again asks again.")
    if any(f"chat:{grader.name}" in one["competed"] for found in replies.values() for one in found.values()):
        said.append("The grader was among those that answered: it grades itself.")
    return said


def _plotted(path: Path, data: Mapping[str, Any]) -> None:
    rows = data["capabilities"]
    ways = [way for way in (OFF, ON) if way in rows[TOTAL]]
    bars(path, "MM-Vet", [CAPABILITIES.get(name, name) for name in rows],
         {f"competition {way}": [each[way]["score"] for each in rows.values()] for way in ways},
         {f"competition {way}": [tuple(each[way]["interval"]) for each in rows.values()] for way in ways})
