"""What each task type's result says, in one sentence; the table at the bottom has a row per task type.

A task type without a row is told by the kind of its output, so a new one needs a row only to be told better.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compegpt.printable import listed, printable, shortened
from compegpt.respond.names import infinitive, language
from compegpt.schema import Output, Result, Task
from compegpt.tasks import TASKS

QUOTED = 300
"""Longest quotation in a sentence; the full text stands below the sentences."""
BRIEF = 80
"""The same for a step that was not asked for itself."""


@dataclass(frozen=True)
class Told:
    """One result that is put into words."""

    task: Task
    result: Result
    subject: str
    """What it is about: a file's name, "the text", "it"."""
    length: int = QUOTED

    @property
    def output(self) -> Output:
        return self.result["output"] or {}

    @property
    def name(self) -> str:
        return self.task["task"]

    def quoted(self, text: object) -> str:
        return f'"{shortened(printable(str(text)), self.length)}"'


Phrase = Callable[[Told], str]
_CONTENT = {"text": "text", "labels": "labels", "spans": "data", "boxes": "boxes", "masks": "data", "scores": "scores",
            "vectors": "data", "image": "image", "audio": "audio", "video": "video"}


def sentence(told: Told) -> str:
    """What one result says, or that it is nothing, or why there is none."""
    row = TASKS[told.name]
    if told.result["status"] != "ok":
        return _refusal(told)
    content = told.output.get(_CONTENT[row.output])
    if content is None or content in ("", []) or (isinstance(content, str) and not content.strip()):
        return _NONE.get(told.name, "Nothing was found in {}.").format(told.subject)
    if row.output == row.gives and row.gives != "text" and not os.path.isfile(str(content)):
        return f"The {row.gives} that {told.name} made is no longer there."
    said = PHRASES.get(told.name, _BY_OUTPUT[row.output])(told)
    return _capital(re.sub(r'([.!?…]")\.$', r"\1", said))


def counted(told: list[Told]) -> str:
    """One sentence over several detections of one task: "There are 2 faces in a.jpg, 1 in b.jpg and none in c.jpg." """
    one, many = COUNTS[told[0].name]
    numbers = [(len(each.output.get("boxes", [])), each.subject) for each in told]
    if not any(number for number, _ in numbers):
        where = " or ".join(listed([subject for _, subject in numbers]).rsplit(" and ", 1))
        return f"No {many} were found in {where}."
    first, subject = numbers[0]
    begin = "There is" if first == 1 else "There are"
    parts = [f"{begin} {first or 'no'} {one if first == 1 else many} in {subject}"]
    parts += [f"{number or 'none'} in {subject}" for number, subject in numbers[1:]]
    return f"{listed(parts)}."


def _refusal(told: Told) -> str:
    title = TASKS[told.name].title
    why = _ended(told.result["error"]).replace(f"{told.name} ({title})", "it")
    return f"I could not {infinitive(_about(told, _TITLES.get(told.name, title)))}. {why}"


_TITLES = {"automatic-speech-recognition": "writing down the speech in a recording"}
"""Titles that need a word more before what they are about can be named."""
_THINGS = {"image": "picture|document", "video": "video", "audio": "recording", "text": "text", "context": "text",
           "table": "table"}


def _about(told: Told, title: str) -> str:
    """The title with what the task works on named in it: "reading the text in a.png", "reading it aloud"."""
    thing = next((words for arg, words in _THINGS.items() if arg in told.task["args"]), "text")
    return re.sub(rf"(?<!\bwriting )\ba (?:{thing})\b", lambda _: told.subject, title, count=1)


