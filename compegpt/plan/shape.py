"""What the planner's network tells apart: task types by number, and kinds of what a task takes."""

from __future__ import annotations

from compegpt.tasks import TASKS

TYPES: tuple[str, ...] = tuple(sorted(TASKS))
"""Task types in the order of the network's outputs."""
NUMBER_OF: dict[str, int] = {name: number for number, name in enumerate(TYPES)}
