"""Ends what a model computes when nobody waits for it any more, and before the process ends.

A thread cannot be stopped from outside, and one that is inside torch when the interpreter goes takes the process down
with an abort. So every module that is about to run looks whether its thread is still wanted.
"""

from __future__ import annotations

import atexit
import functools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compegpt.errors import ExpertError

PATIENCE = 5.0
"""Seconds that the end of the process waits for threads that load or compute."""

_here = threading.local()
_running: dict[threading.Thread, threading.Event] = {}


class Stopped(ExpertError):
    """Its caller has gone."""


@contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """In a thread: models that run inside raise Stopped once `stop` is set."""
    if "torch" in sys.modules:
        _watch()
    thread = threading.current_thread()
    _here.stop = _running[thread] = stop
    try:
        yield
    finally:
        del _running[thread], _here.stop


@functools.cache
def _watch() -> Any:
    from torch.nn.modules.module import register_module_forward_pre_hook

    return register_module_forward_pre_hook(_look)


def _look(module: Any, inputs: Any) -> None:
    stop = getattr(_here, "stop", None)
    if stop is not None and stop.is_set():
        raise Stopped("It was stopped: nobody waits for it any more.")


@atexit.register
def _leave() -> None:
    """Tell all that run to stop, and wait for them."""
    end = time.monotonic() + PATIENCE
    for thread, stop in [*_running.items()]:
        stop.set()
        thread.join(max(end - time.monotonic(), 0.0))