def _ended(error: str | None) -> str:
    text = " ".join((error or "It gave no reason.").split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _capital(text: str) -> str:
    """Begin with a capital, except where a file's name stands first."""
    word = text.split(" ", 1)[0]
    return text if "." in word or "/" in word else text[:1].upper() + text[1:]


def percent(score: float) -> str:
    return f"{round(100 * score)}%"


def _of(noun: str, told: Told) -> str:
    return f"its {noun}" if told.subject == "it" else f"the {noun} of {told.subject}"


def _says(words: str) -> Phrase:
    return lambda told: f"{words.format(told.subject)}: {told.quoted(told.output['text'])}."


def _file(words: str) -> Phrase:
    def phrase(told: Told) -> str:
        row = TASKS[told.name]
        return f"{words.format(told.subject)} {told.output[row.gives]}."
    return phrase


def _restyled(told: Told) -> str:
    style = shortened(printable(str(told.result["args"].get("text") or "")), 40)
    return f"{told.subject}, restyled{f' ({style})' if style else ''}, is in {told.output['image']}."


def _answer(told: Told) -> str:
    question = told.result["args"].get("question") or told.result["args"].get("text")
    about = f"The answer to {told.quoted(question)}" if question else "The answer"
    return f"{about} is: {told.quoted(told.output['text'])}."


def _translation(told: Told) -> str:
    target = language(str(told.task["args"].get("target", "")))
    return f"in {target}: {told.quoted(told.output['text'])}."


def _language(told: Told) -> str:
    first = told.output["labels"][0]
    sure = f" (only {percent(first['score'])} sure)" if first["score"] < 0.6 else ""
    return f"{told.subject} is in {language(first['label'])}{sure}."


def _sentiment(told: Told) -> str:
    first = told.output["labels"][0]
    return f"{_of('sentiment', told)} is {printable(first['label'])} ({percent(first['score'])} sure)."


def _labels(told: Told) -> str:
    first, *others = told.output["labels"]
    behind = [f"{one['label']} ({percent(one['score'])})" for one in others[:2]]
    rest = f", before {listed(behind)}" if behind else ""
    return printable(f"for {told.subject}, {told.quoted(first['label'])} fits best ({percent(first['score'])}){rest}.")


def _spans(told: Told) -> str:
    words = [f"{one.get('text') or one.get('label')}" + (f" ({one['label']})" if one.get("text") and one.get("label")
             else "") for one in told.output["data"]]
    return printable(f"found in {told.subject}: {listed(words[:12])}{_more(words, 12)}.")


def _keywords(told: Told) -> str:
    words = [" ".join(str(one.get("text") or one.get("label")).split()) for one in told.output["data"]]
    return printable(f"{_of('keywords', told)} are: {', '.join(words[:15])}{_more(words, 15)}.")


def _speech_parts(told: Told) -> str:
    parts = [f"{one['start']:.1f} to {one['end']:.1f} s" for one in told.output["data"]]
    whole = sum(one["end"] - one["start"] for one in told.output["data"])
    many = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    where = f"{', '.join(parts[:10])}{_more(parts, 10)}"
    return f"there is speech in {many} of {told.subject}, {whole:.1f} s in all: {where}."


def _more(items: list[Any], shown: int) -> str:
    return f" and {len(items) - shown} more" if len(items) > shown else ""


_ALIKE = ((0.9, "nearly the same in meaning"), (0.7, "very similar"), (0.5, "similar in part"), (0.3, "little alike"),
          (-2.0, "not alike"))


def _similarity(told: Told) -> str:
    score = told.output["scores"][0]
    words = next(words for limit, words in _ALIKE if score >= limit)
    return f"the two texts are {words}: {score:.2f}, where 1 is the same and 0 is unrelated."


def _codes(told: Told) -> str:
    number, text = len(told.output["boxes"]), told.output.get("text", "")
    if number > 1:
        return f"the {number} codes in {told.subject} say: {listed([told.quoted(one) for one in text.splitlines()])}."
    return f"the code in {told.subject} says: {told.quoted(text)}."


def _boxes(told: Told) -> str:
    labels = [one["label"] for one in told.output["boxes"]]
    counts = [f"{labels.count(label)} x {label}" for label in dict.fromkeys(labels)]
    return printable(f"found in {told.subject}: {listed(counts[:12])}{_more(counts, 12)}.")


def _regions(told: Told) -> str:
    number = len(told.output["data"])
    picture = told.output.get("image")
    drawn = f"; they are drawn in {picture}" if picture and os.path.isfile(picture) else ""
    return f"{told.subject} is divided into {number} {'region' if number == 1 else 'regions'}{drawn}."


def _vector(told: Told) -> str:
    vector = told.output["data"]
    while vector and isinstance(vector[0], list):
        vector = vector[0]
    begin = ", ".join(f"{number:.3f}" for number in vector[:3])
    return f"{told.subject} as a vector has {len(vector)} numbers, beginning with {begin}."


COUNTS: dict[str, tuple[str, str]] = {"face-detection": ("face", "faces")}
"""Tasks whose results are told as numbers, several in one sentence."""

_NONE: dict[str, str] = {
    "ocr": "No text was found in {}.", "automatic-speech-recognition": "No speech was found in {}.",
    "voice-activity-detection": "No speech was found in {}.", "barcode-detection": "No code was found in {}.",
    "token-classification": "No names were found in {}.", "keyword-extraction": "No keywords were found in {}.",
    "object-detection": "No objects were found in {}.",
    "document-question-answering": "The answer was not found in {}.",
    "question-answering": "The answer was not found in {}."}

_BY_OUTPUT: dict[str, Phrase] = {
    "text": _says("the result for {} is"), "labels": _labels, "spans": _spans, "boxes": _boxes, "masks": _regions,
    "scores": _similarity, "vectors": _vector, "image": _file("the picture is in"), "audio": _file("the sound is in"),
    "video": _file("the video is in")}

PHRASES: dict[str, Phrase] = {
    "ocr": _says("the text in {} says"), "automatic-speech-recognition": _says("the speech in {} says"),
    "summarization": _says("in short"), "translation": _translation, "question-answering": _answer,
    "document-question-answering": _answer, "visual-question-answering": _answer, "table-question-answering": _answer,
    "image-to-text": _says("{} shows"), "language-identification": _language, "text-classification": _sentiment,
    "keyword-extraction": _keywords, "voice-activity-detection": _speech_parts, "barcode-detection": _codes,
    "image-upscaling": _file("{}, enlarged, is in"), "image-to-image": _restyled,
    "canny-control": _file("the edges of {} are drawn in"), "lineart-control": _file("the lines of {} are drawn in"),
    "text-to-speech": _file("{} is read aloud in"), "audio-to-audio": _file("{}, cleaned, is in"),
    "video-dubbing": _file("the dubbed video is in")}
