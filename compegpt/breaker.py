"""Which experts rest because calling them is pointless for a while; one breaker serves the whole process.

An expert that is gone (refused, not served, out of credit) rests at once; one that was unavailable or silent several
times in a row rests after that. One success closes it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from compegpt.errors import AuthenticationError, ExpertGone, ExpertTimeout, ExpertUnavailable

GONE, SHAKY = 600.0, 60.0
"""Seconds of rest for an expert that is gone, and for one that failed TRIES times in a row."""
TRIES = 3
_AT_ONCE = {ExpertGone.code, AuthenticationError.code}
_IN_A_ROW = {ExpertUnavailable.code, ExpertTimeout.code}


@dataclass
class Breaker:
    """Keys are `(expert id, task)`; times are `clock()` seconds."""

    clock: Callable[[], float] = time.monotonic
    _failures: dict[tuple[str, str], int] = field(default_factory=dict)
    _until: dict[tuple[str, str], float] = field(default_factory=dict)
    _why: dict[tuple[str, str], str] = field(default_factory=dict)

    def resting(self, expert: str, task: str) -> str | None:
        """Why it rests now, in one phrase; None where it may be called."""
        key = (expert, task)
        return self._why.get(key) if self._until.get(key, 0.0) > self.clock() else None

    def record(self, expert: str, task: str, code: str | None, error: str | None = None) -> None:
        """What came of a call: `code` is that of the error (`errors.CompeGPTError.code`), None for a success.

        Errors that say nothing about the next call (the input's fault, a crash on this input) change nothing.
        """
        key = (expert, task)
        if code is None:
            self._failures.pop(key, None)
            self._until.pop(key, None)
        elif code in _AT_ONCE:
            self._rest(key, GONE, error)
        elif code in _IN_A_ROW:
            self._failures[key] = self._failures.get(key, 0) + 1
            if self._failures[key] >= TRIES:
                self._rest(key, SHAKY, error)

    def _rest(self, key: tuple[str, str], seconds: float, error: str | None) -> None:
        self._until[key] = self.clock() + seconds
        self._why[key] = f"{key[0]} rests after: {error or 'failing'}"[:300]
