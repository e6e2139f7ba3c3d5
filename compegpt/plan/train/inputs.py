"""How a request names what a step works on: a file, an attachment, a text, an earlier result."""

from __future__ import annotations

import random
import re

from compegpt.plan.mentions import EXTENSIONS
from compegpt.plan.train.bank import phrases, voices, words
from compegpt.plan.train.clauses import CREATIONS, NOUNS, file_name, input_kind, of_pool, quoted
from compegpt.plan.train.sample import Draft, Line, Piece, filled, plain
from compegpt.tasks import TASKS

POINTING = {
    "image": ["it", "this picture", "that image", "the photo", "this", "that", "the picture", "the image"],
    "audio": ["it", "this recording", "that", "the audio", "the recording", "this clip"],
    "video": ["it", "this video", "that clip", "the video", "the film"],
    "text": ["it", "this text", "that", "the text", "this", "what you wrote", "the result", "your answer"],
    "table": ["it", "this table", "the table", "that spreadsheet"]}
_TEXT_LEADS = [
    "I have this text: {q}.", "Here is the text: {q}", "The text is: {q}", "I have a {noun}: {q}.",
    "There's this sentence, {q}.", "My {noun} goes {q}.", "I have a text {q}.", "This is what it says: {q}",
    "I've got the following {noun}: {q}", "Somebody sent me this: {q}", "Take the words {q}."]
_TEXT_FOLLOWS = ["Here is the text: {q}", "The text is: {q}", "Text: {q}", "This is the {noun}: {q}", "{q}",
                 "Here it is: {q}", "The {noun} in question: {q}"]
_POOLS = {"fill-mask": "masks", "summarization": "passages", "question-answering": "passages",
          "keyword-extraction": "passages", "language-identification": "foreign"}
"""The list that a task's texts are drawn from, where it is not any."""
_MOVED = ("the {noun}", "this {noun}", "it", "it", "that {noun}", "this {noun} of mine", "the file")


def kinds(task: str) -> list[str]:
    """Kinds of things it works on."""
    return [kind for kind in TASKS[task].needs.values() if kind in POINTING] or ["text"]


def kind_of_value(value: str) -> str:
    """The kind of a file by its name; text for anything else."""
    match = re.search(r"\.(\w+)$", value)
    return EXTENSIONS.get(match[1].lower(), "text") if match else "text"


def any_file(rng: random.Random) -> str:
    """The name of a file of any kind."""
    return file_name(rng, rng.choice(list(NOUNS)))


def first(rng: random.Random, draft: Draft, number: int, kind: str | None = None, attached: bool = True
          ) -> tuple[list[Line], Line | None, Line | None]:
    """What the first step works on: sentences that bring it in, its name in the clause, a second text.

    The name is None where the step makes something from the user's own words.
    """
    task = draft.steps[number].task
    if task in CREATIONS and rng.random() < 0.9:
        return [], None, None
    if task == "sentence-similarity":
        return _pair(rng, draft, number)
    kind = kind or input_kind(task, rng)
    if kind == "text" and rng.random() < 0.6:
        return _text(rng, draft, number)
    lead, x = _file(rng, draft, number, kind, attached)
    other = None
    if task == "video-dubbing" and rng.random() < 0.6:
        name = file_name(rng, "audio")
        draft.bring(number, name)
        other = _named(rng, name, "audio")
    return lead, x, other


def several(rng: random.Random, draft: Draft, number: int) -> tuple[list[str], Line]:
    """Several files and how they are named together."""
    kind = input_kind(draft.steps[number].task, rng)
    names = list(dict.fromkeys(file_name(rng, kind) for _ in range(rng.choices([2, 3, 4], [5, 2, 1])[0])))
    if len(names) > 1 and rng.random() < 0.15:
        draft.files += names
        line = plain(rng.choice(["both of them", "these files", "each of these", "all of them", "the attached files",
                                 "every one of these", "these"]))
    else:
        listed = names[0]
        if names[1:]:
            listed = ", ".join(names[:-1]) + rng.choice([" and ", " and ", ", ", " & "]) + names[-1]
        said = (Piece(listed, value=True),)
        line = filled(rng.choice(voices()["each"]), -1, {"files": said}) if rng.random() < 0.5 else said
    draft.bring(number, names[0])
    return names, line


def picture(rng: random.Random, draft: Draft, number: int) -> Line:
    """A picture of its own for a step, or the one that the request has already."""
    known = [value for step in draft.steps for value in step.brings if kind_of_value(value) == "image"]
    name = known[0] if known else file_name(rng, "image")
    draft.bring(number, name)
    return _named(rng, name, "image")


def quote(rng: random.Random, draft: Draft, number: int) -> Line:
    """A text of its own for a step, in quotes."""
    text = of_pool(rng, "sentences")
    draft.bring(number, text)
    return quoted(rng, text)


def result(rng: random.Random, draft: Draft, producer: int) -> Line:
    """The result of an earlier step by its name."""
    names = phrases()[draft.steps[producer].task].result
    said = rng.choice(names) if names else "the result"
    return plain(said.replace("{language}", of_pool(rng, "languages")), producer)


def earlier(rng: random.Random, draft: Draft, number: int, producer: int) -> Line:
    """The result of the step before: by name, or by a pronoun where that can mean nothing else."""
    made = TASKS[draft.steps[producer].task]
    fits = made.gives in TASKS[draft.steps[number].task].needs.values()
    clear = fits and made.output not in ("boxes", "masks", "labels")
    if rng.random() < (0.4 if clear else 0.07):
        return plain(rng.choice(["it", "it", "that", "this", "the result", "the output"]))
    return result(rng, draft, producer)


