"""The league's file: SQLite, one row per competition and one per candidate, safe under several processes.

Every use opens the file, does one short transaction and closes it; SQLite's own locks order the processes. A file that
is not a league, is of another version, or is damaged is never written to.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from compegpt.errors import StorageError
from compegpt.league.match import Entry, Match

VERSION = 1
LEAGUE = 0x434C4755
"""SQLite's application id of a league, so that no other program's file is taken for one."""
PATIENCE = 10.0
"""Seconds that a use waits for those of other processes."""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS competitions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, winner TEXT, agreement REAL, confidence REAL,
    rounds INTEGER NOT NULL, k INTEGER NOT NULL, time REAL NOT NULL, first REAL);
CREATE TABLE IF NOT EXISTS candidates (
    competition INTEGER NOT NULL REFERENCES competitions (id), expert TEXT NOT NULL, family TEXT NOT NULL,
    status TEXT NOT NULL, seconds REAL NOT NULL, score REAL, won INTEGER NOT NULL, tied INTEGER NOT NULL,
    confidence REAL);
CREATE INDEX IF NOT EXISTS by_task ON competitions (task, id);
CREATE INDEX IF NOT EXISTS by_competition ON candidates (competition);
PRAGMA application_id = {LEAGUE};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_READ = """
SELECT one.id, one.winner, one.agreement, one.confidence, one.rounds, one.time, one.first,
       expert, family, status, seconds, score, won, tied, candidates.confidence
FROM (SELECT * FROM competitions WHERE task = ? AND id > ? ORDER BY id DESC LIMIT ?) AS one
LEFT JOIN candidates ON competition = one.id ORDER BY one.id, candidates.rowid
"""


class Ledger:
    """Competitions in a file, or in memory for None. Every method raises StorageError, which names the file."""

    def __init__(self, path: Path | None, patience: float = PATIENCE) -> None:
        """`patience`: seconds that a use waits for other processes."""
        self.path, self._patience = path, patience
        self._sound = False
        self._kept: sqlite3.Connection | None = None
        if path is None:
            self._kept = sqlite3.connect(":memory:", check_same_thread=False)
            self._kept.executescript(_SCHEMA)

    def add(self, matches: Sequence[Match]) -> None:
        """Write competitions, all or none of them."""
        with self._opened(writing=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for match in matches:
                key = connection.execute(
                    "INSERT INTO competitions (task, winner, agreement, confidence, rounds, k, time, first) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (match.task, match.winner, match.agreement, match.confidence,
                                                     match.rounds, match.k, match.time, match.first)).lastrowid
                connection.executemany("INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                       [(key, *astuple(entry)) for entry in match.entries])
            connection.execute("COMMIT")

    def matches(self, task: str, after: int = 0, latest: int = 600) -> list[tuple[int, Match]]:
        """The latest competitions of a task beyond the number `after`, oldest first, with their numbers."""
        with self._opened() as connection:
            rows = connection.execute(_READ, (task, after, latest)).fetchall() if connection else []
        found: dict[int, list[Any]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        return [(key, _match(task, group)) for key, group in found.items()]

    def tasks(self) -> list[str]:
        """The task types that have competitions, by name."""
        with self._opened() as connection:
            rows = connection.execute("SELECT DISTINCT task FROM competitions ORDER BY task").fetchall()
        return [row[0] for row in rows]

    def check(self) -> None:
        """Raises StorageError where the file is damaged anywhere. Reads all of it."""
        with self._opened() as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if said != "ok":
                raise sqlite3.DatabaseError(said)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()

    @contextlib.contextmanager
    def _opened(self, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection to a sound league; for reading, one to an empty league in memory where there is no file yet."""
        if self._kept is not None:
            with self._told():
                yield self._kept
            return
        with self._told(), contextlib.closing(self._connection(writing)) as connection:
            yield connection

    def _connection(self, writing: bool) -> sqlite3.Connection:
        assert self.path is not None
        empty = not self.path.exists() or self.path.stat().st_size == 0
        if empty and not writing:
            memory = sqlite3.connect(":memory:")
            memory.executescript(_SCHEMA)
            return memory
        if empty:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = "rwc" if writing else "ro"
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=self._patience,
                                     isolation_level=None, check_same_thread=False)
        try:
            self._checked(connection, writing)
        except BaseException:  # whatever it is goes on; the file must not stay open
            connection.close()
            raise
        return connection

    def _checked(self, connection: sqlite3.Connection, writing: bool) -> None:
        """Make the tables of a new file; raises sqlite3.DatabaseError, StorageError for one that is no sound league."""
        version, league = _pragma(connection, "user_version"), _pragma(connection, "application_id")
        if (version, league) == (0, 0) and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            connection.executescript(_SCHEMA)
        elif league != LEAGUE:
            raise StorageError(f"'{self.path}' is not a league of CompeGPT; move it away, and a new one begins.")
        elif version != VERSION:
            raise StorageError(f"The league '{self.path}' is of version {version}, this CompeGPT reads version "
                               f"{VERSION}: use the CompeGPT that wrote it, or move it away, and a new one begins.")
        if writing and not self._sound:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if said != "ok":
                raise sqlite3.DatabaseError(said)
            self._sound = True

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong as a StorageError that names the file and what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StorageError(f"The league '{self.path}' cannot be used now ({error}); see that its folder can be "
                               "written and has room, or set COMPEGPT_LEAGUE=off.") from error
        except sqlite3.DatabaseError as error:
            what = " ".join(str(error).split())[:200]
            raise StorageError(f"The league '{self.path}' is damaged ({what}); move it away, and a new one "
                               "begins.") from error
        except OSError as error:
            raise StorageError(f"The league '{self.path}' cannot be used ({error.strerror}); see that its folder can "
                               "be written and has room, or set COMPEGPT_LEAGUE=off.") from error


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _match(task: str, rows: Sequence[Sequence[Any]]) -> Match:
    _, winner, agreement, sure, rounds, time, first, *_ = rows[0]
    candidates = (row[7:] for row in rows if row[7])
    entries = tuple(Entry(expert, family, status, seconds, score, bool(won), bool(tied), confidence)
                    for expert, family, status, seconds, score, won, tied, confidence in candidates)
    return Match(task, entries, winner, agreement, sure, rounds, time, first)
