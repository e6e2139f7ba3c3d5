"""Requests that imply more than they say: a question about a recording, a picture's text in another language."""

from __future__ import annotations

import random
from dataclasses import replace

from compegpt.plan.train import inputs, joining
from compegpt.plan.train.bank import phrases, voices, words
from compegpt.plan.train.clauses import NOUNS, clause, file_name, of_pool, quoted
from compegpt.plan.train.sample import Draft, Line, Piece, Sample, Step, filled, joined, plain
from compegpt.plan.train.voice import spoken

_HEARD = "automatic-speech-recognition"
_READING = {"audio": _HEARD, "video": _HEARD, "document": "ocr", "image": "image-to-text"}
"""The step that is meant where a text is wanted from such a file."""
_ON_TEXT = ("summarization", "translation", "question-answering", "token-classification", "keyword-extraction",
            "text-classification", "text-generation", "text2text-generation", "conversational", "text-to-image",
            "text-to-video", "language-identification", "sentence-similarity")
_ON_TEXT_OF = {"image": ("text-generation", "text-to-speech", "conversational", "text-to-video"),
               "document": ("summarization", "translation", "text-to-speech", "token-classification",
                            "keyword-extraction", "text-classification", "text-generation", "language-identification",
                            "text-to-image", "sentence-similarity", "text2text-generation", "text-to-video"),
               "audio": _ON_TEXT, "video": ("summarization", "translation", "question-answering")}
"""What is then done to the text, by the kind of file."""
_ON_PICTURES = ("image-to-text", "object-detection", "image-segmentation", "depth-estimation", "image-classification",
                "image-to-image", "image-upscaling", "image-editing", "visual-question-answering")
_ASKED = {"image": ("visual-question-answering", "questions_picture"),
          "document": ("document-question-answering", "questions_document"),
          "text": ("question-answering", "questions_text"), "table": ("table-question-answering", "questions_table")}
"""The task that answers questions about such a file, and the list of them."""
_ASKING = ("{f} {q}", "{q} {f}", "{q} ({f})", "{f} - {q}", "{f}: {q}", "{f}, {q}", "{q} see {f}", "{q} in {f}",
           "{f} is my {n} - {q}", "{f} is the {n}. {q}", "my {n} is {f}, {q}", "the {n} is in {f}. {q}",
           "{q} {n} attached: {f}", "{n}: {f}. {q}", "{q} it's {f}", "{f} attached. {q}", "this {n} {f}, {q}",
           "{q} on {f}", "{q} my {n}, {f}",
           "from {f}: {q}", "in {f}, {q}", "look at {f} and tell me {q}", "check {f} for me, {q}", "{q} - {f}",
           "i want to know {q} {f}", "just need to know {q} {n} is {f}", "can you see from {f} {q}", "about {f}: {q}",
           "going by my {n} ({f}), {q}", "{q} i have the {n} here: {f}", "got the {n}, {f}, but {q}")
_IN_LANGUAGE = ("in {l}", "in {l} please", "answer in {l}", "tell me in {l}", "I need it in {l}", "and reply in {l}",
                "put the answer in {l}", "but in {l}", "and I want that in {l}", "{l} answer please",
                "say it in {l}, in writing")
_ALOUD = ("and say it out loud", "and read it to me", "tell me aloud", "as a voice message", "spoken please",
          "and speak it", "I want to hear it", "as audio", "and let me hear it", "read out loud, please",
          "in a form I can listen to", "on tape please")
_COMPARE = ("do {a} and {b} say the same?", "compare what {a} says with {b}", "how close is {a} to {b}?",
            "are {a} and {b} alike in what they say?", "is {a} about the same thing as {b}?", "check {a} against {b}",
            "two {n}s, {a} and {b}: same story?", "how similar are {a} and {b} in content?",
            "{a} vs {b}, do they match?", "does {a} tell the same as {b}?",
            "set {a} beside {b} and say how far they agree")
_THEN_COMPARE = ("then compare them", "and say how alike they are", "then see if the two match",
                 "how similar are {r}s?", "then tell me how close the two come", "compare the two",
                 "and compare {r} of one with {r} of the other", "do they agree?", "and check if both say the same")
