"""Events as plain data, for clients that follow a run."""

from __future__ import annotations

from typing import Any

from compegpt.events import Event, Responded


def told(event: Event) -> dict[str, Any]:
    """An event as plain data, with paths; `type` is its name in lower case."""
    name = type(event).__name__.lower()
    if isinstance(event, Responded):
        return {"type": name, "answer": event.turn["answer"]}
    return {"type": name, **vars(event)}
