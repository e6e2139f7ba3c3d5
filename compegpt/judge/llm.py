"""The language model as arbiter of close calls: the outputs under letters, with their similarity matrix."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from compegpt.llm.excerpt import block, cut
from compegpt.llm.protocol import LanguageModel, LLMError, Message
from compegpt.prompts import render
from compegpt.schema import Candidate, Output, Ruling
from compegpt.tasks import TASKS

OUTPUTS, ARGS = 8_000, 4_000
"""Characters that all outputs, and all args, may take together."""
FIRST = 20
"""So many items of a list are told."""
_TOLD = ("text", "labels", "boxes", "data")
"""What of an output is told; files are not."""
_LETTER = re.compile(r"(?:candidate |output )?([a-z])[.):]?", re.IGNORECASE)


class Choice(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")  # a good choice with more keys is still good

    choice: str = Field(description="The letter of the best output, or none.", max_length=20)
    reason: str = Field(default="", description="One short sentence.")


class LLMArbiter:
    """Picks by one call of the language model, at most `seconds` long."""

    def __init__(self, llm: LanguageModel, *, seconds: float = 10.0) -> None:
        self._llm, self._seconds = llm, seconds

    async def pick(self, task: str, args: Mapping[str, Any], candidates: Sequence[Candidate],
                   similarity: Sequence[Sequence[float]]) -> Ruling:
        """Its pick among n candidates (at most 26 are shown); no index where it fails or names none."""
        letters = string.ascii_uppercase[: len(candidates)]
        contest = block(_contest(task, args, candidates, similarity))
        messages: list[Message] = [{"role": "system", "content": render("judge")},
                                   {"role": "user", "content": f"<contest>\n{contest}\n</contest>"}]
        try:
            reply = await self._llm.ask(messages, "judge", schema=_schema(letters), seconds=self._seconds)
        except LLMError as error:
            return Ruling(None, str(error), error.call)
        choice = _read(reply.text)
        if choice is None:
            return Ruling(None, "it did not answer as asked", reply.call)
        letter = _LETTER.fullmatch(choice.choice.strip())
        if choice.choice.strip().lower() == "none":
            return Ruling(None, choice.reason or "it cannot tell", reply.call)
        if letter is None or letter[1].upper() not in letters:
            return Ruling(None, f"it chose '{cut(choice.choice, 20)}', which is none of the candidates", reply.call)
        return Ruling(letters.index(letter[1].upper()), choice.reason or "no reason given", reply.call)


def _schema(letters: str) -> dict[str, Any]:
    return {"title": "ruling", "type": "object", "additionalProperties": False, "required": ["choice", "reason"],
            "properties": {"choice": {"type": "string", "enum": [*letters, "none"]}, "reason": {"type": "string"}}}


def _read(text: str) -> Choice | None:
    """The first JSON object in the text that is a choice, whatever stands around it."""
    for found in itertools.islice(re.finditer(r"\{", text), FIRST):
        with contextlib.suppress(ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
            return Choice.model_validate(json.JSONDecoder().raw_decode(text, found.start())[0])
    return None


def _contest(task: str, args: Mapping[str, Any], candidates: Sequence[Candidate],
             similarity: Sequence[Sequence[float]]) -> dict[str, Any]:
    room = OUTPUTS // len(candidates)
    return {"task": task, "does": TASKS[task].title,
            "args": {name: _told(value, ARGS // len(args)) for name, value in args.items()},
            "candidates": {letter: _output(one["output"] or {}, room)
                           for letter, one in zip(string.ascii_uppercase, candidates, strict=False)},
            "similarity": [[round(float(value), 2) for value in line] for line in similarity]}


def _output(output: Output, room: int) -> dict[str, Any]:
    told = {key: value for key, value in output.items() if key in _TOLD and value not in (None, [], "")}
    return {key: _told(value, room // len(told)) for key, value in told.items()}


def _told(value: Any, room: int) -> Any:
    """A value in about `room` characters; a file by the kind of its name alone."""
    if isinstance(value, str):
        return f"a {os.path.splitext(value)[1] or 'nameless'} file" if _is_file(value) else cut(value, room)
    if isinstance(value, Mapping):
        items = {key: one for key, one in value.items() if not (isinstance(one, str) and _is_file(one))}
        return {key: _told(one, room // len(items)) for key, one in items.items()}
    if isinstance(value, list | tuple):
        told = [_told(one, room // min(len(value), FIRST)) for one in value[:FIRST]]
        return told if len(value) <= FIRST else [*told, f"{len(value) - FIRST:,} more"]
    return round(value, 2) if isinstance(value, float) else value


def _is_file(value: str) -> bool:
    return os.path.isabs(value) and "\n" not in value and len(value) < 500
