"""Requests that go on from an earlier turn: "and now in French", "read it aloud",
    "what language is the text in it?"."""

from __future__ import annotations

import random
from dataclasses import replace

from compegpt.plan.train import inputs, joining
from compegpt.plan.train.clauses import of_pool
from compegpt.plan.train.compatible import any_task, on_one_thing, works_on
from compegpt.plan.train.sample import Draft, Line, Piece, Sample, Step, plain
from compegpt.plan.train.voice import spoken

_SHORT: dict[str, tuple[str, ...]] = {
    "translation": ("and in {l}?", "now in {l}", "in {l} too", "{l} please", "what about {l}?", "the same in {l}",
        "and {l}?", "how would that be in {l}", "into {l} then", "and translate it to {l}",
        "translate that to {l}, please"),
    "summarization": ("shorter please", "shorter, in one sentence", "even shorter", "in brief",
        "the short version", "sum it up", "tl;dr", "shorter please, two sentences", "now the gist", "summarize that"),
    "text-to-speech": ("read it aloud", "say it", "out loud please", "now speak it", "say it in {l} then",
        "let me hear it", "say it aloud", "now read it to me", "can I hear that?", "speak it"),
    "image-upscaling": ("bigger", "make the picture larger", "sharper please", "can you enlarge it?", "upscale it"),
    "ocr": ("read it", "what does it say?", "and the text on it?", "what's written there?", "read the picture"),
    "language-identification": ("and what language is that?", "which language?", "what language was it in?"),
    "keyword-extraction": ("and the keywords?", "what are the keywords?", "keywords please"),
    "text-classification": ("is it positive?", "and the mood?", "positive or negative?", "how does it sound, happy?"),
    "voice-activity-detection": ("when does someone speak in it?", "and when do they talk?"),
    "automatic-speech-recognition": ("write it down", "now type it out", "what is said in it?"),
    "image-to-text": ("describe it", "what's on it?", "caption it", "and what does it show?"),
    "object-detection": ("what things are in it?", "find the objects in it", "mark the objects"),
    "text2text-generation": ("say it more politely", "make it simpler", "rephrase that", "reword it"),
    "token-classification": ("who is named in it?", "and the names?"),
    "audio-to-audio": ("remove the noise", "clean it up", "less hiss please"),
    "image-to-image": ("now as a cartoon", "make it brighter", "same but in oil"),
    "text-to-image": ("draw it", "now make a picture of that", "illustrate it"),
    "text-to-video": ("make a clip of it", "now as a video")}
_ASKED = (("question-answering", "text", "questions_text"),
          ("visual-question-answering", "image", "questions_picture"),
          ("document-question-answering", "image", "questions_document"))
_INSIDE = (("what language is the text in {x}?", "image", "ocr", "language-identification"),
           ("translate what it says into {l}", "image", "ocr", "translation"),
           ("read what's on {x} aloud", "image", "ocr", "text-to-speech"),
           ("sum up what it says", "image", "ocr", "summarization"),
           ("what is {x} about, in short?", "audio", "automatic-speech-recognition", "summarization"),
           ("and what they say, in {l}", "audio", "automatic-speech-recognition", "translation"))
_FIRST = ("now ", "and ", "ok now ", "then ", "next, ", "great, now ", "thanks, now ", "please ")


def follow_up(rng: random.Random) -> Sample:
    """One step, or two of which the first is implied, on something that an earlier turn left."""
    draft, manner = Draft(), rng.random()
    if manner < 0.35:
        task = rng.choice(list(_SHORT))
        number = _on_past(rng, draft, task, next(iter(works_on(task))))
        line = plain(rng.choice(_SHORT[task]).replace("{l}", of_pool(rng, "languages")), number)
    elif manner < 0.5:
        line = _question(rng, draft)
    elif manner < 0.58:
        line = _inside(rng, draft)
    else:
        task = any_task(rng, on_one_thing())
        kind = next(iter(works_on(task)))
        number = _on_past(rng, draft, task, kind)
        line = joining.sentence(rng, draft, number, plain(rng.choice(inputs.POINTING[kind])), None)
    if rng.random() < 0.3:
        line = (Piece(rng.choice(_FIRST)), *line)
    return spoken(rng, draft, [], [line], chatty=False)


def _on_past(rng: random.Random, draft: Draft, task: str, kind: str) -> int:
    """A step on a thing of this kind, beside which there may be others, of its kind as well: the newest is meant."""
    number = draft.add(Step(task))
    count = rng.choices([0, 1, 2, 3], [3, 4, 3, 1])[0]
    others = [rng.choice(["image", "audio", "video", "text"]) for _ in range(count)]
    before = [other for other in others if rng.random() < 0.6]
    after = [other for other in others if other not in before and other != kind]
    draft.past = [*before, kind, *after]
    draft.steps[number] = replace(draft.steps[number], past=(len(before),))
    return number


def _question(rng: random.Random, draft: Draft) -> Line:
    task, kind, pool = rng.choice(_ASKED)
    number = _on_past(rng, draft, task, kind)
    question = of_pool(rng, pool)
    if rng.random() < 0.6:
        question = question[0].lower() + question[1:]
    return (Piece(rng.choice(["", "and ", "", "ok, ", "but "])), Piece(question, number, number, value=True))


def _inside(rng: random.Random, draft: Draft) -> Line:
    text, kind, first, then = rng.choice(_INSIDE)
    number = _on_past(rng, draft, first, kind)
    last = draft.add(Step(then, takes=(number,)))
    said = text.replace("{x}", rng.choice(inputs.POINTING[kind])).replace("{l}", of_pool(rng, "languages"))
    return plain(said, last)