def original(rng: random.Random, draft: Draft, number: int, last: int) -> Line:
    """What the first step worked on, again."""
    name = draft.steps[number].brings[0]
    kind = kind_of_value(name)
    made = TASKS[draft.steps[last].task].kinds
    if kind not in made and kind in POINTING and rng.random() < 0.6:
        return plain(rng.choice(POINTING[kind]))
    if rng.random() < 0.5:
        usual = {"image": "picture", "audio": "recording"}.get(kind, kind)
        return plain(f"the original {of_pool(rng, NOUNS[kind]) if rng.random() < 0.5 else usual}")
    if kind == "text" and not re.search(r"\.\w{2,4}$", name):
        return plain(rng.choice(["the original text", "the original", "what I gave you", "the text itself"]))
    return (Piece(name, value=True),)


def second_text(rng: random.Random, draft: Draft, number: int, last: int) -> Line:
    """What an earlier text is compared with."""
    first_step = draft.steps[0]
    if rng.random() < 0.3 and first_step.brings and kind_of_value(first_step.brings[0]) == "text":
        draft.bring(number, first_step.brings[0])
        return plain(rng.choice(["the original text", "the original", "the text I gave you", "the original sentence"]))
    if rng.random() < 0.3:
        name = file_name(rng, "text")
        draft.bring(number, name)
        return _named(rng, name, "text")
    return quote(rng, draft, number)


def brought_in(rng: random.Random, file: Piece, noun: str) -> Line:
    """"I have a photo, a.jpg.": a sentence that tells of a file."""
    article = "an" if noun[:1].lower() in "aeiou" else "a"
    return filled(rng.choice(voices()["has_file"]), -1, {
        "file": (file,), "noun": plain(noun), "a_noun": plain(f"{article} {noun}")})


def _named(rng: random.Random, name: str, kind: str) -> Line:
    said = Piece(name if rng.random() < 0.6 else rng.choice(["'{}'", '"{}"', "`{}`", "'{}'"]).format(name), value=True)
    if rng.random() < 0.5:
        return (said,)
    noun = of_pool(rng, NOUNS[kind])
    pattern = rng.choice(["the {noun} {f}", "my {noun} {f}", "my {noun} ({f})", "the file {f}", "this {noun}, {f}",
                          "the {noun} called {f}", "the attached {noun} {f}", "{f}, my {noun}", "{f} (a {noun})"])
    before, _, after = pattern.replace("{noun}", noun).partition("{f}")
    return (*plain(before), said, *plain(after))


def _file(rng: random.Random, draft: Draft, number: int, kind: str, attached: bool) -> tuple[list[Line], Line]:
    """A file: sentences that bring it in, its name in the clause."""
    name, noun = file_name(rng, kind), of_pool(rng, NOUNS[kind])
    draft.bring(number, name)
    if attached and rng.random() < 0.13:
        draft.files.append(name)
        return [], plain(rng.choice(["this", "it", "the attached file", *(each.format(noun=noun) for each in _MOVED)]))
    if rng.random() < 0.4:
        said = Piece(name if rng.random() < 0.5 else f"'{name}'", value=True)
        return [brought_in(rng, said, noun)], plain(rng.choice(_MOVED).format(noun=noun))
    return [], _named(rng, name, kind)


def _text(rng: random.Random, draft: Draft, number: int) -> tuple[list[Line], Line, None]:
    """A text: sentences that bring it in, its name in the clause."""
    task = draft.steps[number].task
    pools = ["sentences", "sentences", "passages"] + ["foreign"] * (task in ("translation", "text-to-speech"))
    pool = rng.choice(pools)
    text = of_pool(rng, _POOLS.get(task, pool))
    noun = of_pool(rng, "nouns_text")
    if rng.random() < 0.3:
        own = Piece(text.rstrip(".") if rng.random() < 0.5 else text, number, number, value=True)
        if rng.random() < 0.5:
            return [], (own,), None
        return [], (Piece(rng.choice(["this: ", "the following: ", "this text: ", "the words "])), own), None
    draft.bring(number, text)
    said = quoted(rng, text)
    if rng.random() < 0.4:
        lead = filled(rng.choice(_TEXT_LEADS), -1, {"q": said, "noun": plain(noun)})
        return [lead], plain(rng.choice(["it", "this text", "the text", f"this {noun}", f"the {noun}", "that"])), None
    if rng.random() < 0.3:
        return [], (Piece(rng.choice([f"this {noun}: ", f"the {noun} ", "the text ", "the following text: ",
                                      "the following: "])), *said), None
    return [], said, None


def _pair(rng: random.Random, draft: Draft, number: int) -> tuple[list[Line], Line, Line]:
    """Two texts to compare: sentences that bring them in, their names."""
    if rng.random() < 0.35:
        names = [file_name(rng, "text"), file_name(rng, "text")]
        draft.bring(number, *names)
        one, two = (_named(rng, name, "text") for name in names)
        return [], one, two
    texts = [str(text) for text in rng.choice(words()["pairs"])]
    if rng.random() < 0.3:
        one, two = ((Piece(text.rstrip("."), number, number, value=True),) for text in texts)
        return [], one, two
    draft.bring(number, *texts)
    one, two = (quoted(rng, text) for text in texts)
    if rng.random() < 0.4:
        lead = rng.choice(["I have two sentences: {a} and {b}.", "First text: {a} Second text: {b}",
                           "Text one is {a}, text two is {b}.", "Sentence 1: {a}, Sentence 2: {b}.",
                           "There are two texts, {a} and {b}."])
        return [filled(lead, -1, {"a": one, "b": two})], plain("the first"), plain("the second")
    return [], one, two
