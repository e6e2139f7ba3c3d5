"""Words that give a task away, and how strongly: the table `cues.toml`, read once."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path

from compegpt.plan.languages import NAME
from compegpt.tasks import TASKS

MOST = 0.8
"""The most that the cues of one task add up to."""
_TOML = Path(__file__).with_name("cues.toml")
Cue = tuple[str, float, re.Pattern[str], str | None]


def cues(clause: str, kinds: frozenset[str]) -> dict[str, float]:
    """Weight of each task's cues in a masked clause about things of these kinds; more, the earlier they stand."""
    lowered = clause.lower()
    found: dict[str, float] = {}
    for task, weight, pattern, kind in table():
        heard = kind == "audio" and "video" in kinds and task != "audio-classification"
        if (kind is None or kind in kinds or heard) and (match := pattern.search(lowered)):
            best = found.get(task, 0.0)
            weight += .1 * (1 - match.start() / len(lowered))
            found[task] = min(MOST, max(best, weight) + .25 * min(best, weight))
    return found


@functools.cache
def table() -> list[Cue]:
    """All rows: task type, weight, pattern, and the kind of thing it is bound to."""
    content = tomllib.loads(_TOML.read_text(encoding="utf-8"))
    words = {name: f"(?:{'|'.join(patterns)})" for name, patterns in content["words"].items()} | {"LANGUAGE": NAME}
    fill = functools.partial(re.sub, r"\{([A-Z]+)\}", lambda name: words[name[1]])
    return [(task, row[0], re.compile("|".join(map(fill, row[1]))), row[2] if len(row) == 3 else None)
            for task, rows in content["cues"].items() if task in TASKS for row in rows]
