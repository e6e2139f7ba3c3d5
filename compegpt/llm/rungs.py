"""Ways to hold a model to a JSON schema, best first, and which of them a server is known to take.

A server that refuses a rung is asked on the next one; the rung that worked is remembered for the process and, in
`llm.json` of the data directory, for the next one. Nothing secret is in that file: addresses stand as hashes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from compegpt.llm.failures import status_of, words
from compegpt.llm.protocol import Message

Rung = Literal["json_schema", "tools", "json_mode", "plain"]
REMEMBERED = 30 * 24 * 3600.0
"""Seconds; servers learn, so after these the best rung is tried again."""

_REFUSALS = frozenset({400, 404, 415, 422, 501})
_NAMES_IT = re.compile(r"response_format|json_schema|json_object|structured|grammar|tool", re.IGNORECASE)
_NOT_THE_RUNG = re.compile(r"model\S* .*(not found|does ?n.t exist|does not exist)|model_not_found|unknown model|"
                           r"context.length|too long", re.IGNORECASE)
_TOLD = "Answer with nothing but one JSON object that fits this JSON schema:\n"


def refused(error: Exception, what: re.Pattern[str] = _NAMES_IT) -> bool:
    """Whether the server may take the same request without the feature that `what` names."""
    status, said = status_of(error), words(error)
    if status is None or status in (401, 402, 403, 429):
        return False
    return bool(what.search(said)) or (status in _REFUSALS and not _NOT_THE_RUNG.search(said))


def request(rung: Rung, messages: Sequence[Message], schema: Mapping[str, Any]
            ) -> tuple[Sequence[Message], dict[str, Any]]:
    """Messages and body fields of OpenAI's protocol that ask for JSON by this schema on this rung."""
    return _REQUESTS[rung](messages, schema)


def _by_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Sequence[Message], dict[str, Any]]:
    form = {"name": _name(schema), "schema": schema, "strict": strict(schema)}
    return messages, {"response_format": {"type": "json_schema", "json_schema": form}}


def _by_tool(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Sequence[Message], dict[str, Any]]:
    function = {"name": _name(schema), "description": str(schema.get("description", "")), "parameters": schema}
    return messages, {"tools": [{"type": "function", "function": function}],
                      "tool_choice": {"type": "function", "function": {"name": _name(schema)}}}


def _by_mode(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Sequence[Message], dict[str, Any]]:
    return _told(messages, schema), {"response_format": {"type": "json_object"}}


def _by_words(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Sequence[Message], dict[str, Any]]:
    return _told(messages, schema), {}


_REQUESTS: dict[Rung, Callable[[Sequence[Message], Mapping[str, Any]], tuple[Sequence[Message], dict[str, Any]]]] = {
    "json_schema": _by_schema, "tools": _by_tool, "json_mode": _by_mode, "plain": _by_words}


def strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed and every property required."""
    if isinstance(schema, Mapping):
        if "properties" in schema or schema.get("type") == "object":
            closed = schema.get("additionalProperties") is False
            if not closed or set(schema.get("required", ())) != set(schema.get("properties", ())):
                return False
        return all(strict(part) for part in schema.values())
    return not isinstance(schema, list) or all(strict(part) for part in schema)


def _name(schema: Mapping[str, Any]) -> str:
    return re.sub(r"\W+", "_", str(schema.get("title", "")), flags=re.ASCII)[:64] or "answer"


def _told(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The schema at the end of the system message, which many chat templates allow only one of."""
    told = _TOLD + json.dumps(schema)
    if messages and messages[0]["role"] == "system" and isinstance(messages[0]["content"], str):
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}, *messages[1:]]
    return [{"role": "system", "content": told}, *messages]


class Habits(BaseModel):
    """What is known of one model on one server."""

    rung: str | None = None
    stream_usage: bool = True
    """Whether it takes `stream_options`."""
    stream: bool = True
    """Whether it streams at all."""
    at: float = 0.0
    """Unix time when this was learnt."""


class Memory:
    """The habits of all servers; a file that cannot be read or written costs a request more, never an error."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = self._read()

    def of(self, model: str, address: str) -> Habits:
        """A copy of what is known of the model at this base address."""
        habits = self._known.get(_key(model, address))
        fresh = habits is not None and time.time() - habits.at < REMEMBERED
        return habits.model_copy() if habits is not None and fresh else Habits()

    def learn(self, model: str, address: str, **facts: Any) -> None:
        """Remember fields of Habits that turned out so."""
        habits = self.of(model, address)
        if all(getattr(habits, name) == value for name, value in facts.items()):
            return
        learnt = habits.model_copy(update={**facts, "at": time.time()})
        self._known = {**self._read(), **self._known, _key(model, address): learnt}
        self._write()

    def _read(self) -> dict[str, Habits]:
        try:
            raw = json.loads(self._file.read_text())
            return {key: Habits.model_validate(value) for key, value in raw.items()}
        except (OSError, ValueError, AttributeError, RecursionError, ValidationError):
            return {}

    def _write(self) -> None:
        scratch = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps({key: habits.model_dump() for key, habits in self._known.items()}, indent=1))
            scratch.replace(self._file)
        except OSError:
            return


def _key(model: str, address: str) -> str:
    return f"{model} {hashlib.sha256(address.encode()).hexdigest()[:12]}"


@functools.cache
def memory(data_dir: Path) -> Memory:
    """The one memory of a process for this data directory."""
    return Memory(data_dir / "llm.json")
