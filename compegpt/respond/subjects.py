"""What a result is about, in a few words: the file it began with, the text given, or what was said just before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compegpt.printable import printable, shortened
from compegpt.schema import REFERENCE, Task
from compegpt.tasks import TASKS

_MEDIA = ("image", "video", "audio")
_MADE: dict[str, str] = {
    "ocr": "the text in {}", "automatic-speech-recognition": "the speech in {}", "translation": "the translation",
    "summarization": "the summary", "image-to-text": "the description of {}", "image-upscaling": "{} (enlarged)",
    "audio-to-audio": "{} (cleaned)", "canny-control": "the edge picture of {}", "text-to-speech": "the speech",
    "question-answering": "the answer", "barcode-detection": "the code in {}"}
"""What a task makes, as the subject of a sentence about the next task."""


def subject(task: Task, plan: Sequence[Task], brief: bool = True) -> str:
    """ "receipt.png", "the text", "the text in receipt.png"; where brief, "it" if the plan makes only one text."""
    return _subject(task, {one["id"]: one for one in plan}, brief)


def root_file(task: Task, plan: Sequence[Task]) -> str | None:
    """Name of the first file that a chain of tasks begins with."""
    by_id = {one["id"]: one for one in plan}
    for _ in plan:
        value = _main(task)
        found = REFERENCE.search(value)
        if found is None:
            return _named(value) if any(kind in task["args"] for kind in _MEDIA) or _is_file(value) else None
        producer = by_id.get(int(found[1]))
        if producer is None:
            return None
        task = producer
    return None


def _subject(task: Task, by_id: Mapping[int, Task], brief: bool) -> str:
    value = _main(task)
    references = [int(number) for number in REFERENCE.findall(value)]
    if not references:
        if any(kind in task["args"] for kind in _MEDIA) or _is_file(value):
            return _named(value)
        return "the table" if "table" in task["args"] else "the text"
    producer = by_id.get(references[0])
    if producer is None or len(references) > 1:
        return "the text"
    texts = [one for one in by_id.values() if TASKS[one["task"]].output == "text"]
    if brief and texts == [producer]:
        return "it"
    made = _MADE.get(producer["task"], f"the result of {producer['task']} on {{}}")
    return made.format(_subject(producer, by_id, brief=False)) if "{}" in made else made


def _main(task: Task) -> str:
    """The argument a task works on."""
    args = task["args"]
    for name in (*_MEDIA, "context", "text", "question", "table"):
        if isinstance(args.get(name), str):
            return str(args[name])
    return ""


def _named(value: str) -> str:
    return shortened(printable(Path(value).name or value), 60)


def _is_file(value: str) -> bool:
    return "\n" not in value and len(value) < 300 and Path(value).suffix.lower() in {".txt", ".md", ".csv", ".json"}
