"""Tasks put to a chat model of the Hub: what it is told, and how its reply becomes an output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.languages import LANGUAGES
from compegpt.schema import Finding
from compegpt.sources.hub import outputs, pictures

MOST_TOKENS = 2048
"""Of one reply, thoughts included."""
NOTHING = "NONE"
"""What a model is told to say where there is no text."""

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCED = re.compile(r"\A```[\w-]*\n(.*?)\n?```\Z", re.DOTALL)
_FREE = "{text}"
_TOLD: dict[str, str] = {
    "text-generation": _FREE, "text2text-generation": _FREE, "conversational": _FREE,
    "summarization": "Summarize the text between the tags{sentences}, in its own language. Give the summary only.\n\n"
                     "<text>\n{text}\n</text>",
    "translation": "Translate the text between the tags{source} into {target}. Give the translation only.\n\n"
                   "<text>\n{text}\n</text>",
    "image-to-text": "Describe this picture in one sentence. Give the description only.",
    "ocr": "Write down all the text in this picture as it stands, line by line. Give the text only; "
           f"where there is none, say {NOTHING}.",
    "visual-question-answering": "{text}\n\nAnswer from the picture, in a few words.",
    "document-question-answering": "{text}\n\nAnswer with the words of the document, and nothing else; "
                                   f"where it does not say, say {NOTHING}.",
}
"""What each task says to the model; pictures are shown with it."""
TASKS = frozenset(_TOLD)
_MAY_BE_NOTHING = ("ocr", "document-question-answering")


def messages(task: str, args: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation that puts a task to a model, its picture in it as a data URL."""
    source, target = (LANGUAGES.get(str(args.get(name)), str(args.get(name))) for name in ("source", "target"))
    words = {"text": str(args.get("text", "")), "target": target,
             "source": f" from {source}" if args.get("source") else "",
             "sentences": f" in at most {args['sentences']} sentences" if args.get("sentences") else ""}
    told = re.sub(r"\{(\w+)\}", lambda name: words[name[1]], _TOLD[task])
    if "image" not in args:
        return [{"role": "user", "content": told}]
    picture = {"type": "image_url", "image_url": {"url": pictures.data_url(args["image"])}}
    return [{"role": "user", "content": [{"type": "text", "text": told}, picture]}]


def reply(given: Any, task: str) -> Finding:
    """The text of a chat completion, without thoughts; with the tokens it took.

    Raises ExpertError where there is none, or where the server's filter held it back.
    """
    choices = given.get("choices") if isinstance(given, Mapping) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise outputs.unreadable("a chat completion", given)
    said = _said(choices[0].get("message"))
    ended = choices[0].get("finish_reason")
    if ended == "content_filter":
        raise ExpertError("The server's filter held its answer back.")
    if not said:
        raise ExpertError("It used up its tokens on thinking." if ended == "length" else "It gave an empty text.")
    nothing = task in _MAY_BE_NOTHING and said.strip(" .`'\"").upper() == NOTHING
    usage = given.get("usage")
    tokens = outputs.number(usage.get("total_tokens")) if isinstance(usage, Mapping) else None
    return Finding({"text": "" if nothing else said[: outputs.LONGEST_TEXT]}, empty=nothing, tokens=int(tokens or 0),
                   note="Its answer was cut at the limit of tokens." if ended == "length" else None)


def _said(message: Any) -> str:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    bare = _THOUGHTS.sub("", content).strip() if isinstance(content, str) else ""
    fenced = _FENCED.match(bare)
    return fenced[1].strip() if fenced else bare
