"""Files by unguessable id: what clients send, what runs make, and paths turned into addresses on the way out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from compegpt.errors import InputError
from compegpt.media.artifacts import media_type
from compegpt.media.places import Places
from compegpt.threads import in_thread
from compegpt.web.faults import TooLarge, Unknown

MAX_UPLOAD = 200_000_000
"""Bytes."""
KEPT = 86_400.0
"""Seconds that an upload waits to be used in a thread; after that the thread's deletion decides."""
ADDRESS = "/files/"
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
        root = re.escape(str(data_dir / "artifacts"))
        self._folders = re.compile(rf"({root}/[0-9a-f]{{24}}/[0-9a-f]{{24}}/[0-9a-f]{{32}}/)(.*)", re.DOTALL)

    async def receive(self, owner: str, name: str, pieces: AsyncIterable[bytes]) -> File:
        """Keep an upload. Raises InputError where it is empty or longer than MAX_UPLOAD; half a file does not stay."""
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
        except BaseException:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
            raise
        return File(self.places.id_of(path) or "", path, media_type(path))

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
        if not any(path.parent.iterdir()):
            path.parent.rmdir()

    def address(self, path: str) -> str | None:
        """The address of a file of any thread, for whoever owns it; None for any other file."""
        file_id = self.places.id_of(Path(path))
        return f"{ADDRESS}{file_id}/{quote(Path(path).name)}" if file_id else None

    def public(self, value: Any) -> Any:
        """Plain data with addresses in place of the paths of threads' files, wherever they stand in a text."""
        if isinstance(value, str):
            return self._folders.sub(self._as_address, value)
        if isinstance(value, dict):
            return {key: self.public(item) for key, item in value.items()}
        return [self.public(item) for item in value] if isinstance(value, list | tuple) else value

    def _as_address(self, found: re.Match[str]) -> str:
        """The address of the file whose name goes on after a folder's path, and the rest of the text."""
        folder, rest = Path(found[1]), found[2]
        try:
            names = [path.name for path in folder.iterdir() if rest.startswith(path.name)]
        except OSError:
            names = []
        name = max(names, key=len, default=re.split(r"[\s'\"<>)]", rest, maxsplit=1)[0])
        address = self.address(str(folder / name)) if name else None
        return f"{address or '(a file)'}{self._folders.sub(self._as_address, rest[len(name):])}"
