"""Requests made up from the phrase bank: which steps there are, and how a person puts them.

`made` gives one; each kind of request below is one way of putting steps together, and all go through `voice.spoken`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from compegpt.plan.train import following, implied, inputs, joining, sharing, telegraphic
from compegpt.plan.train.bank import phrases, voices
from compegpt.plan.train.clauses import CREATIONS, clause, of_pool
from compegpt.plan.train.compatible import FROM_TEXT, any_task, followers, on_one_thing, weights, works_on
from compegpt.plan.train.joining import Told
from compegpt.plan.train.sample import Draft, Line, Piece, Sample, Step, filled, joined, plain
from compegpt.plan.train.voice import spoken
from compegpt.tasks import TASKS


def single(rng: random.Random) -> Sample:
    """One task."""
    draft = Draft()
    number = draft.add(Step(any_task(rng)))
    lead, x, y = inputs.first(rng, draft, number)
    return spoken(rng, draft, lead, [joining.sentence(rng, draft, number, x, y)])


def steps(rng: random.Random) -> Sample:
    """Steps that work on each other's results, or several on one thing, told one after the other."""
    draft = Draft()
    count = rng.choices([2, 3, 4, 5, 6], [5, 4, 3, 2, 1])[0]
    branching = rng.random() < 0.4
    first = draft.add(Step(any_task(rng, [name for name in weights() if followers(name)])))
    lead, x, y = inputs.first(rng, draft, first)
    told: list[Told] = [(first, x, y, False)]
    for _ in range(count - 1):
        told.append(_next(rng, draft, told, branching))
    return spoken(rng, draft, lead, joining.told(rng, draft, told))


def _next(rng: random.Random, draft: Draft, told: Sequence[Told], branching: bool) -> Told:
    """One more step: on the result of the last, or, in a branching request, beside it."""
    last = told[-1][0]
    if branching and rng.random() < 0.2 and len(draft.steps) > 1:
        return _compared(rng, draft, last)
    if branching and rng.random() < 0.45 and (again := _beside(rng, draft)):
        return again
    if branching and rng.random() < 0.2:
        number = draft.add(Step(any_task(rng, [name for name in CREATIONS if name in weights()])))
        return number, None, None, True
    names = followers(draft.steps[last].task)
    if not names:
        return _compared(rng, draft, last)
    number = draft.add(Step(any_task(rng, names), takes=(last,)))
    return _joined_on(rng, draft, number, last)


def _joined_on(rng: random.Random, draft: Draft, number: int, last: int) -> Told:
    """A step that takes the result of an earlier one, with what else it needs."""
    task = draft.steps[number].task
    if task in FROM_TEXT and TASKS[draft.steps[last].task].gives == "text":
        draft.steps[number] = replace(draft.steps[number], takes=())
        x = inputs.picture(rng, draft, number)
        draft.take(number, last)
        return number, x, inputs.result(rng, draft, last), False
    other = inputs.second_text(rng, draft, number, last) if task == "sentence-similarity" else None
    return number, inputs.earlier(rng, draft, number, last), other, False


def _beside(rng: random.Random, draft: Draft) -> Told | None:
    """Another step on what an earlier one worked on, or on an earlier result other than the last."""
    last = len(draft.steps) - 1
    choices = [number for number in range(last) if followers(draft.steps[number].task)]
    first = draft.steps[0]
    if first.brings and rng.random() < 0.6:
        kind = inputs.kind_of_value(first.brings[0])
        names = [name for name in on_one_thing() if kind in works_on(name) and name != first.task]
        if names:
            number = draft.add(Step(any_task(rng, names), brings=(first.brings[0],)))
            return number, inputs.original(rng, draft, number, last), None, True
    if not choices:
        return None
    producer = rng.choice(choices)
    number = draft.add(Step(any_task(rng, followers(draft.steps[producer].task)), takes=(producer,)))
    if draft.steps[number].task in ("sentence-similarity", *FROM_TEXT):
        return _joined_on(rng, draft, number, producer)
    return number, inputs.result(rng, draft, producer), None, True


