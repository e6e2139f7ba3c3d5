"""One step's words: its phrase with the input, the question, the language and the labels that it needs."""

from __future__ import annotations

import random
from collections.abc import Sequence

from compegpt.plan.train.bank import phrases, words
from compegpt.plan.train.sample import Draft, Line, Piece, filled, plain
from compegpt.tasks import TASKS

CREATIONS = ("text-to-image", "text-to-video", "text-to-audio", "text-generation")
"""What can be made from the user's words alone."""
_WRITTEN_WHOLE = ("text-generation", "conversational")
"""Their argument is the instruction with its verb."""
_OWN_WORDS = {"text-to-image": "pictures", "text-to-video": "videos", "text-to-audio": "sounds",
              "image-editing": "edits", "text-generation": "writings", "image-to-image": "styles",
              "image-to-video": "videos"}
"""The list that the user's own words are drawn from."""
_QUESTIONS = {"visual-question-answering": "questions_picture", "document-question-answering": "questions_document",
              "question-answering": "questions_text", "table-question-answering": "questions_table"}
_QUOTES = ("'{}'", '"{}"', "'{}'", '"{}"', "“{}”", "`{}`")
_EXTENSIONS = {
    "image": ["jpg", "jpg", "png", "jpeg", "webp", "bmp", "gif", "tiff", "heic", "JPG"],
    "document": ["jpg", "png", "pdf", "jpeg", "tif"],
    "audio": ["wav", "mp3", "mp3", "m4a", "flac", "ogg", "opus"], "video": ["mp4", "mp4", "mov", "avi", "mkv", "webm"],
    "text": ["txt", "txt", "md", "docx", "rtf", "log", "html"], "table": ["csv", "csv", "xlsx", "tsv"]}
NOUNS = {"image": "nouns_image", "document": "nouns_document", "audio": "nouns_audio", "video": "nouns_video",
         "text": "nouns_text", "table": "nouns_table"}
"""The list of what a file of a kind is called."""
_ON_DOCUMENTS = ("ocr", "document-question-answering", "tabular-classification")
"""What works on pictures of documents rather than any others."""


def of_pool(rng: random.Random, name: str) -> str:
    """One of a list of words."""
    return str(rng.choice(words()[name]))


def file_name(rng: random.Random, kind: str) -> str:
    """A file's name, at times in a folder or with blanks made into underscores."""
    stem = "example" if rng.random() < 0.2 else of_pool(rng, f"stems_{kind}")
    if rng.random() < 0.15:
        stem += str(rng.randrange(1, 300))
    stem = stem.replace(" ", rng.choice(["_", "-", "_"]))
    folder = rng.choice(["/home/anna/", "~/", "scans/", "./", "/tmp/"]) if rng.random() < 0.06 else ""
    return f"{folder}{stem}.{rng.choice(_EXTENSIONS[kind])}"


def quoted(rng: random.Random, text: str) -> Line:
    """A text in quotes of some sort."""
    return (Piece(rng.choice(_QUOTES).format(text), value=True),)


def template(rng: random.Random, task: str, form: str, without: Sequence[str] = (), needing: Sequence[str] = ()) -> str:
    """A phrase of this form with all of `needing` and none of `without` in it; one of `do` where there is none."""
    for each in (form, "do"):
        lines = [line for line in phrases()[task].of(each) if not any(f"{{{name}}}" in line for name in without)
                 and all(f"{{{name}}}" in line for name in needing)]
        if lines:
            return rng.choice(lines)
    raise LookupError(f"{task} has no phrase '{form}' without {without}, with {needing}")


def clause(rng: random.Random, draft: Draft, number: int, form: str, given: Line | None, other: Line | None = None
           ) -> Line:
    """The words of step `number`; `given` is its input, None where it makes something from the user's own words."""
    task = draft.steps[number].task
    without = ["x"] if given is None else ["text"] if task in CREATIONS else []
    needing = ["x"] if given is not None and form != "what" else []
    if other is None and task != "sentence-similarity":
        without.append("y")
    text = template(rng, task, form, without, needing)
    whole = number if task in _WRITTEN_WHOLE and given is None else -1
    slots = {"x": given or (), "y": other or (), "language": plain(of_pool(rng, "languages"), number)}
    if "{question}" in text:
        slots["question"] = own_words(rng, draft, number, question(rng, draft, number))
    if "{labels}" in text:
        slots["labels"] = _labels(rng, task)
    if "{text}" in text:
        slots["text"] = own_words(rng, draft, number, of_pool(rng, _OWN_WORDS.get(task, "pictures")))
    line = filled(text, number, slots)
    return line if whole < 0 else tuple(
        Piece(piece.text, piece.step, piece.words_of if piece.value and piece.words_of < 0 else whole, piece.value)
        for piece in line)


def question(rng: random.Random, draft: Draft, number: int) -> str:
    """A question such as a step answers."""
    return of_pool(rng, _QUESTIONS.get(draft.steps[number].task, "questions_text"))


def own_words(rng: random.Random, draft: Draft, number: int, text: str) -> Line:
    """The user's own words for a step, in quotes or not."""
    if rng.random() < 0.35:
        draft.bring(number, text)
        return quoted(rng, text)
    if rng.random() < 0.5 and text[:1].isupper() and text[1:2].islower() and text.split()[0] not in ("I", "I'm"):
        text = text[0].lower() + text[1:]
    return (Piece(text, number, number, value=True),)


def _labels(rng: random.Random, task: str) -> Line:
    name = "things" if task == "zero-shot-object-detection" else "labels"
    items = [str(item) for item in rng.choice(words()[name])]
    last = rng.choice([" or ", " and ", ", ", " or "])
    said = items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]
    return (Piece(said, value=True),)


def input_kind(task: str, rng: random.Random) -> str:
    """The kind of what a task works on: `image`, `document`, `audio`, `video`, `text` or `table`."""
    needs = TASKS[task].needs
    kinds = [kind for kind in needs.values() if kind in ("image", "audio", "video", "table")]
    if task == "tabular-classification" and rng.random() < 0.6:
        return "document"
    if task in _ON_DOCUMENTS and "image" in kinds:
        return "document" if rng.random() < 0.8 else "image"
    if task == "automatic-speech-recognition" and rng.random() < 0.1:
        return "video"
    if task == "question-answering" or not kinds:
        return "text"
    return kinds[0]
