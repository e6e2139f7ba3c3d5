"""What each wanted type works on: what was read, else the likeliest that is there, else something converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compegpt.plan.allowed import instead
from compegpt.plan.choosing import TAKES, Source, Wanted, reaches
from compegpt.schema import Task
from compegpt.tasks import TASKS

_MEDIA = ("image", "audio", "video")
_CONVERTS = {("audio", "text"): "automatic-speech-recognition", ("video", "text"): "automatic-speech-recognition",
             ("image", "text"): "ocr", ("text", "audio"): "text-to-speech"}
"""The step that is meant where a task needs one kind and there is only another."""


@dataclass(frozen=True)
class Words:
    """The request's own words, as the tasks need them."""

    text: str
    """The request, with a token for each file and quoted text."""
    own: Callable[[Wanted], str]
    """A type's own words as the network points at them, "" for none."""
    clause: Callable[[Wanted], str]
    """The part of the request that calls for a type, masked."""
    restored: Callable[[str], str]
    """A masked text in the words of the user."""
    labels: Sequence[list[str]] = ()
    questions: Sequence[str] = ()
    """The clauses that ask something, as questions."""
    clauses: int = 1
    """How many clauses there are."""


Maker = Callable[["Supply", int], list[dict[str, Any]]]
"""Makes the arguments of a wanted type, once for each time it is called for."""


@dataclass
class Supply:
    """A plan in the making."""

    found: Sequence[Wanted]
    sources: Sequence[Source]
    words: Words
    allowed: Any = None
    tasks: list[Task] = field(default_factory=list)
    made: dict[int, list[str]] = field(default_factory=dict)
    """References to the tasks that each of `found` became."""
    missing: int = 0
    """Types that could not be given what they need."""
    put_in: int = 0
    """Inputs and steps that were not read but put in."""
    used: set[int] = field(default_factory=set)
    """Sources that a task takes."""

    def planned(self, makers: Mapping[str, Maker], usual: Maker) -> list[Task]:
        """The tasks, each type by its own maker or the usual one, givers before takers."""
        done: set[int] = set()
        while len(done) < len(self.found):
            place = next(at for at in range(len(self.found)) if at not in done
                         and all(giver in done for giver in self.found[at].givers))
            each = self.found[place]
            self.made[place] = [self.add(each.task, args) for args in makers.get(each.task, usual)(self, place)]
            self.missing += not self.made[place]
            done.add(place)
        return self.tasks

    def add(self, task: str, args: dict[str, Any]) -> str:
        """A new task, or the one there is with the same arguments; a reference to it."""
        for known in self.tasks:
            if known["task"] == task and known["args"] == args:
                return f"<resource>-{known['id']}"
        number = len(self.tasks)
        self.tasks.append(Task(task=task, id=number, dep=[-1], args=args))
        return f"<resource>-{number}"

    def inputs(self, place: int, kind: str, needed: bool = True, but: Sequence[str] = ()) -> list[str]:
        """Values of a kind that a type takes, surest first; where none was read, the likeliest that is there."""
        each = self.found[place]
        values = [value for giver in sorted(each.givers, key=lambda at: -each.odds_of["task", at])
                  if self._gives(giver, kind) for value in self.made[giver]]
        sources = [at for at in each.sources if self.sources[at].kind in TAKES[kind]
                   and self.sources[at].value not in but]
        self.used |= set(sources)
        values += [self.sources[at].value for at in sorted(
            sources, key=lambda at: (not self.sources[at].past, self.sources[at].position))]
        if values or not needed:
            return list(dict.fromkeys(values))
        return self._likeliest(place, kind, but)

    def apart(self, place: int, values: list[str], kind: str) -> list[str]:
        """One value for each time a type is called for; texts that one task takes together are joined."""
        each = self.found[place]
        given = {source.value for source in self.sources}
        files = {source.value for source in self.sources if not source.is_text}
        files_apart = kind == "text" and any(value in files for value in values)
        if len(values) < 2 or each.more[0] > 0 or files_apart or all(value in given for value in values):
            return values
        results = [value for value in values if value not in given]
        if kind in _MEDIA or kind == "table":
            return (results or values)[:1]
        return [" ".join(values)]

    def _gives(self, giver: int, kind: str) -> bool:
        return not TASKS[self.found[giver].task].kinds.isdisjoint(TAKES[kind])

    def _likeliest(self, place: int, kind: str, but: Sequence[str]) -> list[str]:
        """What is there of a kind: the surest file, text or result; else another kind's, converted."""
        each = self.found[place]
        open_to = [(odds, key) for key, odds in each.odds_of.items() if self._open(place, key, kind, but)]
        if kind == "text" and (own := self.words.own(each)) and own not in but:
            return [own]
        if open_to:
            _, (what, other) = max(open_to)
            self.put_in += 1
            return self.made[other] if what == "task" else [self.sources[other].value]
        return self._converted(place, kind)

    def _open(self, place: int, key: tuple[str, int], kind: str, but: Sequence[str]) -> bool:
        what, other = key
        if what == "source":
            return self.sources[other].kind in TAKES[kind] and self.sources[other].value not in but
        return bool(self.made.get(other)) and self._gives(other, kind) and not reaches(self.found, place, other)

    def _converted(self, place: int, kind: str) -> list[str]:
        for (given, needed), name in _CONVERTS.items():
            task = instead(name, self.allowed)
            values = [source.value for source in self.sources if source.kind == given and not source.is_text]
            values += [value for other, made in self.made.items() if TASKS[self.found[other].task].gives == given
                       for value in made]
            if needed == kind and values and task is not None and task != self.found[place].task:
                self.put_in += 1
                arg = next(iter(TASKS[task].needs))
                return [self.add(task, {arg: values[0]})]
        return []
