"""Requests whose plans are known: gold plans of files, and the project's own."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compegpt.errors import InputError
from compegpt.eval import planning_data
from compegpt.eval.planning_data import TASKBENCH, Gold, Node, golds
from compegpt.plan.shape import NUMBER_OF
from compegpt.plan.train.targets import Example, bring, kinds_of, read
from compegpt.plan.validate import references

OWN = Path(__file__).with_name("own")
"""`*.jsonl`: requests in other voices than TaskBench's, with its tasks; `requests.json`: short ones with any task."""


@dataclass(frozen=True)
class Known:
    """A request whose plan is known."""

    gold: Gold
    files: tuple[str, ...] = ()
    """Attachments."""
    allowed: Collection[str] | None = None
    """The task types that the plan was written with; None for all."""


def known(paths: Sequence[Path]) -> list[Known]:
    """The requests of these files and the project's own. Raises InputError as `golds` does."""
    rows = [Known(row, (), TASKBENCH) for path in (*paths, *sorted(OWN.glob("*.jsonl"))) for row in golds(path).rows]
    return [*rows, *(_short(number, entry) for number, entry in enumerate(
        json.loads((OWN / "requests.json").read_text(encoding="utf-8"))))]


class Unlabelled(BaseModel):
    """A request of which no plan is known."""

    model_config = ConfigDict(frozen=True)
    request: str = Field(min_length=1)
    type: Literal["single", "chain", "dag"] | None = None


def unlabelled(path: Path) -> list[Unlabelled]:
    """The requests of a file, JSON Lines. Raises InputError, naming the line, for one that cannot be used."""
    found = []
    for number, line in enumerate(planning_data.read(path).split(b"\n"), 1):
        if line.strip():
            try:
                found.append(Unlabelled.model_validate_json(line))
            except ValidationError as error:
                raise InputError(f"'{path}' line {number}: {planning_data.told(error)}.") from error
    return found


def _short(number: int, entry: dict[str, Any]) -> Known:
    nodes, links = [], []
    for place, (task, args) in enumerate(entry["plan"]):
        links += [[producer, place] for value in args.values() for producer in references(value)]
        nodes.append(Node(task=task, args=[value for value in args.values() if isinstance(value, str)]))
    gold = Gold.model_construct(id=f"short{number}", type="single" if len(nodes) < 2 else "dag", nodes=nodes,
                                links=links, request=entry["request"], source="short")
    return Known(gold, tuple(entry.get("files", ())))


def example(row: Known, tokenizer: Any) -> Example:
    """A known plan as the network should see it: its types and links, what it brings and its own words where they are
    found in the request."""
    found, ready = read(row.gold.request, row.files, [], tokenizer)
    numbers = [NUMBER_OF[node.task] for node in row.gold.nodes]
    made = Example(ready.ids, [place for place, _ in ready.sources], kinds_of(found, ready, []), {},
                   taskbench=row.allowed is not None, made_up=False)
    for number in numbers:
        made.counts[number] = made.counts.get(number, 0) + 1
    made.arcs = {(numbers[last], numbers[first]) for first, last in row.gold.links}
    for number, node in zip(numbers, row.gold.nodes, strict=True):
        for value in node.args:
            if not bring(made, number, value, found, ready) and not references(value) and "<node-" not in value:
                _own_words(made, number, value, found.text, ready.places)
    return made


def _own_words(made: Example, number: int, value: str, text: str, places: Sequence[tuple[int, int]]) -> None:
    start = text.lower().find(value.strip(" .?!").lower())
    if start < 0 or len(value) < 2:
        return
    end = start + len(value.strip(" .?!"))
    pieces = [at for at, (first, last) in enumerate(places) if first >= start and last <= end and first >= 0]
    if pieces:
        first, last = made.spans.get(number, (pieces[0], pieces[-1]))
        made.spans[number] = (min(first, pieces[0]), max(last, pieces[-1]))