_PEOPLE = ("my boss", "my wife", "Priya", "the teacher", "Tom", "the client", "grandma", "our office", "the editor",
           "one colleague", "the other", "Ana", "marketing", "my son", "the museum", "Dad", "the committee", "Lucy",
           "the German team", "legal")
_WANTS = ("wants", "needs", "would like", "asked for", "is after", "gets")


def asked(rng: random.Random) -> Sample:
    """A question about a file, with hardly a word more; of a recording it means that it is written down first."""
    draft = Draft()
    kind = rng.choices(["image", "document", "text", "table", "audio", "video"], [5, 6, 4, 1, 5, 0.7])[0]
    task, pool = _ASKED.get(kind, ("question-answering", "questions_text"))
    name, noun = file_name(rng, kind), of_pool(rng, NOUNS[kind])
    first = draft.add(Step(_HEARD, brings=(name,))) if kind in ("audio", "video") else -1
    number = draft.add(Step(task, takes=(first,) if first >= 0 else (), brings=() if first >= 0 else (name,)))
    said = _as_asked(rng, draft, number, of_pool(rng, pool))
    pattern = rng.choice(_ASKING).replace("{n}", noun)
    line = filled(pattern, number, {"f": (Piece(name, value=True),), "q": said})
    if rng.random() < 0.25:
        line = _more(rng, draft, number, line)
    return spoken(rng, draft, [], [line])


def _as_asked(rng: random.Random, draft: Draft, number: int, question: str) -> Line:
    """The question in quotes, or run into the rest: without its capital, without its mark."""
    if rng.random() < 0.15:
        draft.bring(number, question)
        return quoted(rng, question)
    if rng.random() < 0.6:
        question = question[0].lower() + question[1:]
    if rng.random() < 0.4:
        question = question.rstrip("?")
    return (Piece(question, number, number, value=True),)


def _more(rng: random.Random, draft: Draft, number: int, line: Line) -> Line:
    """The same, and the answer in another language or aloud."""
    if rng.random() < 0.55:
        then = draft.add(Step("translation", takes=(number,)))
        tail = rng.choice(_IN_LANGUAGE).replace("{l}", of_pool(rng, "languages"))
    else:
        then = draft.add(Step("text-to-speech", takes=(number,)))
        tail = rng.choice(_ALOUD)
    return (*line, Piece(rng.choice([", ", " ", ". ", " - "])), Piece(tail, then))


def through(rng: random.Random) -> Sample:
    """What is done to texts, asked of a recording or a picture: the text comes first."""
    draft = Draft()
    kind = rng.choices(["audio", "document", "image", "video"], [6, 4, 2.5, 0.6])[0]
    name = file_name(rng, kind)
    first = draft.add(Step(_READING[kind], brings=(name,)))
    number = draft.add(Step(rng.choice(_ON_TEXT_OF[kind]), takes=(first,)))
    lead, x = _named(rng, name, kind)
    other = inputs.quote(rng, draft, number) if draft.steps[number].task == "sentence-similarity" else None
    line = joining.sentence(rng, draft, number, x, other)
    if rng.random() < 0.25 and draft.steps[number].task in ("summarization", "question-answering"):
        line = _more(rng, draft, number, line)
    return spoken(rng, draft, lead, [line])


def _named(rng: random.Random, name: str, kind: str) -> tuple[list[Line], Line]:
    """Sentences that bring in a file, and how the clause names it or what is on it."""
    noun = of_pool(rng, NOUNS[kind])
    said = Piece(name if rng.random() < 0.7 else f"'{name}'", value=True)
    if rng.random() < 0.35:
        again = ["the {}", "it", "this {}", "what is on the {}" if kind == "audio" else "that {}"]
        return [inputs.brought_in(rng, said, noun)], plain(rng.choice(again).format(noun))
    if rng.random() < 0.5:
        return [], (said,)
    return [], (*plain(rng.choice([f"the {noun} ", f"my {noun} ", f"this {noun}, ", f"what's in the {noun} ",
                                   f"the contents of the {noun} "])), said)


