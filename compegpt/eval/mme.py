"""`eval mme DIR`: the MME benchmark (Fu et al. 2023, arXiv:2306.13394), without and with a competition.

Accuracy counts questions, accuracy+ pictures both of whose questions are right; a subtask's score is the sum of both
per cents (200 at most), perception adds up 10 subtasks (2000), cognition 4 (800).
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.console import Console
from compegpt.eval.answering import Reply, answers, checked, notes
from compegpt.eval.bootstrap import LEVEL, RESAMPLES, Numbers
from compegpt.eval.competition import progress
from compegpt.eval.delivery import WAYS, add_flags, delivered, output_folder
from compegpt.eval.mme_data import TOTALS, Asked, benchmark, passed_over
from compegpt.eval.report import Table, bars, between, figure
from compegpt.turns import parts_of

FOLDER = Path("eval-results/mme")
_HEAD = 4
"""Characters of an answer in which the benchmark's own script looks for yes or no."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that holds MME's subtasks")
    add_flags(parser, FOLDER)


def run(options: Namespace, console: Console) -> int:
    """Raises InputError for a folder that cannot be used, NoExpert where nobody can answer, and what settings raise."""
    output = output_folder(options)
    asked = benchmark(options.folder, options.limit)
    questions = [one.question for one in asked]
    checked(questions, f"'{options.folder}'")
    if others := passed_over(options.folder):
        console.say(f"no subtasks, so passed over: {', '.join(others)}")
    parts = parts_of(options)
    replies: dict[str, dict[str, Reply]] = {}
    for way in WAYS[options.competition]:
        with progress(f"mme (competition {way})", console) as tell:
            replies[way] = answers(parts, way, questions, output, "mme", tell)
    scores = {way: scored(asked, found) for way, found in replies.items()}
    said = [*notes(replies), *_unparsed(replies)]
    bars(output / "results.png", "MME", list(next(iter(scores.values()))),
         {f"competition {way}": [one.score for one in each.values()] for way, each in scores.items()},
         {f"competition {way}": [one.edges for one in each.values()] for way, each in scores.items()})
    data = {"folder": str(options.folder), "questions": len(asked), "scores": {
        way: {name: one.plain() for name, one in each.items()} for way, each in scores.items()},
        "totals": {way: {name: one.plain() for name, one in totals(asked, found).items()}
                   for way, found in replies.items()},
        "unparsed": {way: sum(unparsed(found)) for way, found in replies.items()}}
    delivered(output, options, console, _tables(asked, scores, replies), data, said)
    return 0


def yes_or_no(answer: str) -> bool | None:
    """What an answer says, as the benchmark's script reads it: by its first four characters; None where neither."""
    head = answer.strip().lower()[:_HEAD]
    return True if "yes" in head else False if "no" in head else None


@dataclass(frozen=True)
class Score:
    accuracy: float
    """In [0, 1], as `plus`."""
    plus: float
    score: float
    """In [0, 200] for a subtask."""
    edges: tuple[float, float]
    """95 % interval of the score, by the bootstrap over pictures."""
    pictures: int

    def plain(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, "accuracy+": self.plus, "score": self.score, "interval": list(self.edges),
                "pictures": self.pictures}


def scored(asked: Sequence[Asked], replies: Mapping[str, Reply]) -> dict[str, Score]:
    """By subtask, in the order of the benchmark."""
    return {name: _score([right]) for name, right in _right(asked, replies).items()}


def totals(asked: Sequence[Asked], replies: Mapping[str, Reply]) -> dict[str, Score]:
    """Perception and cognition, of the subtasks that are there."""
    right = _right(asked, replies)
    groups = {total: [right[name] for name in names if name in right] for total, names in TOTALS.items()}
    return {total: _score(each) for total, each in groups.items() if each}


def _right(asked: Sequence[Asked], replies: Mapping[str, Reply]) -> dict[str, Numbers]:
    """Per subtask: pictures x (share of its questions that are right, whether all are)."""
    found: dict[str, dict[str, list[bool]]] = {}
    for one in asked:
        said = yes_or_no(replies[one.question.id]["answer"] or "")
        found.setdefault(one.subtask, {}).setdefault(one.picture, []).append(said == one.truth)
    return {name: np.array([[sum(each) / len(each), all(each)] for each in pictures.values()], dtype=np.float64)
            for name, pictures in found.items()}


def _score(subtasks: Sequence[Numbers]) -> Score:
    """Of one or several subtasks: scores add up, accuracies are means over subtasks."""
    means = np.array([each.mean(axis=0) for each in subtasks])
    chance = np.random.default_rng(0)
    drawn = sum(100 * each[chance.integers(0, len(each), (RESAMPLES, len(each)))].mean(axis=1).sum(axis=1)
                for each in subtasks)
    low, high = np.percentile(np.asarray(drawn), ((100 - LEVEL) / 2, (100 + LEVEL) / 2))
    accuracy, plus = means.mean(axis=0)
    return Score(float(accuracy), float(plus), float(100 * means.sum()), (float(low), float(high)),
                 sum(len(each) for each in subtasks))


def unparsed(replies: Mapping[str, Reply]) -> list[bool]:
    """Which of the answers are neither yes nor no."""
    return [yes_or_no(one["answer"]) is None for one in replies.values() if one["answer"] is not None]


def _unparsed(replies: Mapping[str, Mapping[str, Reply]]) -> list[str]:
    return [f"Competition {way}: {sum(unparsed(found))} answers were neither yes nor no (unparsed) and count as wrong."
            for way, found in replies.items() if any(unparsed(found))]


def _tables(asked: Sequence[Asked], scores: Mapping[str, Mapping[str, Score]],
            replies: Mapping[str, Mapping[str, Reply]]) -> list[Table]:
    whole = {way: totals(asked, found) for way, found in replies.items()}
    columns = [f"{name}, {way}" for way in scores for name in ("accuracy", "accuracy+", "score")]
    first = next(iter(scores))
    lines = [_line(name, name, scores) for name in scores[first]]
    lines += [_line(f"**{name}**", name, whole) for name in whole[first]]
    most = {name: 200 * sum(one in scores[first] for one in TOTALS[name]) for name in whole[first]}
    missing = [one for names in TOTALS.values() for one in names if one not in scores[first]]
    note = (f"Scores add accuracy and accuracy+ in per cent; at most 200 for a subtask, "
            f"{' and '.join(f'{points} for {name}' for name, points in most.items())}.")
    return [Table("MME", ("", "pictures", *columns), lines,
                  note + (f" Not there: {', '.join(missing)}." if missing else ""))]


def _line(title: str, name: str, scores: Mapping[str, Mapping[str, Score]]) -> tuple[str, ...]:
    found = [each[name] for each in scores.values()]
    return (title, str(found[0].pictures), *(cell for one in found for cell in _cells(one)))


def _cells(one: Score) -> tuple[str, str, str]:
    return (figure(100 * one.accuracy, 1), figure(100 * one.plus, 1),
            f"{figure(one.score, 1)} ({between(one.edges, 1)})")
