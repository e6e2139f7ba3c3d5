"""Requests made up from the phrase bank: which steps there are, and how a person puts them.

`made` gives one; each kind of request below is one way of putting steps together, and all go through `voice.spoken`.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from compegpt.eval.planning_data import TASKBENCH
from compegpt.plan.train import implied, inputs, joining
from compegpt.plan.train.bank import phrases, voices, words
from compegpt.plan.train.clauses import CREATIONS, clause, of_pool, own_words, quoted, template
from compegpt.plan.train.sample import Draft, Line, Piece, Sample, Step, filled, joined, plain
from compegpt.plan.train.voice import spoken
from compegpt.tasks import TASKS

_FITS = {"image": ("image", "table"), "text": ("text", "table"), "audio": ("audio",), "video": ("video", "audio")}
"""Kinds of input that a result of a kind is taken for."""
_FROM_TEXT = ("image-editing", "visual-question-answering", "document-question-answering")
"""What takes a picture, and at times its instruction or question from an earlier text."""


@functools.cache
def _weights() -> dict[str, float]:
    return {name: 1.6 if name in TASKBENCH else 0.12 if name.endswith(("-control", "-text-to-image")) else 0.8
            for name in TASKS if name in phrases()}


def any_task(rng: random.Random, among: Sequence[str] | None = None) -> str:
    names = list(among if among is not None else _weights())
    return rng.choices(names, [_weights()[name] for name in names])[0]


@functools.cache
def followers(task: str) -> tuple[str, ...]:
    """Task types that can work on what this one gives."""
    fitting = {kind for given in TASKS[task].kinds for kind in _FITS.get(given, ())}
    if TASKS[task].gives == "text":
        return tuple(name for name in _weights() if name not in ("video-dubbing", "fill-mask", "text-to-audio", task)
                     and ("text" in fitting & works_on(name) or name in _FROM_TEXT
                          or (TASKS[task].output in ("boxes", "masks") and "image" in works_on(name))))
    return tuple(name for name in _weights() if fitting & works_on(name) and name not in ("video-dubbing", task))


def works_on(task: str) -> set[str]:
    """The kinds of a task's chief input: not of the words that say what to do with it."""
    kinds = set(inputs.kinds(task))
    return kinds - {"text"} if len(kinds) > 1 else kinds


def single(rng: random.Random) -> Sample:
    draft = Draft()
    number = draft.add(Step(any_task(rng)))
    lead, x, y = inputs.first(rng, draft, number)
    return spoken(rng, draft, lead, [joining.sentence(rng, draft, number, x, y)])


def several_files(rng: random.Random) -> Sample:
    """One task on several files, one each."""
    draft = Draft()
    task = any_task(rng, [name for name in _weights() if name not in (*CREATIONS, "sentence-similarity", "fill-mask",
                                                                       "video-dubbing")])
    number = draft.add(Step(task))
    names, x = inputs.several(rng, draft, number)
    for name in names[1:]:
        draft.add(replace(draft.steps[number], brings=(name,)))
    return spoken(rng, draft, [], [joining.sentence(rng, draft, number, x, None)])


def steps(rng: random.Random) -> Sample:
    """Steps that work on each other's results, or several on one thing, told one after the other."""
    draft = Draft()
    count = rng.choices([2, 3, 4, 5, 6], [5, 4, 3, 2, 1])[0]
    branching = rng.random() < 0.4
    first = draft.add(Step(any_task(rng, [name for name in _weights() if followers(name)])))
    lead, x, y = inputs.first(rng, draft, first)
    told: list[tuple[int, Line | None, Line | None, bool]] = [(first, x, y, False)]
    for _ in range(count - 1):
        told.append(_next(rng, draft, told, branching))
    return spoken(rng, draft, lead, joining.told(rng, draft, told))


Told = tuple[int, Line | None, Line | None, bool]
"""A step, its input, its second text, and whether it is independent of the step told before."""


