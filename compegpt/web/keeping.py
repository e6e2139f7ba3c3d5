"""Whole turns beside their thread's files: a thread's history holds the winners alone, a page shows the losers as well.

They are deleted with the thread. One that cannot be kept or read is shown without its losers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from pathlib import Path

from compegpt.media.places import Places
from compegpt.schema import Result, Turn

FOLDER = "turns"
log = logging.getLogger(__name__)


def keep(places: Places, thread: str, turn: Turn) -> None:
    """Write a turn's results with all their candidates."""
    path = _path(places, thread, turn)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(turn["results"]), encoding="ascii")
        fresh.replace(path)
    except OSError as error:
        log.warning("a turn of a thread is kept without its losers: %s", error)


def whole(places: Places, thread: str, turn: Turn) -> Turn:
    """A turn of a thread's history as it was when it ended, where that is kept."""
    with contextlib.suppress(OSError, ValueError):
        results: list[Result] = json.loads(_path(places, thread, turn).read_text(encoding="ascii"))
        return {**turn, "results": results}
    return turn


def _path(places: Places, thread: str, turn: Turn) -> Path:
    told = json.dumps([turn["request"]["text"], turn["request"]["files"], turn["answer"]])
    return places.thread(thread) / FOLDER / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"
