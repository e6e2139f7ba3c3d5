"""The embedded planner: no model but a small network, no remote call.

1. `mentions`: files, quoted texts and lists of labels are taken out of the request.
2. `marking`, `network`: the network reads what is left, with a marker for each of them.
3. `choosing`: which task types are called for, how often, and which files, texts and results each takes.
4. `supplying`, `arguments`: tasks with arguments; what is missing is put in by kinds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from compegpt.plan import meant, sureness, things, tongue, wording
from compegpt.plan.allowed import restricted
from compegpt.plan.arguments import planned
from compegpt.plan.choosing import ANSWER, Source, Wanted, wanted
from compegpt.plan.clauses import MAX_LENGTH, split
from compegpt.plan.marking import Marked, marked
from compegpt.plan.mentions import TOKEN, Masked, kind_of, masked
from compegpt.plan.network import Network, Reading, shared_network
from compegpt.plan.spelling import mended
from compegpt.plan.supplying import Supply, Words
from compegpt.plan.validate import MAX_TASKS, harmless, problems, references, validated
from compegpt.schema import Proposal, Request, Task, Turn

MAX_CHARACTERS = 200_000
_WORD = re.compile(r"[^\W\d_]{2}")
_SAME_FOR = re.compile(r"^\W*(?:(?:and|now|also|then|please|what about|how about|(?:can you )?do|the same|same|it|"
                       r"that|this|again|thing|"
                       r"for|with|to|on|in|try|ok|the (?:file|image|photo|picture|recording|text))\W+)*(?:⟦(?:image|"
                       r"audio|video|text|table|file)\d+⟧\W*"
                       r"(?:and|too|as well)?\W*)+$", re.IGNORECASE)


class EmbeddedPlanner:
    """Plans a request in some hundredths of a second; safe to share between threads."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or shared_network()

    @property
    def sure(self) -> float:
        """The confidence from which on nine plans in ten of the development requests were exact."""
        return float(self._network.card["sure"])

    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        return await asyncio.to_thread(self.planned, request, history, allowed)

    def planned(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None) -> Proposal:
        """The plan; empty, with confidence 0, where the request asks for no task that it knows and is allowed."""
        return self.looked(request, history, allowed)[0]

    def looked(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None
               ) -> tuple[Proposal, list[float]]:
        """The plan, and what its confidence is made of: `sureness.FEATURES`, none where the network did not plan."""
        found = masked(harmless(request["text"][:MAX_CHARACTERS]), request["files"])
        if history and _SAME_FOR.match(found.text) and (again := _repeated(found, history[-1])):
            return Proposal(restricted(validated(again), allowed), 0.6, "embedded"), []
        found = Masked(mended(found.text), found.mentions)
        if tongue.foreign(found):
            return Proposal([], 0.0, "embedded", reply=tongue.TOLD), []
        past = things.of_history(history)[-6:]
        ready = marked(found, self._network.tokenizer, [thing.kind for thing in past])
        reading = self._network.read(ready.ids)
        sources = _sources(found, ready, past)
        words = _words(self._network, found, ready, reading)
        chosen = self._chosen(found, ready, reading, sources, words, allowed)
        if allowed is None and [each.task for each in chosen] == ["conversational"] and not chosen[0].sources:
            chosen = []  # what is said to the planner itself is for the writer to answer
        supply = Supply(chosen, sources, words, allowed)
        tasks = planned(supply)[:MAX_TASKS] or _answered(request, allowed)
        if problems(tasks):
            tasks = []
        plan = restricted(validated(things.reused(tasks, history) if history else tasks), allowed)
        numbers = sureness.features(reading, supply)
        return Proposal(plan, sureness.confidence(self._network, numbers) if plan else 0.0, "embedded"), numbers


    def _chosen(self, found: Masked, ready: Marked, reading: Reading, sources: Sequence[Source], words: Words,
                allowed: Collection[str] | None) -> list[Wanted]:
        """What the network chose, less what the words say otherwise."""
        says = _WORD.search(TOKEN.sub(" ", found.text)) is not None
        chosen = wanted(self._network, reading, sources, allowed, says, bool(words.questions))
        chosen = meant.made_before(chosen, sources)
        denied = meant.denied(found.text)
        if denied:
            places = [ready.places[int(reading.tags[:, each.number].argmax())][0] for each in chosen]
            dropped = [at for at, place in enumerate(places) if any(start <= place < end for start, end in denied)]
            chosen = meant.without(chosen, dropped) if len(dropped) < len(chosen) else chosen
        meant.of_the_original(chosen, found.text, words.clause)
        attached = [at for at, (_, number) in enumerate(ready.sources)
                    if number >= 0 and found.mentions[number].implicit]
        meant.told_apart(chosen, sources, attached, words.clause)
        return chosen


def _answered(request: Request, allowed: Collection[str] | None) -> list[Task]:
    """What to do with small talk where only some task types are allowed, and holding a conversation is one of them."""
    if allowed is None or "conversational" not in allowed or not request["text"].strip():
        return []
    return [Task(task="conversational", id=0, dep=[-1], args={"text": harmless(request["text"].strip())})]


def _sources(found: Masked, ready: Marked, past: Sequence[things.Thing]) -> list[Source]:
    made = []
    for position, number in ready.sources:
        if number < 0:
            thing = past[-1 - number]
            made.append(Source(position, thing.kind, thing.value, is_text=thing.kind == "text",
                               role=ANSWER if thing.task.endswith("answering") else "", past=True, made_by=thing.task,
                               target=thing.target))
        else:
            mention = found.mentions[number]
            made.append(Source(position, mention.kind, str(mention.value),
                               is_text=not mention.is_file and mention.kind != "labels", role=mention.role))
    return made


def _words(network: Network, found: Masked, ready: Marked, reading: Reading) -> Words:
    clauses = _clauses(found.text)

    def own(each: Wanted) -> str:
        first, last = network.spans(reading, each.number)
        start = int(first.argmax())
        begins, ends = ready.places[start][0], ready.places[start + int(last[start:].argmax())][1]
        if start == 0 or not 0 <= begins < ends:
            return ""
        return found.restored(wording.whole(found.text, begins, ends, each.task))

    def clause(each: Wanted) -> str:
        if len(clauses) == 1:
            return clauses[0][2]
        calling = 1 / (1 + np.exp(-reading.tags[:, each.number]))
        shares = [sum(calls for calls, (start, end) in zip(calling, ready.places, strict=True)
                      if first <= start and end <= last) for first, last, _ in clauses]
        return clauses[int(np.argmax(shares))][2]

    asked = [found.restored(wording.question(each)) for _, _, each in clauses if wording.asks(each)]
    labels = [mention.value for mention in found.mentions if mention.kind == "labels"]
    return Words(found.text, own, clause, found.restored, labels, asked, len(clauses))


_GAP = re.compile(r"\s{200}")
"""Nobody writes such a request, and its clauses would take long to find."""


def _clauses(text: str) -> list[tuple[int, int, str]]:
    """The clauses of a masked request with where they begin and end."""
    made, at = [], 0
    for each in [] if _GAP.search(text) else split(text):
        start = text.find(each.text, at)
        if start < 0:
            start = text.find(each.text)
        if start >= 0:
            made.append((start, start + len(each.text), each.text))
            at = start + len(each.text) if start >= at else at
    return made or [(0, len(text), text[:MAX_LENGTH].strip())]


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
