"""From the network's reading to what is wanted: which tasks, how often, and what each takes; no circles.

Types that are not allowed count as their nearest equivalents that are, before anything is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from compegpt.embed.forward import Array
from compegpt.plan.allowed import instead
from compegpt.plan.network import Network, Reading
from compegpt.tasks import TASKS

TAKES = {"audio": ("audio", "video"), "table": ("table", "text", "image"), "text": ("text", "table", "file"),
         "image": ("image", "file"), "video": ("video", "file")}
"""Kinds of things that an argument of a kind takes."""


ANSWER = "answer"
"""The role of an answer that an earlier turn gave: another question is asked of what that one was asked of."""


@dataclass
class Wanted:
    """A task type that a request calls for."""

    task: str
    number: int
    """Of the type."""
    odds: float
    """That it is called for, log-odds."""
    more: tuple[float, float]
    """That it is called for twice or more, three times or more, log-odds."""
    givers: list[int] = field(default_factory=list)
    """Places of the wanted types whose results it takes, surest first."""
    sources: list[int] = field(default_factory=list)
    """Places of the sources it takes, surest first."""
    odds_of: dict[tuple[str, int], float] = field(default_factory=dict)
    """Log-odds of each type (`task`) and source (`source`) that it could take."""


@dataclass(frozen=True)
class Source:
    """A file, a text or a thing of an earlier turn."""

    position: int
    kind: str
    value: str
    is_text: bool
    """Whether the value is a text itself and not the name of a file."""
    role: str = ""
    past: bool = False
    """Whether an earlier turn left it."""
    made_by: str = ""
    """The task type whose result it was then."""
    target: str = ""
    """The language it was translated into."""


def wanted(network: Network, reading: Reading, sources: Sequence[Source], allowed: Collection[str] | None,
           says: bool = True, asks: bool = False) -> list[Wanted]:
    """The types that are called for, in the order in which the request names them, and what they take.

    Who `says` nothing wants nothing; who names a file wants something done with it, and who `asks` after an earlier
    turn wants it answered from what that left: there the likeliest type that fits will do.
    """
    found = _called_for(network, reading, allowed, float(network.card["threshold"])) if says else []
    named = any(not source.is_text and not source.past for source in sources)
    if not found and says and (named or (asks and sources)):
        fitting = frozenset(name for name in TASKS if any(fits(source.kind, name) for source in sources)
                            and (name.endswith("answering") or not all(source.past for source in sources)))
        found = _likeliest(network, reading, fitting if allowed is None else fitting & frozenset(allowed))
    if not found:
        return []
    scores = network.arcs(reading, [each.number for each in found], [source.position for source in sources],
                          [source.kind for source in sources])
    _connect(found, scores, sources, float(network.card["arc_threshold"]))
    return found


def _called_for(network: Network, reading: Reading, allowed: Collection[str] | None, limit: float) -> list[Wanted]:
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(network.types):
        if name in TASKS and (counts_as := instead(name, allowed)):
            groups.setdefault(counts_as, []).append(number)
    found = []
    for members in groups.values():
        odds = np.array([reading.present[number] for number in members])
        none = float(-np.logaddexp(0, odds).sum())
        together = float(np.log(max(1 - np.exp(none), 1e-9)) - none)
        if together > limit:
            best = members[int(odds.argmax())]
            more = reading.more[best]
            found.append(Wanted(network.types[best], best, together, (float(more[0]), float(more[1]))))
    return sorted(found, key=lambda each: float(reading.places[each.number]))


def _likeliest(network: Network, reading: Reading, allowed: Collection[str]) -> list[Wanted]:
    found = _called_for(network, reading, allowed, float(network.card["likely"]))
    return sorted(found, key=lambda each: -each.odds)[:1]


def _connect(found: Sequence[Wanted], scores: Array, sources: Sequence[Source], limit: float) -> None:
    """Say what each takes: what is likelier than not, surest first, without circles and of a kind that fits."""
    count = len(found)
    for place, each in enumerate(found):
        for other in range(count):
            if other != place and gives(found[other].task, each.task):
                each.odds_of["task", other] = float(scores[place, other])
        for other, source in enumerate(sources):
            if fits(source.kind, each.task) and not (source.role == ANSWER and each.task.endswith("answering")):
                each.odds_of["source", other] = float(scores[place, count + other])
    sure = sorted(((odds, place, key) for place, each in enumerate(found) for key, odds in each.odds_of.items()
                   if odds > limit), reverse=True)
    for _, place, (what, other) in sure:
        if what == "source":
            found[place].sources.append(other)
        elif not reaches(found, place, other):
            found[place].givers.append(other)


def reaches(found: Sequence[Wanted], start: int, goal: int) -> bool:
    """Whether `goal` works, over any number of steps, on the result of `start`, or is it."""
    if start == goal:
        return True
    return any(reaches(found, start, giver) for giver in found[goal].givers)


def gives(giver: str, taker: str) -> bool:
    """Whether a result of one task type can be an input of another."""
    return any(fits(kind, taker) for kind in TASKS[giver].kinds)


def fits(kind: str, task: str) -> bool:
    """Whether a thing of a kind can be an input of a task type."""
    return any(kind in TAKES.get(needed, ()) for name, needed in TASKS[task].args.items() if name not in _SAID)


_SAID = ("labels", "source", "target", "language", "sentences", "count")
"""Arguments that are said in words, never files or results."""
