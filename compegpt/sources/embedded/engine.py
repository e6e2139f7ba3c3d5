"""What an embedded engine is, and how it runs: a table row, a function, and two ways to run it.

To add an engine: write a function `(args, store) -> Finding`, add an `Engine` row to the ENGINES of its module, and a
test on a small real input. A plain `def` runs in a thread of its own; an `async def` must not block: it awaits
`run_program` for a system program and `in_thread` for anything that computes.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding

Args = Mapping[str, Any]
Run = Callable[[Args, Store], Finding] | Callable[[Args, Store], Awaitable[Finding]]


@dataclass(frozen=True)
class Engine:
    name: str
    """Unique within its task; the expert id is `embedded:name`."""
    task: str
    family: str
    """Same algorithm or weights, same family, one vote."""
    run: Run
    modules: tuple[str, ...] = ()
    """Python modules it imports; absent ones make it unavailable."""
    programs: tuple[str, ...] = ()
    """Programs on PATH it calls."""
    fits: Callable[[Args], str | None] | None = None
    """Says why it does not fit these args (a language it lacks), or None where it does."""
    prior: float = 0.5
    """How promising it is before anything is known, in [0, 1]: measured where it was, orders the selection."""
    languages: frozenset[str] | None = None
    licence: str = ""
    install: str = ""
    """How to get it: "pip install ..." or "apt-get install ..."."""
    about: str = ""

    def missing(self) -> list[str]:
        """The modules and programs that are not there."""
        return [name for name in self.modules if not _importable(name)] + [
            name for name in self.programs if shutil.which(name) is None]


def _importable(module: str) -> bool:
    """Whether it is there; one that another thread is loading just now (OpenCV is half there meanwhile) is."""
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except ValueError:
        return True
