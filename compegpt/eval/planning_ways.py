"""Who plans: the planner that is set, or all that are set up, competing.

A plan's score is its mean agreement with the plans of the others (how far their tools and edges overlap) plus its
planner's confidence; with two planners the agreement is the same for both, so that confidence decides.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from compegpt import plan, prompts
from compegpt.context import Planner
from compegpt.errors import AuthenticationError
from compegpt.eval.ledger import Ledger
from compegpt.eval.planning_data import Gold, Golds
from compegpt.eval.planning_scores import shape_of_plan
from compegpt.schema import Proposal, Request, Task
from compegpt.wiring import PLANNING, Parts, language_model_named

AUTO = "auto"
"""The name of the planner that is one of the others, request by request, and so does not compete with them."""
UNTOLD = 0.6
"""The confidence of a planner that tells none (a language model)."""
Tell = Callable[[int, int], None]


class Row(TypedDict):
    """What one planner made of one request."""

    id: str
    plan: list[Task]
    planner: str
    confidence: float | None
    seconds: float
    note: str | None
    stood_in: NotRequired[bool]
    """The language model gave no plan that can be used, and the embedded planner made this one."""


@dataclass(frozen=True)
class Contender:
    name: str
    """`auto`, `embedded`, or `provider:model`."""
    planner: Planner


def contenders(parts: Parts) -> list[Contender]:
    """All planners that are set up; the one that answers requests without a competition first.

    Raises as the language models do that are named.
    """
    from compegpt.llm.models import language_model
    from compegpt.plan.auto import AutoPlanner
    from compegpt.plan.embedded import EmbeddedPlanner
    from compegpt.plan.llm import LLMPlanner
    from compegpt.sources.chat.models import chat_models
    from compegpt.sources.own import own_experts

    settings, spec = parts.settings, language_model_named(parts.settings)
    embedded = EmbeddedPlanner()
    seconds = min(PLANNING, settings.deadline / 2)
    models = {spec: language_model(spec, settings)} if spec else {}
    for model in chat_models(settings, None, own_experts(settings)):
        models.setdefault(model.llm.name, model.llm)
    made = [Contender(name, LLMPlanner(model, parts.encoder, embedded, seconds=seconds))
            for name, model in models.items()]
    if spec is None or settings.planner == "embedded":
        return [Contender("embedded", embedded), *made]
    both = [made[0], Contender("embedded", embedded), *made[1:]]
    if settings.planner == "llm":
        return both
    return [Contender(AUTO, AutoPlanner(embedded, LLMPlanner(models[spec], parts.encoder, embedded, seconds=seconds))),
            *both]


async def planned(contender: Contender, rows: Golds, most: int, allowed: Collection[str] | None, folder: Path,
                  tell: Tell) -> dict[str, Row]:
    """What a planner makes of the first `most` requests, by id; kept in a ledger, so that a stopped run goes on.

    What the embedded planner made in place of a language model that could not be reached is not kept. Raises
    AuthenticationError where the language model's key is refused, InputError as Ledger does.
    """
    made_from = {"requests": rows.digest, "tasks": None if allowed is None else sorted(allowed),
                 "planner": contender.name, "version": version()}
    short = hashlib.sha256(repr(sorted(made_from.items())).encode()).hexdigest()[:8]
    ledger = Ledger(folder / f"plans-{short}.jsonl", made_from)
    found: dict[str, Row] = {}
    for number, gold in enumerate(rows.rows[:most], 1):
        if gold.id in ledger:
            found[gold.id] = _kept(ledger.rows[gold.id])
        else:
            row, reached = await _asked(contender, gold, allowed)
            found[gold.id] = row
            if reached:
                ledger.add(row)
        tell(number, len(rows.rows[:most]))
    return found


async def _asked(contender: Contender, gold: Gold, allowed: Collection[str] | None) -> tuple[Row, bool]:
    """A row, and whether the planner could be reached."""
    request = Request(text=gold.request, files=[], thread="")
    began = time.perf_counter()
    proposal: Proposal = await contender.planner.plan(request, [], allowed)
    seconds = round(time.perf_counter() - began, 4)
    failed = next((call for call in proposal.calls if call["error"]), None)
    if failed is not None and failed["code"] == AuthenticationError.code:
        raise AuthenticationError(str(failed["error"]))
    row = Row(id=gold.id, plan=proposal.tasks, planner=proposal.planner, confidence=proposal.confidence,
              seconds=seconds, note=proposal.note)
    if proposal.planner == "embedded" and proposal.calls:
        row["stood_in"] = True
    return row, failed is None


def _kept(row: Mapping[str, Any]) -> Row:
    kept: Row = row  # type: ignore[assignment]  # what `_asked` made, read back
    return kept


def winner(rows: Sequence[Row]) -> Row:
    """The plan that wins a competition; its seconds are those of the slowest, for all plan side by side.

    Plans that were made in place of a language model's are no votes of their own. Ties go to the earlier.
    """
    standing = [row for row in rows if not row.get("stood_in")] or list(rows[:1])
    shapes = [_features(row["plan"]) for row in standing]

    def score(place: int) -> float:
        others = [_overlap(shapes[place], shape) for other, shape in enumerate(shapes) if other != place]
        confidence = standing[place]["confidence"]
        agreement = sum(others) / len(others) if others else 0.0
        return agreement + (UNTOLD if confidence is None else confidence)

    best = max(range(len(standing)), key=lambda place: (score(place), -place))
    won = standing[best].copy()
    won["seconds"] = max(row["seconds"] for row in rows)
    return won


def _features(tasks: Sequence[Task]) -> Counter[Any]:
    shape = shape_of_plan(tasks)
    return Counter([*shape.tools, *shape.edges])


def _overlap(one: Counter[Any], other: Counter[Any]) -> float:
    """Jaccard similarity of two multisets; 1 for two that are empty."""
    return (one & other).total() / union if (union := (one | other).total()) else 1.0


def version() -> str:
    """Of everything the planners are made of: plans of another version are not mixed with these."""
    digest = hashlib.sha256()
    folder = Path(str(plan.__file__)).parent
    for path in sorted([*folder.glob("*.*"), *prompts.FOLDER.glob("plan*"), *prompts.FOLDER.glob("repair*")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def prediction(row: Row) -> dict[str, Any]:
    """A row as `--predictions` writes it."""
    return {"id": row["id"], "plan": row["plan"], "planner": row["planner"], "confidence": row["confidence"],
            "seconds": row["seconds"]}