def _compared(rng: random.Random, draft: Draft, last: int) -> Told:
    """Two texts compared, both results where there are two."""
    texts = [number for number, step in enumerate(draft.steps) if TASKS[step.task].gives == "text"]
    number = draft.add(Step("sentence-similarity"))
    if len(texts) > 1:
        one, two = rng.sample(texts, 2)
        draft.take(number, one, two)
        return number, inputs.result(rng, draft, one), inputs.result(rng, draft, two), False
    if texts:
        draft.take(number, texts[0])
        return number, inputs.result(rng, draft, texts[0]), inputs.second_text(rng, draft, number, texts[0]), False
    draft.steps.pop()
    number = draft.add(Step("text-to-speech"))
    return number, inputs.quote(rng, draft, number), None, True


def nested(rng: random.Random) -> Sample:
    """"Translate the summary of notes.txt": the result of one is named inside the clause of another."""
    draft = Draft()
    inner = draft.add(Step(any_task(rng, [name for name in weights() if followers(name) and phrases()[name].get])))
    lead, x, y = inputs.first(rng, draft, inner)
    line = clause(rng, draft, inner, "get", x, y)
    around = rng.choices([1, 2], [4, 1])[0]
    for turn in range(around):
        last = len(draft.steps) - 1
        names = [name for name in followers(draft.steps[last].task) if name not in FROM_TEXT]
        if not names:
            break
        number = draft.add(Step(any_task(rng, names), takes=(last,)))
        compares = draft.steps[number].task == "sentence-similarity"
        other = inputs.second_text(rng, draft, number, last) if compares else None
        form = rng.choice(["do", "do", "get"]) if turn == around - 1 else "get"
        line = clause(rng, draft, number, form, line, other)
    wrap = rng.choice(voices()["wrap_get" if line and _is_noun(line, draft) else "wrap_do"])
    key = "get" if "{get}" in wrap else "do"
    return spoken(rng, draft, lead, [filled(wrap, -1, {key: line})])


def _is_noun(line: Line, draft: Draft) -> bool:
    """Whether the last step is told as a noun phrase."""
    number = len(draft.steps) - 1
    first = next((piece.text for piece in line if piece.step == number), "")
    return any(first and each.startswith(first) for each in phrases()[draft.steps[number].task].get)


def apart(rng: random.Random) -> Sample:
    """Two requests that have nothing to do with each other."""
    draft = Draft()
    lines: list[Line] = []
    leads: list[Line] = []
    for place in range(2):
        number = draft.add(Step(any_task(rng)))
        lead, x, y = inputs.first(rng, draft, number, attached=False)
        leads += lead
        line = joining.sentence(rng, draft, number, x, y, later=place > 0)
        lines.append((Piece(rng.choice(voices()["also"]) + " "), *line) if place else line)
    return spoken(rng, draft, leads, lines)


def chat(rng: random.Random) -> Sample:
    """No task at all."""
    draft = Draft()
    lines = [plain(of_pool(rng, "chat" if rng.random() < 0.6 else "questions_world"))]
    if rng.random() < 0.15:
        lines.insert(0, plain(rng.choice(voices()["background"])))
    if rng.random() < 0.03:
        draft.files.append(inputs.any_file(rng))
    return draft.finished(joined(lines))


_KINDS: tuple[tuple[Callable[[random.Random], Sample], float], ...] = (
    (single, 30), (steps, 24), (nested, 8), (sharing.several_files, 4), (sharing.shared_thing, 3),
    (sharing.shared_object, 5), (apart, 4), (following.follow_up, 5), (chat, 5), (implied.asked, 7),
    (implied.through, 7),
    (implied.with_more, 3), (telegraphic.telegram, 3), (implied.files_compared, 1.5), (implied.for_people, 2.5),
    (implied.given_text, 0.7))
"""Kinds of requests, and how often each is made."""


def made(rng: random.Random) -> Sample:
    """One request with its plan."""
    kind = rng.choices([kind for kind, _ in _KINDS], [often for _, often in _KINDS])[0]
    return kind(rng)
