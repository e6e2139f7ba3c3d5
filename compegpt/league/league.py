"""The league of one process: what was learned so far at hand, new competitions written beside the turn.

Nothing here raises: where the file cannot be used, the turn goes on without it, and `complaint` says so once.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from compegpt.errors import StorageError
from compegpt.league.form import Form
from compegpt.league.ledger import Ledger
from compegpt.league.match import Match


class League:
    """Reads and writes one ledger; may be used from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._forms: dict[str, tuple[int, Form]] = {}
        """Per task: the number of the last competition that is in, and what all amount to."""
        self._reading, self._lock = threading.Lock(), threading.Lock()
        self._waiting: list[Match] = []
        self._writer: threading.Thread | None = None
        self._complaints: list[str] = []
        self._told: set[str] = set()

    @classmethod
    def at(cls, path: Path) -> League:
        return cls(Ledger(path))

    def form(self, task: str) -> Form:
        """What the recent competitions of a task amount to, those of other processes too. Reads the file."""
        with self._reading:
            last, form = self._forms.get(task, (0, Form()))
            try:
                new = self.ledger.matches(task, last)
            except StorageError as error:
                self._complain(error)
                return form
            for number, match in new:
                last, form = number, form.after(match)
            self._forms[task] = last, form
            return form

    def record(self, match: Match) -> None:
        """Have a competition written; returns at once."""
        with self._lock:
            self._waiting.append(match)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, daemon=True, name="league")
                self._writer.start()

    def settled(self, seconds: float) -> bool:
        """Wait until all is written, so long at most; whether it is."""
        writer = self._writer
        if writer is not None:
            writer.join(seconds)
        return self._writer is None

    def complaint(self) -> str | None:
        """Why the league cannot be used, each reason once; None where there is nothing to tell."""
        with self._lock:
            return self._complaints.pop(0) if self._complaints else None

    def _write(self) -> None:
        while True:
            with self._lock:
                batch, self._waiting = self._waiting, []
                if not batch:
                    self._writer = None
                    return
            try:
                self.ledger.add(batch)
            except StorageError as error:
                self._complain(error)

    def _complain(self, error: StorageError) -> None:
        sentence = str(error)
        with self._lock:
            if sentence not in self._told:
                self._told.add(sentence)
                self._complaints.append(f"{sentence} This turn goes on without it.")
                logging.getLogger(__name__).info("%s", sentence)
