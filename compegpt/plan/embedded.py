"""The embedded planner: no model but a small text encoder, no network.

1. `mentions`: files, quoted texts and lists of labels are taken out of the request.
2. `clauses`: what is left is split into clauses, each about one task.
3. `ranking`: each clause is compared with example phrasings, cues and its inputs decide with it.
4. `building`: each task finds its inputs among what was named and made before; conversions are put in where needed.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from compegpt.embed import Encoder, shared_encoder
from compegpt.plan import clauses, examples, ranking, things
from compegpt.plan.allowed import restricted
from compegpt.plan.building import link
from compegpt.plan.clauses import Clause
from compegpt.plan.linking import Draft
from compegpt.plan.mentions import Masked, kind_of, masked
from compegpt.plan.spelling import mended
from compegpt.plan.things import Pool
from compegpt.plan.validate import MAX_TASKS, harmless, problems, references, validated
from compegpt.schema import Proposal, Request, Turn

MAX_CHARACTERS = 200_000
ATTACHED = -2
"""The group of the attachments that the text does not name."""
_SAME_FOR = re.compile(r"^\W*(?:(?:and|now|also|then|please|what about|how about|(?:can you )?do|the same|same|it|"
                       r"that|this|again|thing|"
                       r"for|with|to|on|in|try|ok|the (?:file|image|photo|picture|recording|text))\W+)*(?:⟦(?:image|"
                       r"audio|video|text|table|file)\d+⟧\W*"
                       r"(?:and|too|as well)?\W*)+$", re.IGNORECASE)


class EmbeddedPlanner:
    """Plans a request in a tenth of a second or two; safe to share between threads."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder or shared_encoder()

    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        return await asyncio.to_thread(self.planned, request, history, allowed)

    def planned(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None) -> Proposal:
        """The plan; empty, with confidence 0, where the request asks for no task that it knows and is allowed."""
        found = masked(harmless(request["text"][:MAX_CHARACTERS]), request["files"])
        if history and _SAME_FOR.match(found.text) and (again := _repeated(found, history[-1])):
            return Proposal(restricted(validated(again), allowed), 0.6, "embedded")
        found = replace(found, text=mended(found.text))
        draft = Draft(found, Pool(things.of_history(history)))
        draft.pool.things += [things.of_mention(mention, ATTACHED) for mention in found.mentions if mention.implicit]
        confidence = self._fill(draft, clauses.split(found.text), allowed)
        tasks = draft.tasks[:MAX_TASKS]
        if not tasks or problems(tasks):
            return Proposal([], 0.0, "embedded")
        plan = restricted(validated(tasks), allowed)
        return Proposal(plan, round(confidence, 3) if plan else 0.0, "embedded")

    def _fill(self, draft: Draft, parts: list[Clause], allowed: Collection[str] | None) -> float:
        """Add the tasks of all clauses to the draft; how sure it is of them, less for what it left out."""
        vectors = self._encoder.encode([examples.rendered(ranking.outer(part.text)) for part in parts])
        confidences: list[float] = []
        done = total = 0
        for number, (part, vector) in enumerate(zip(parts, vectors, strict=True)):
            scene = draft.scene(part, number)
            if part.context and not scene.asked:
                draft.remember(scene)
                continue
            choice = ranking.choose(scene.clause, vector, draft.situation(scene), allowed)
            weight = len(scene.clause.split())
            if choice.task != examples.NONE and link(draft, scene, choice.task):
                confidences.append(choice.confidence)
                done += weight
            else:
                draft.remember(scene)
            total += weight
        return min(confidences, default=0.0) * math.sqrt(done / total if total else 0.0)


def _repeated(found: Masked, last: Turn) -> list[dict[str, Any]]:
    """The last turn's plan on other files ("and what about b.png?"), one copy for each."""
    tasks: list[dict[str, Any]] = []
    for mention in (mention for mention in found.mentions if mention.kind != "labels"):
        shift = len(tasks)
        used = False
        for task in last["plan"]:
            args = {}
            for name, value in task["args"].items():
                replaced = isinstance(value, str) and not references(value) and _alike(name, value, mention.kind)
                used = used or replaced
                args[name] = mention.value if replaced else _shifted(value, shift)
            tasks.append({"task": task["task"], "id": task["id"] + shift, "dep": [-1], "args": args})
        if not used:
            return []
    return tasks


def _alike(name: str, value: str, kind: str) -> bool:
    """Whether an argument of the last plan holds what a new file of this kind can take the place of."""
    return kind_of(value) == kind if name != "text" and name != "context" else kind == "text"


def _shifted(value: Any, shift: int) -> Any:
    if isinstance(value, str):
        return re.sub(r"<resource>-(\d+)", lambda number: f"<resource>-{int(number[1]) + shift}", value)
    return value
