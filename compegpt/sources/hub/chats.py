"""Tasks put to a chat model of the Hub: asked and read as the chat source does, over the Hub's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.schema import Finding
from compegpt.sources.chat.answers import without_thoughts
from compegpt.sources.chat.asks import ASKS, asked
from compegpt.sources.hub import outputs

MOST_TOKENS = 2048
"""Of one reply, thoughts included."""


def messages(task: str, args: Mapping[str, Any]) -> list[Any]:
    """The conversation that puts a task to a model, its picture in it as a data URL."""
    return [dict(message) for message in asked(task, args).messages]


def reply(given: Any, task: str, args: Mapping[str, Any]) -> Finding:
    """The output that a chat completion holds, with the tokens it took.

    Raises ExpertError where there is none, where the model refuses, or where the server's filter held it back.
    """
    choices = given.get("choices") if isinstance(given, Mapping) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise outputs.unreadable("a chat completion", given)
    said = without_thoughts(_content(choices[0].get("message")))
    ended = choices[0].get("finish_reason")
    if ended == "content_filter":
        raise ExpertError("The server's filter held its answer back.")
    if not said:
        raise ExpertError("It used up its tokens on thinking." if ended == "length" else "It gave an empty text.")
    finding = ASKS[task].read(said, args)
    usage = given.get("usage")
    tokens = outputs.number(usage.get("total_tokens")) if isinstance(usage, Mapping) else None
    cut = "Its answer was cut at the limit of tokens." if ended == "length" else None
    notes = [note for note in (finding.note, cut) if note]
    return Finding(finding.output, finding.confidence, finding.empty, " ".join(notes) or None, int(tokens or 0))


def _content(message: Any) -> str:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""