def _next(rng: random.Random, draft: Draft, told: Sequence[Told], branching: bool) -> Told:
    last = told[-1][0]
    if branching and rng.random() < 0.2 and len(draft.steps) > 1:
        return _compared(rng, draft, last)
    if branching and rng.random() < 0.45 and (again := _beside(rng, draft)):
        return again
    if branching and rng.random() < 0.2:
        number = draft.add(Step(any_task(rng, [name for name in CREATIONS if name in _weights()])))
        return number, None, None, True
    names = followers(draft.steps[last].task)
    if not names:
        return _compared(rng, draft, last)
    number = draft.add(Step(any_task(rng, names), takes=(last,)))
    return _joined_on(rng, draft, number, last)


def _joined_on(rng: random.Random, draft: Draft, number: int, last: int) -> Told:
    task = draft.steps[number].task
    if task in _FROM_TEXT and TASKS[draft.steps[last].task].gives == "text":
        draft.steps[number] = replace(draft.steps[number], takes=())
        x = inputs.picture(rng, draft, number)
        draft.take(number, last)
        said = inputs.result(rng, draft, last)
        return number, x, said, False
    other = None
    if task == "sentence-similarity":
        other = inputs.second_text(rng, draft, number, last)
    return number, inputs.earlier(rng, draft, number, last), other, False


def _beside(rng: random.Random, draft: Draft) -> Told | None:
    """Another step on what an earlier one worked on, or on an earlier result other than the last."""
    last = len(draft.steps) - 1
    choices = [number for number in range(last) if followers(draft.steps[number].task)]
    first = draft.steps[0]
    if first.brings and rng.random() < 0.6:
        kind = inputs.kind_of_value(first.brings[0])
        names = [name for name in _weights() if kind in works_on(name) and name != first.task
                 and name not in ("sentence-similarity", "video-dubbing", "fill-mask")
                 and name not in CREATIONS]
        if names:
            number = draft.add(Step(any_task(rng, names), brings=(first.brings[0],)))
            return number, inputs.original(rng, draft, number, last), None, True
    if not choices:
        return None
    producer = rng.choice(choices)
    number = draft.add(Step(any_task(rng, followers(draft.steps[producer].task)), takes=(producer,)))
    if draft.steps[number].task in ("sentence-similarity", *_FROM_TEXT):
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
    inner = draft.add(Step(any_task(rng, [name for name in _weights() if followers(name) and phrases()[name].get])))
    lead, x, y = inputs.first(rng, draft, inner)
    line = clause(rng, draft, inner, "get", x, y)
    around = rng.choices([1, 2], [4, 1])[0]
    for turn in range(around):
        last = len(draft.steps) - 1
        names = [name for name in followers(draft.steps[last].task) if name not in _FROM_TEXT]
        if not names:
            break
        number = draft.add(Step(any_task(rng, names), takes=(last,)))
        other = inputs.second_text(rng, draft, number, last) if draft.steps[number].task == "sentence-similarity" else None
        form = rng.choice(["do", "do", "get"]) if turn == around - 1 else "get"
        line = clause(rng, draft, number, form, line, other)
    wrap = rng.choice(voices()["wrap_get" if line and _is_noun(rng, line, draft) else "wrap_do"])
    key = "get" if "{get}" in wrap else "do"
    return spoken(rng, draft, lead, [filled(wrap, -1, {key: line})])


def _is_noun(rng: random.Random, line: Line, draft: Draft) -> bool:
    number = len(draft.steps) - 1
    first = next((piece.text for piece in line if piece.step == number), "")
    return any(first and each.startswith(first) for each in phrases()[draft.steps[number].task].get)


def shared_thing(rng: random.Random) -> Sample:
    """"A video and a picture of a castle": several things made from the same words."""
    draft = Draft()
    tasks = rng.sample([name for name in CREATIONS if name != "text-generation"], rng.choices([2, 3], [4, 1])[0])
    numbers = [draft.add(Step(task)) for task in tasks]
    subject = of_pool(rng, rng.choice(["pictures", "videos"]))
    between = rng.choice([" of ", " of ", " showing ", " about ", " of "])
    heads = [plain(_HEADS[task][rng.randrange(len(_HEADS[task]))], number) for task, number in zip(tasks, numbers,
                                                                                                   strict=True)]
    if rng.random() < 0.35:
        for number in numbers:
            draft.bring(number, subject)
        what: Line = quoted(rng, subject)
    else:
        what = (Piece(subject, numbers[0], numbers[0], value=True),)
        draft.steps = [replace(step, brings=(*step.brings, _SHARED)) for step in draft.steps]
    line = (*joining.enumerated(rng, heads), Piece(between), *what)
    wrap = rng.choice(["draw", "make me {get}", "create {get}", "{get} please", "I want {get}", "generate {get}",
                       "could you produce {get}?", "{get}", "I'd love {get}.", rng.choice(voices()["wrap_get"])])
    wrap = wrap if "{get}" in wrap else "make {get}"
    return spoken(rng, draft, [], [filled(wrap, -1, {"get": line})])


