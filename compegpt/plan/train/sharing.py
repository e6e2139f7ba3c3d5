"""Requests in which several things share something: a task, an object, the words that say what to make."""

from __future__ import annotations

import random
from dataclasses import replace

from compegpt.plan.train import inputs, joining
from compegpt.plan.train.bank import voices
from compegpt.plan.train.clauses import CREATIONS, of_pool, quoted
from compegpt.plan.train.compatible import any_task, heads, on_one_thing, weights
from compegpt.plan.train.sample import SHARED, Draft, Line, Piece, Sample, Step, filled, plain
from compegpt.plan.train.voice import spoken
from compegpt.tasks import TASKS

_NOUN_PHRASES = {
    "text-to-image": ["a picture", "an image", "a drawing", "a photo", "an illustration", "a poster", "a painting"],
    "text-to-video": ["a video", "a short clip", "a video clip", "an animation", "a little film", "a movie"],
    "text-to-audio": ["a sound", "audio", "a sound clip", "sound effects", "an audio clip", "a soundscape"]}


def several_files(rng: random.Random) -> Sample:
    """One task on several files, one each."""
    draft = Draft()
    number = draft.add(Step(any_task(rng, on_one_thing())))
    names, x = inputs.several(rng, draft, number)
    for name in names[1:]:
        draft.add(replace(draft.steps[number], brings=(name,)))
    return spoken(rng, draft, [], [joining.sentence(rng, draft, number, x, None)])


def shared_thing(rng: random.Random) -> Sample:
    """"A video and a picture of a castle": several things made from the same words."""
    draft = Draft()
    tasks = rng.sample([name for name in CREATIONS if name != "text-generation"], rng.choices([2, 3], [4, 1])[0])
    numbers = [draft.add(Step(task)) for task in tasks]
    subject = of_pool(rng, rng.choice(["pictures", "videos"]))
    between = rng.choice([" of ", " of ", " showing ", " about ", " of "])
    nouns = [plain(rng.choice(_NOUN_PHRASES[task]), number) for task, number in zip(tasks, numbers, strict=True)]
    if rng.random() < 0.35:
        for number in numbers:
            draft.bring(number, subject)
        what: Line = quoted(rng, subject)
    else:
        what = (Piece(subject, numbers[0], numbers[0], value=True),)
        draft.steps = [replace(step, brings=(*step.brings, SHARED)) for step in draft.steps]
    line = (*joining.enumerated(rng, nouns), Piece(between), *what)
    wrap = rng.choice(["make {get}", "make me {get}", "create {get}", "{get} please", "I want {get}", "generate {get}",
                       "could you produce {get}?", "{get}", "I'd love {get}.", rng.choice(voices()["wrap_get"])])
    return spoken(rng, draft, [], [filled(wrap, -1, {"get": line})])


def shared_object(rng: random.Random) -> Sample:
    """"Describe and segment a.jpg": several verbs with one object."""
    draft = Draft()
    kind = rng.choices(["image", "document", "text", "audio", "video"], [4, 1, 4, 2, 0.5])[0]
    arg = "image" if kind == "document" else kind
    tasks = [name for name in weights() if set(TASKS[name].needs.values()) == {arg} and name not in CREATIONS
             and name != "fill-mask" and heads(name)]
    chosen = rng.sample(tasks, min(len(tasks), rng.choices([2, 3], [3, 1])[0]))
    numbers = [draft.add(Step(task)) for task in chosen]
    lead, x, _ = inputs.first(rng, draft, numbers[0], kind)
    for number in numbers[1:]:
        draft.steps[number] = replace(draft.steps[number], brings=draft.steps[0].brings)
    verbs = [plain(rng.choice(heads(task)), number) for task, number in zip(chosen, numbers, strict=True)]
    line = (*joining.enumerated(rng, verbs), Piece(" "), *(x or ()))
    return spoken(rng, draft, lead, [filled(rng.choice(voices()["wrap_do"]), -1, {"do": line})])
