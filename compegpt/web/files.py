"""Files by unguessable id: what clients send, what runs make, and paths turned into addresses on the way out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import mimetypes
import re
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from compegpt.errors import InputError, StorageError
from compegpt.media.artifacts import media_type
from compegpt.media.fetch import fetch
from compegpt.media.places import Places
from compegpt.schema import Kind
from compegpt.threads import in_thread
from compegpt.web.faults import TooLarge, Unknown

MAX_UPLOAD = 200_000_000
"""Bytes."""
KEPT = 86_400.0
"""Seconds that an upload waits to be used in a thread; after that the thread's deletion decides."""
ADDRESS = "/files/"
DATA = "(data)"
"""What clients read in place of the data directory's path."""
SHOWN = "/shown/"
"""Where pages get files: by an address that nobody guesses, without a key."""
_IDS = re.compile(r"(?:^|/files/)([0-9a-f]{68})(?![0-9a-f])")


@dataclass(frozen=True)
class File:
    """One file of an owner."""

    id: str
    path: Path
    type: str
    """MIME type by content."""

    @property
    def address(self) -> str:
        """Where its owner gets it: `/files/ID/NAME`."""
        return f"{ADDRESS}{self.id}/{quote(self.path.name)}"


class Files:
    """The files of all owners below one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.places = Places(data_dir)
        self.transport: httpx.AsyncBaseTransport | None = None
        """What addresses are fetched by; None for the guarded one."""
        self.root = json.dumps(str(data_dir / "artifacts"))[1:-1]
        """What stands in the JSON of all data that names a file of a thread."""
        root = re.escape(str(data_dir / "artifacts"))
        self._folders = re.compile(rf"({root}/[0-9a-f]{{24}}/[0-9a-f]{{24}}/[0-9a-f]{{32}}/)(.*)", re.DOTALL)

    async def receive(self, owner: str, name: str, pieces: AsyncIterable[bytes]) -> File:
        """Keep an upload; half a file does not stay.

        Raises InputError where it is empty, TooLarge where it is longer than MAX_UPLOAD, StorageError.
        """
        path = await in_thread(self.places.arrival, owner, name)
        size = 0
        try:
            with path.open("xb") as file:
                async for piece in pieces:
                    size += len(piece)
                    if size > MAX_UPLOAD:
                        raise TooLarge(f"A file may have {MAX_UPLOAD // 10**6} MB at most; send a smaller part of it.")
                    await asyncio.to_thread(file.write, piece)
            if not size:
                raise InputError("The file is empty (0 bytes); send one with content.")
        except BaseException as error:  # cancelled or failed, half a file does not stay
            path.unlink(missing_ok=True)
            path.parent.rmdir()
            if isinstance(error, OSError):
                raise StorageError(f"The file cannot be kept ({error.strerror}); free some space.") from error
            raise
        return File(self.places.id_of(path) or "", path, media_type(path))

    async def fetched(self, owner: str, address: str, kind: Kind, stem: str | None = None) -> File:
        """Keep what is at an http or `data:` address, as `stem` and a suffix where that is given.

        Raises InputError; half a file does not stay.
        """
        folder = (await in_thread(self.places.arrival, owner, "file")).parent
        try:
            path = await fetch(address, folder, kind, transport=self.transport)
        except BaseException:  # cancelled or failed, no folder stays; the error goes on
            folder.rmdir()
            raise
        found = media_type(path)
        if stem or not (mimetypes.guess_type(path.name)[0] or "").startswith(f"{kind}/"):
            suffix = mimetypes.guess_extension(found) or f".{found.partition('/')[2]}"
            path = path.rename(path.with_name(f"{stem or path.name}{suffix}"))
        return File(self.places.id_of(path) or "", path, found)

    def find(self, owner: str, reference: str) -> File:
        """The owner's file of an id or of an address with one. Raises Unknown."""
        found = _IDS.search(reference)
        path = self.places.find(owner, found[1]) if found else None
        if path is None:
            raise Unknown("There is no such file, or it is not yours, or it has expired; upload it again.")
        return File(self.places.id_of(path) or "", path, media_type(path))

    def attached(self, owner: str, thread: str, references: Sequence[str]) -> list[str]:
        """Absolute paths of the owner's files as the thread's own. Raises Unknown, StorageError."""
        return [str(self.places.taken(self.find(owner, one).path, thread)) for one in references]

    def delete(self, owner: str, reference: str) -> None:
        """Raises Unknown."""
        path = self.find(owner, reference).path
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others lie in it, or who deleted it at the same time was first
            path.parent.rmdir()

    def address(self, path: str) -> str | None:
        """The address of a file of any thread, for whoever owns it; None for any other file."""
        file_id = self.places.id_of(Path(path))
        return f"{ADDRESS}{file_id}/{quote(Path(path).name)}" if file_id else None

    def shown(self, path: str, name: str | None = None) -> str | None:
        """The address of a file of any thread for a page, which shows no key; None for any other file."""
        key = self.places.key_of(Path(path))
        return f"{SHOWN}{key}/{quote(name or Path(path).name)}" if key else None

    def public(self, value: Any) -> Any:
        """Plain data that JSON can hold, with addresses in place of the paths of threads' files, wherever they stand.

        Null stands for numbers that are none, "?" for halves of letters.
        """
        if isinstance(value, str):
            text = "".join(piece if isinstance(piece, str) else self.address(str(piece)) or "(a file)"
                           for piece in self.pieces(value))
            return text.replace(str(self.places.data_dir), DATA).encode("utf-8", "replace").decode()
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, dict):
            return {self.public(key): self.public(item) for key, item in value.items()}
        return [self.public(item) for item in value] if isinstance(value, list | tuple) else value

    def pieces(self, text: str) -> list[str | Path]:
        """A text cut where the path of a thread's file stands in it."""
        made: list[str | Path] = []
        while found := self._folders.search(text):
            folder, rest = Path(found[1]), found[2]
            try:
                names = [path.name for path in folder.iterdir() if rest.startswith(path.name)]
            except OSError:
                names = []
            name = max(names, key=len, default=re.split(r"[\s'\"<>)]", rest, maxsplit=1)[0])
            made += [text[: found.start()], folder / name if name else "(a file)"]
            text = rest[len(name):]
        return [*made, text]