_SHARED = "\0shared"
"""Stands for words that several steps share."""
_HEADS = {
    "text-to-image": ["a picture", "an image", "a drawing", "a photo", "an illustration", "a poster", "a painting"],
    "text-to-video": ["a video", "a short clip", "a video clip", "an animation", "a little film", "a movie"],
    "text-to-audio": ["a sound", "audio", "a sound clip", "sound effects", "an audio clip", "a soundscape"]}


def shared_object(rng: random.Random) -> Sample:
    """"Describe and segment a.jpg": several verbs with one object."""
    draft = Draft()
    kind = rng.choices(["image", "document", "text", "audio", "video"], [4, 1, 4, 2, 0.5])[0]
    arg = "image" if kind == "document" else kind
    tasks = [name for name in _weights() if set(TASKS[name].needs.values()) == {arg} and name not in CREATIONS
             and name != "fill-mask" and heads(name)]
    chosen = rng.sample(tasks, min(len(tasks), rng.choices([2, 3], [3, 1])[0]))
    numbers = [draft.add(Step(task)) for task in chosen]
    lead, x, _ = inputs.first(rng, draft, numbers[0], kind)
    for number in numbers[1:]:
        draft.steps[number] = replace(draft.steps[number], brings=draft.steps[0].brings)
    heads = [plain(rng.choice(heads(task)), number) for task, number in zip(chosen, numbers, strict=True)]
    line = (*joining.enumerated(rng, heads), Piece(" "), *(x or ()))
    return spoken(rng, draft, lead, [filled(rng.choice(voices()["wrap_do"]), -1, {"do": line})])


@functools.cache
def heads(task: str) -> tuple[str, ...]:
    """Verbs whose object stands at the end and that need no other slot."""
    return tuple(line.removesuffix(" {x}") for line in phrases()[task].do
                 if line.endswith(" {x}") and line.count("{") == 1 and len(line.split()) <= 4)


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


def follow_up(rng: random.Random) -> Sample:
    """"And now in French": a step on what an earlier turn left."""
    draft = Draft()
    task = any_task(rng, [name for name in _weights() if name not in (*CREATIONS, "fill-mask", "sentence-similarity",
                                                                      "video-dubbing")])
    number = draft.add(Step(task))
    kind = next(iter(inputs.kinds(task)))
    others = [rng.choice(["image", "audio", "video", "text"]) for _ in range(rng.randrange(3))]
    draft.past = [*(other for other in others if other != kind), kind] if rng.random() < 0.7 else [
        kind, *(other for other in others if other != kind)]
    draft.steps[number] = replace(draft.steps[number], past=(draft.past.index(kind),))
    x = plain(rng.choice(inputs.POINTING[kind]))
    line = joining.sentence(rng, draft, number, x, None)
    if rng.random() < 0.4:
        line = (Piece(rng.choice(["now ", "and ", "ok now ", "then ", "next, ", "great, now "])), *line)
    return spoken(rng, draft, [], [line], chatty=False)


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
    (single, 30), (steps, 24), (nested, 8), (several_files, 4), (shared_thing, 3), (shared_object, 5), (apart, 4),
    (follow_up, 4), (chat, 5), (implied.asked, 7), (implied.through, 7), (implied.with_more, 3), (implied.telegram, 3),
    (implied.files_compared, 1.5), (implied.for_people, 2.5), (implied.given_text, 0.7))


def made(rng: random.Random) -> Sample:
    """One request with its plan."""
    kinds, weights = zip(*_KINDS, strict=True)
    return rng.choices(kinds, weights)[0](rng)
