"""Results kept row by row while an evaluation runs, so that one that was stopped goes on where it was.

A JSON Lines file: its first line says what the rows were made from, each other line is one row with an `id`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compegpt.errors import InputError

FORM = 1


class Ledger:
    """Rows by id. Opening reads what is there; `add` appends and flushes one row.

    Raises InputError, and writes nothing, where the file is not a ledger, was made from something else (`made_from`),
    or a line other than a half-written last one is broken.
    """

    def __init__(self, path: Path, made_from: Mapping[str, Any]) -> None:
        self.path = path
        self._head = {"ledger": FORM, "made_from": dict(made_from)}
        self.rows: dict[str, dict[str, Any]] = {}
        self._whole = self._read() if path.exists() else 0

    def __contains__(self, name: str) -> bool:
        return name in self.rows

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep one row with an `id`. Raises InputError where it cannot be written."""
        line = json.dumps(dict(row), ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.truncate(self._whole)  # a line that was cut off by a stop goes
                file.seek(self._whole)
                begin = "" if self._whole else json.dumps(self._head, ensure_ascii=False) + "\n"
                file.write((begin + line + "\n").encode("utf-8", "surrogateescape"))
                file.flush()
                with contextlib.suppress(OSError):
                    os.fsync(file.fileno())
                self._whole = file.tell()
        except OSError as error:
            raise InputError(f"'{self.path}' cannot be written: {error.strerror}.") from error
        self.rows[str(row["id"])] = dict(row)

    def _read(self) -> int:
        """Fills `rows`; returns the length in bytes of the lines that are whole."""
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise InputError(f"'{self.path}' cannot be read: {error.strerror}.") from error
        whole = 0
        for number, line in enumerate(lines, 1):
            if number == len(lines) and not line.endswith(b"\n"):
                break
            row = self._parsed(line, number)
            if number == 1:
                self._check(row)
            elif not isinstance(row.get("id"), str):
                raise InputError(f"'{self.path}' line {number}: a row has no id; move the file away to begin anew.")
            else:
                self.rows[row["id"]] = row
            whole += len(line)
        if lines and not whole:
            raise InputError(f"'{self.path}' holds no whole line; move it away to begin anew.")
        return whole

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"'{self.path}' line {number} is no JSON; move the file away to begin anew.") from error
        if not isinstance(row, dict):
            raise InputError(f"'{self.path}' line {number} is no JSON object; move the file away to begin anew.")
        return row

    def _check(self, head: Mapping[str, Any]) -> None:
        if head.get("ledger") != FORM:
            raise InputError(f"'{self.path}' line 1: these are not results of this version; move the file away, or "
                             "name another --output-dir.")
        if head.get("made_from") != json.loads(json.dumps(self._head["made_from"])):
            raise InputError(f"'{self.path}' holds results made from something else ({_short(head.get('made_from'))}); "
                             "move it away, or name another --output-dir.")


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]
