"""How well a picture that was made explains the picture it was made from: a row per task type in FIDELITY.

Criteria without a reference, from the literature on each task. In [0, 1], None where it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compegpt.schema import Output

Args = Mapping[str, Any]

FIDELITY: dict[str, Callable[[Output, Args], float | None]] = {}


def fidelity(task: str, output: Output, args: Args) -> float | None:
    """How well the output fits the task's input picture; None for task types without a criterion."""
    criterion = FIDELITY.get(task)
    return criterion(output, args) if criterion else None
