"""What a chat model is asked for each task type: a row in ASKS.

To add a task type that a chat model can do: say the job in `prompts/expert_jobs.json`, add a row with the reader of the
reply (in `answers.py` or `lists.py`), the args that are its material, and where the reply is JSON its form; then a row
in the table of the test.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compegpt.errors import InputError
from compegpt.languages import LANGUAGES
from compegpt.llm.protocol import Message
from compegpt.printable import printable
from compegpt.prompts import data, render
from compegpt.schema import Finding
from compegpt.sources.chat import answers, lists, pictures
from compegpt.sources.hub.tables import columns

LONGEST = 100_000
"""Characters of material that a model is given."""
_CLOSING = re.compile(r"<\s*/\s*([\w-]+)", re.ASCII)

Args = Mapping[str, Any]
Read = Callable[[str, Args], Finding]
"""(reply, args) -> output; raises ExpertError where the reply is no answer."""


@dataclass(frozen=True)
class Ask:
    """How one task type is put to a model."""

    read: Read
    material: tuple[str, ...] = ("text",)
    """Args that stand between tags, the one that is cut when all is too long last."""
    picture: bool = False
    """Whether it is shown the picture of `args["image"]`."""
    form: Mapping[str, Any] | None = None
    """An example of the JSON that is wanted: its keys, and one item of each list; None for plain text."""
    free: bool = False
    """The text is itself the instruction."""


@dataclass(frozen=True)
class Asked:
    """One task as it goes to a model."""

    messages: list[Message]
    schema: dict[str, Any] | None
    read: Read
    note: str | None
    """What was left out."""


def asked(task: str, args: Args) -> Asked:
    """The conversation that puts a task with these args to a model. Blocking: pictures are decoded and encoded.

    Raises KeyError for a task type that is none of ASKS, InputError for args that cannot be put to a model.
    """
    ask = ASKS[task]
    if task == "fill-mask" and not lists.MASK.search(str(args["text"])):
        raise InputError("The text has no [MASK]; put it where the word is missing.")
    words = _words(args)
    job = re.sub(r"\{(\w+)\}", lambda name: words[name[1]], _jobs()[task])
    told, note = _free(args) if ask.free else _material(ask, args)
    content = [{"type": "text", "text": told}, pictures.part(args["image"])] if ask.picture else told
    system = (render("expert_free", job=job) if ask.free else render("expert_text", job=job) if ask.form is None
              else render("expert_json", job=job, form=json.dumps(ask.form)))
    messages: list[Message] = [{"role": "system", "content": system}, {"role": "user", "content": content}]
    return Asked(messages, _schema(task, ask.form, args) if ask.form else None, ask.read, note)


@functools.cache
def _jobs() -> dict[str, str]:
    """What a model is told to do for each task type; `{name}` where a word of `_words` goes."""
    jobs: dict[str, str] = data("expert_jobs")
    return jobs


def _words(args: Args) -> dict[str, str]:
    language = {name: LANGUAGES.get(str(args.get(name)), str(args.get(name))) for name in ("source", "target",
                                                                                         "language")}
    sentences = _number(args.get("sentences"))
    return {"target": language["target"], "from": f" from {language['source']}" if args.get("source") else "",
            "in": f" in {language['language']}" if args.get("language") else "",
            "sentences": f" in at most {sentences} sentence{'s' * (sentences != 1)}" if sentences else "",
            "count": str(_number(args.get("count")) or 10)}


def _number(given: Any) -> int | None:
    """The whole number that an arg says ("3", "3 sentences")."""
    found = re.search(r"\d{1,3}", str(given))
    return int(found[0]) if found and int(found[0]) else None


def _free(args: Args) -> tuple[str, str | None]:
    text = printable(str(args["text"]))
    return text[:LONGEST], _left_out(len(text[:LONGEST]), len(text))


def _material(ask: Ask, args: Args) -> tuple[str, str | None]:
    """The args between tags that none of them can close, and what was cut of them."""
    texts = {name: printable(_TOLD.get(name, _as_it_is)(args[name])) for name in ask.material if name in args}
    closed = {name.lower() for text in texts.values() for name in _CLOSING.findall(text)}
    blocks, note, room = [], None, LONGEST
    for name, text in texts.items():
        kept = text[:room]
        note = _left_out(len(kept), len(text)) or note
        room -= len(kept)
        tag = next(tag for tag in (name, *(f"{name}-{n}" for n in range(2, len(closed) + 3))) if tag not in closed)
        blocks.append(f"<{tag}>\n{kept}\n</{tag}>")
    return "\n\n".join(blocks) or "Here is the picture.", note


def _left_out(kept: int, length: int) -> str | None:
    return f"Only the first {kept:,} of {length:,} characters were given to the model." if kept < length else None


def _as_it_is(given: Any) -> str:
    return str(given)


def _table(given: Any) -> str:
    made, out = columns(given), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(made)
    writer.writerows(zip(*made.values(), strict=True))
    return out.getvalue()


_TOLD: dict[str, Callable[[Any], str]] = {
    "table": _table, "labels": lambda given: json.dumps([str(one) for one in given], ensure_ascii=False)}


def _schema(task: str, form: Mapping[str, Any], args: Args) -> dict[str, Any]:
    """The JSON schema of a form, strict enough for servers that want every object closed and every key required."""
    chosen = _CHOICES[task](args) if task in _CHOICES else []
    return {"title": task.replace("-", "_"), **_typed(form, "", chosen)}


def _typed(example: Any, name: str, chosen: list[str]) -> dict[str, Any]:
    if isinstance(example, Mapping):
        return {"type": "object", "additionalProperties": False, "required": list(example),
                "properties": {key: _typed(value, key, chosen) for key, value in example.items()}}
    if isinstance(example, list):
        return {"type": "array", "items": _typed(example[0], name, chosen)}
    if isinstance(example, str):
        return {"type": "string", "enum": chosen} if name == "label" and chosen else {"type": "string"}
    return {"type": "number"}


_CHOICES: dict[str, Callable[[Args], list[str]]] = {
    "text-classification": lambda args: list(lists.SENTIMENTS),
    "token-classification": lambda args: list(lists.ENTITIES),
    **dict.fromkeys(("zero-shot-classification", "zero-shot-image-classification"),
                    lambda args: list(dict.fromkeys(str(label) for label in args["labels"])))}
"""The only labels that a task may give."""

_LABELS = {"labels": [{"label": "...", "score": 0.9}]}
ASKS: dict[str, Ask] = {
    "fill-mask": Ask(lists.words, form={"words": [{"word": "...", "score": 0.9}]}),
    "text-classification": Ask(lists.sentiment, form=_LABELS),
    "zero-shot-classification": Ask(lists.offered, ("labels", "text"), form=_LABELS),
    "language-identification": Ask(lists.languages, form={"labels": [{"label": "en", "score": 0.9}]}),
    "token-classification": Ask(lists.entities, form={"entities": [{"text": "...", "label": "PER", "score": 0.9}]}),
    "keyword-extraction": Ask(lists.keywords, form={"keywords": [{"text": "...", "score": 0.9}]}),
    "sentence-similarity": Ask(lists.similarity, ("other", "text"), form={"similarity": 0.5}),
    "tabular-classification": Ask(lists.classes, ("table",), form={"classes": ["..."]}),
    "summarization": Ask(answers.composed),
    "translation": Ask(answers.translated),
    "question-answering": Ask(answers.found, ("question", "context")),
    "table-question-answering": Ask(answers.found, ("question", "table")),
    "text-generation": Ask(answers.written, free=True),
    "text2text-generation": Ask(answers.written, free=True),
    "conversational": Ask(answers.spoken, free=True),
    "image-to-text": Ask(answers.composed, (), picture=True),
    "visual-question-answering": Ask(answers.composed, picture=True),
    "document-question-answering": Ask(answers.found, picture=True),
    "ocr": Ask(answers.read, (), picture=True),
    "image-classification": Ask(lists.labels, (), picture=True, form=_LABELS),
    "zero-shot-image-classification": Ask(lists.offered, ("labels",), picture=True, form=_LABELS),
}
