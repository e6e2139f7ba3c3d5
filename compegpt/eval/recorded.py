"""Recorded competitions as streams of requests: what `eval competition` keeps, every expert on every input."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from compegpt.errors import InputError
from compegpt.eval.ledger import FORM
from compegpt.eval.world import Posed
from compegpt.schema import Expert
from compegpt.tasks import TASKS


def streams_of(paths: Sequence[Path], measure: str | None = None) -> dict[str, list[Posed]]:
    """The requests of each file, by a title. `measure`: of quality; the file's first by default.

    Raises InputError, with file and line, where a file is not a ledger of competitions or a line of it is broken.
    """
    return {f"{path.name}, {count:,} recorded competitions": requests
            for path in paths if (count := len(requests := list(_requests(path, measure))))}


def shuffled(requests: Sequence[Posed], seed: int) -> list[Posed]:
    """The requests in an order of their own: they were recorded kind by kind, and do not come so."""
    order = list(requests)
    random.Random(seed).shuffle(order)
    return order


def _requests(path: Path, measure: str | None) -> Iterator[Posed]:
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, 1):
        row = _object(path, number, line)
        if number == 1:
            if row.get("ledger") != FORM:
                raise InputError(f"'{path}' line 1: these are no recorded competitions; `main.py eval competition` "
                                 "makes them.")
            continue
        try:
            yield _posed(row, measure)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"'{path}' line {number}: this is no recorded competition "
                             f"({type(error).__name__}: {str(error)[:100]}).") from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' line {number} is no JSON.") from error
    if not isinstance(row, dict):
        raise InputError(f"'{path}' line {number} is no JSON object.")
    return row


def _posed(row: Mapping[str, Any], measure: str | None) -> Posed:
    """Raises KeyError, TypeError, ValueError, AttributeError where something is missing or of another kind."""
    if row["task"] not in TASKS:
        raise ValueError(f"there is no task type '{row['task']}'")
    if measure is not None and measure not in row["quality"]:
        raise ValueError(f"its measures are {', '.join(row['quality'])}")
    quality = row["quality"][measure or next(iter(row["quality"]))]
    experts = [Expert(one["expert"], row["task"], one["family"], one["source"]) for one in row["candidates"]]
    return Posed(row["id"], row["task"], dict(row["args"]), experts, {one["expert"]: one for one in row["candidates"]},
                 {expert.id: float(quality[expert.id]) for expert in experts})
