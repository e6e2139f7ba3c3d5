"""Where a thread's files lie: a private folder per thread below its owner's, and ids that only the owner can use.

    artifacts/OWNER/THREAD/TURN/FILE        each but the last a digest or a random number, in hexadecimal

A thread's owner stands before the first "/" of its name; names without one belong to whoever uses this machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from compegpt.errors import InputError, StorageError

UPLOADS = "\0uploads"
"""The thread of what was uploaded and not used yet; no other can have this name."""
MAX_NAME = 120
"""Bytes of a file's name."""
_DIGITS, _RANDOM, _NAME = 24, 32, 12
_ID = re.compile(rf"([0-9a-f]{{{_DIGITS}}})([0-9a-f]{{{_RANDOM}}})([0-9a-f]{{{_NAME}}})")
_UNSAFE = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True)
class Places:
    """The files of all threads below one data directory."""

    data_dir: Path

    def thread(self, thread: str) -> Path:
        """The folder of a thread; it may not exist yet."""
        owner, slash, name = thread.partition("/")
        return self.owner(owner if slash else "") / _digest(name if slash else thread, _DIGITS)

    def owner(self, owner: str) -> Path:
        return self.data_dir / "artifacts" / _digest(owner, _DIGITS)

    def turn(self, thread: str) -> Path:
        """A new folder for what one turn makes."""
        return self.thread(thread) / secrets.token_hex(_RANDOM // 2)

    def forget(self, thread: str) -> bool:
        """Remove all files of a thread; whether there were any."""
        folder = self.thread(thread)
        there = folder.is_dir()
        shutil.rmtree(folder, ignore_errors=True)
        return there

    def id_of(self, path: Path) -> str | None:
        """The unguessable id of a file of any thread; None for any other file."""
        try:
            _, thread, turn, name = path.relative_to(self.data_dir / "artifacts").parts
        except ValueError:
            return None
        return f"{thread}{turn}{_digest(name, _NAME)}" if len(turn) == _RANDOM else None

    def find(self, owner: str, file_id: str) -> Path | None:
        """The file of an id, where it is the owner's."""
        return self._found(self.owner(owner), file_id)

    def key_of(self, path: Path) -> str | None:
        """The owner's folder and the id of a file of any thread, from which alone `at` finds it; None for others."""
        file_id = self.id_of(path)
        return f"{path.parents[2].name}{file_id}" if file_id else None

    def at(self, key: str) -> Path | None:
        """The file of a key."""
        owner = re.fullmatch(rf"([0-9a-f]{{{_DIGITS}}})(.+)", key)
        return self._found(self.data_dir / "artifacts" / owner[1], owner[2]) if owner else None

    def _found(self, owner: Path, file_id: str) -> Path | None:
        parts = _ID.fullmatch(file_id)
        if parts is None:
            return None
        folder = owner / parts[1] / parts[2]
        try:
            return next((path for path in folder.iterdir()
                         if _digest(path.name, _NAME) == parts[3] and path.is_file() and not path.is_symlink()), None)
        except OSError:
            return None

    def arrival(self, owner: str, name: str) -> Path:
        """A path for a file that is being uploaded, alone in a new folder. Raises StorageError."""
        return self._fresh(self.thread(f"{owner}/{UPLOADS}"), name)

    def taken(self, path: Path, thread: str, name: str | None = None) -> Path:
        """A file as the thread's own, under its name: what becomes of `path` does not matter any more.

        Raises InputError where it is gone, StorageError where nothing can be written.
        """
        if path.is_relative_to(self.thread(thread)):
            return path
        target = self._fresh(self.thread(thread), name or path.name)
        try:
            try:
                os.link(path, target)
            except OSError:  # another file system
                shutil.copyfile(path, target)
        except FileNotFoundError as error:
            raise InputError(f"'{path.name}' is not there any more; upload it again.") from error
        except OSError as error:
            raise _unwritable(target, error) from error
        return target

    def sweep(self, older: float) -> None:
        """Remove uploads that nobody used for `older` seconds."""
        for folder in (self.data_dir / "artifacts").glob(f"*/{_digest(UPLOADS, _DIGITS)}/*"):
            try:
                if folder.stat().st_mtime < time.time() - older:
                    shutil.rmtree(folder, ignore_errors=True)
            except FileNotFoundError:
                continue  # another process swept it

    def _fresh(self, folder: Path, name: str) -> Path:
        made = folder / secrets.token_hex(_RANDOM // 2) / safe_name(name)
        try:
            made.parent.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise _unwritable(made, error) from error
        return made


def safe_name(name: str) -> str:
    """A name that means nothing to a shell, a page or a file system, as near to the given one as may be."""
    base = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    base = _UNSAFE.sub("_", base).strip(" .")
    stem, dot, suffix = base.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = base, ""
    stem = stem[:MAX_NAME]
    while len(stem.encode()) > MAX_NAME:
        stem = stem[:-1]
    return f"{stem or 'file'}.{suffix}" if suffix else stem or "file"


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"No file can be written below '{path.parent.parent}' ({error.strerror}); "
                        "free some space or set COMPEGPT_DATA_DIR to another folder.")
