"""All experts of a task type on all cases of a set, once; what they gave is kept, so that a stopped run goes on."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from compegpt.board import Race
from compegpt.errors import NoExpert
from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.ledger import Ledger
from compegpt.execute.guard import plain, recorded, within_race
from compegpt.media.artifacts import Store
from compegpt.schema import Candidate, Expert
from compegpt.select.ranking import ranked
from compegpt.sources.embedded.source import Embedded

SECONDS = 60.0
"""For one expert on one case."""
AT_ONCE = 2
"""Experts at once."""
Tell = Callable[[int, int], None]
"""Takes how many cases are done, of how many."""


class Row(TypedDict):
    """What became of one case: a recorded competition of all experts."""

    id: str
    task: str
    category: str
    group: str
    args: dict[str, Any]
    truth: Any
    candidates: list[Candidate]
    """In the order of selection."""
    quality: dict[str, dict[str, float]]
    """By measure and expert; 0 for one that failed."""


def collected(kind: Kind, part: Part, folder: Path, tell: Tell) -> list[Row]:
    """One row per case. Inputs and made files lie below `folder`, candidates in a ledger there.

    Raises NoExpert where fewer than two experts are installed, InputError as Ledger and the kind's cases do.
    """
    inputs = folder / f"{kind.task}-{part}"
    cases = list(kind.cases(part, inputs))
    return asyncio.run(_collected(kind, part, cases, folder, tell))


async def _collected(kind: Kind, part: Part, cases: Sequence[Case], folder: Path, tell: Tell) -> list[Row]:
    source = Embedded()
    offers = [ranked((await source.offers(kind.task, case.args)).experts) for case in cases]
    names = sorted({expert.id for experts in offers for expert in experts})
    if len(names) < 2:
        raise NoExpert(f"There is no competition for {kind.task}: {', '.join(names) or 'nobody'} can do it here "
                       f"(python main.py experts {kind.task} tells what to install).")
    made_from = {"task": kind.task, "part": part, "experts": names, "cases": _digest(cases, folder),
                 "measures": list(kind.measures), "folder": str(folder)}
    ledger = Ledger(folder / f"{kind.task}-{part}-{_short(made_from)}.jsonl", made_from)
    store = Store(folder / f"{kind.task}-{part}-made")
    for number, (case, experts) in enumerate(zip(cases, offers, strict=True)):
        if case.name not in ledger:
            ledger.add(_row(kind, case, await _candidates(source, experts, case, store)))
        tell(number + 1, len(cases))
    return [_as_row(ledger.rows[case.name]) for case in cases]


async def _candidates(source: Embedded, experts: Sequence[Expert], case: Case, store: Store) -> list[Candidate]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(expert: Expert) -> Candidate:
        race = Race(seconds=SECONDS)
        async with slots:
            tried = await recorded(expert, race, lambda: within_race(
                race, lambda: source.run(expert, case.args, store), empty_counts=True))
        tried.candidate["output"] = plain(tried.candidate["output"])
        return tried.candidate

    return list(await asyncio.gather(*map(one, experts)))


def _row(kind: Kind, case: Case, candidates: Sequence[Candidate]) -> Row:
    quality = {name: {one["expert"]: round(_quality(one, case, measure), 6) for one in candidates}
               for name, measure in kind.measures.items()}
    return {"id": case.name, "task": kind.task, "category": case.category, "group": case.group, "args": case.args,
            "truth": case.truth, "candidates": list(candidates), "quality": quality}


def _quality(candidate: Candidate, case: Case, measure: Callable[[Any, Any], float]) -> float:
    return float(measure(candidate["output"], case.truth)) if candidate["output"] is not None else 0.0


def _as_row(kept: Mapping[str, Any]) -> Row:
    row: Row = kept  # type: ignore[assignment]  # what `_row` made, read back
    return row


def _digest(cases: Sequence[Case], folder: Path) -> str:
    """Of everything about the cases, with the contents of their files."""
    digest = hashlib.sha256()
    for case in cases:
        told = [case.name, case.category, case.group, case.args, case.truth]
        digest.update(json.dumps(told, sort_keys=True, ensure_ascii=False, default=str).encode("utf-8", "replace"))
        for path in _files((case.args, case.truth), folder):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(value: Any, folder: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if value.startswith(str(folder)) and Path(value).is_file():
            yield Path(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _files(each, folder)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _files(each, folder)


def _short(made_from: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:8]