def with_more(rng: random.Random) -> Sample:
    """A step whose text is wanted in another language, or aloud: said in a few words at the end or at the beginning."""
    draft = Draft()
    task = rng.choice(["summarization", "image-to-text", "ocr", _HEARD, "question-answering", "text-generation",
                       "visual-question-answering", "document-question-answering", "text-generation", "summarization"])
    number = draft.add(Step(task))
    lead, x, y = inputs.first(rng, draft, number)
    return spoken(rng, draft, lead, [_more(rng, draft, number, joining.sentence(rng, draft, number, x, y))])


def files_compared(rng: random.Random) -> Sample:
    """Two recordings or pictures compared by what they say."""
    draft = Draft()
    kind = rng.choices(["audio", "image", "document"], [4, 3, 3])[0]
    names = [file_name(rng, kind), file_name(rng, kind)]
    one, two = (draft.add(Step(_READING[kind], brings=(name,))) for name in names)
    last = draft.add(Step("sentence-similarity", takes=(one, two)))
    a, b = ((Piece(name, value=True),) for name in names)
    if rng.random() < 0.5:
        pattern = rng.choice(_COMPARE).replace("{n}", of_pool(rng, NOUNS[kind]))
        return spoken(rng, draft, [], [filled(pattern, last, {"a": a, "b": b})])
    both = (*a, Piece(rng.choice([" and ", " and also ", ", ", " & "])), *b)
    made = inputs.result(rng, draft, one)
    read = clause(rng, draft, one, "do", both)
    then = filled(rng.choice(_THEN_COMPARE), last, {"r": made})
    return spoken(rng, draft, [], [(*read, Piece(rng.choice([", ", ". ", " "])), *then)])


def for_people(rng: random.Random) -> Sample:
    """"Ann wants a summary, Bob the French of it": several things of one file or of one result, for several people."""
    draft = Draft()
    kind = rng.choices(["text", "audio", "document", "image"], [4, 4, 3, 2])[0]
    name = file_name(rng, kind)
    takes: tuple[int, ...] = ()
    brings: tuple[str, ...] = (name,)
    lead = filled(rng.choice(voices()["has_file"]), -1, {
        "file": (Piece(name, value=True),), "noun": plain(of_pool(rng, NOUNS[kind])),
        "a_noun": plain("a " + of_pool(rng, NOUNS[kind]))})
    lines: list[Line] = []
    if kind in ("audio", "document"):
        source = draft.add(Step(_READING[kind], brings=brings))
        takes, brings = (source,), ()
        if rng.random() < 0.5:
            lines.append(clause(rng, draft, source, "do", plain("it")))
    wanted = _ON_PICTURES if kind == "image" else [
        task for task in (*_ON_TEXT_OF["document"], "question-answering")
        if phrases()[task].get and task != "sentence-similarity"]
    tasks = rng.sample(wanted, rng.choices([2, 3], [4, 1])[0])
    people = rng.sample(_PEOPLE, len(tasks))
    parts: list[Line] = []
    for task, person in zip(tasks, people, strict=True):
        number = draft.add(Step(task, takes=takes, brings=brings))
        x = plain(rng.choice(["it", "it", "the whole thing", "that", "the original", "all of it"]))
        form = rng.choice(["get", "want"])
        parts.append((Piece(f"{person} {rng.choice(_WANTS)} "), *clause(rng, draft, number, form, x)))
    lines.append(joined(parts, rng.choice([", ", " and ", "; ", ", while ", ". "])))
    return spoken(rng, draft, [lead], lines)


def given_text(rng: random.Random) -> Sample:
    """A question after a text that stands in the request without quotes."""
    draft = Draft()
    number = draft.add(Step("question-answering"))
    text = str(rng.choice(words()["passages"]))
    question = _as_asked(rng, draft, number, of_pool(rng, "questions_text"))
    draft.steps[number] = replace(draft.steps[number], brings=())
    said = Piece(text, value=True)
    if any(piece.words_of < 0 for piece in question):
        question = (Piece(of_pool(rng, "questions_text"), number, number, value=True),)
    line = (said, Piece(rng.choice([" ", "\n", " So: ", " Now: "])), *question) if rng.random() < 0.6 else (
        *question, Piece(rng.choice([" ", " I have this: ", " the text says ", ": "])), said)
    return draft.finished(line)
