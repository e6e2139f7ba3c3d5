"""Whom an MCP client stands for, and what his files are: this machine's user with his paths, or a server's client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from compegpt.errors import InputError, UsageError
from compegpt.media.places import Places
from compegpt.options import check_files, check_prompt, check_thread
from compegpt.plan.validate import harmless, unfit
from compegpt.schema import Kind, Request, Task
from compegpt.tasks import TaskType
from compegpt.threads import in_thread
from compegpt.web.desk import EXAMPLES, Desk, new_thread
from compegpt.web.files import Files

_WEB = re.compile(r"https?://", re.IGNORECASE)
_OWN = re.compile(r"(?:https?://[^\s/]+)?/files/[0-9a-f]{68}(?:/[^\s/]*)?|[0-9a-f]{68}")
_EXAMPLE = re.compile(r"/examples/([\w-]+\.\w{1,5})")
_MEDIA: tuple[Kind, ...] = ("image", "audio", "video")
_TEXT: Kind = "text"


class Side(Protocol):
    @property
    def owner(self) -> str: ...

    async def begun(self, text: str, thread: str, plan: list[Task] | None) -> Request:
        """A request without files. Raises UsageError for a text or thread that cannot be used."""
        ...

    def names_file(self, text: str) -> bool:
        """Whether an argument that may be a text is the name of a file."""
        ...

    async def file(self, reference: str, thread: str) -> str:
        """Path of a file for the request's thread, or an address that a task is to fetch. Raises CompeGPTError."""
        ...

    def public(self, value: Any) -> Any:
        """Plain data as the client may see it."""
        ...

    def uri(self, path: str) -> str | None:
        """Where the client gets a file."""
        ...


@dataclass(frozen=True)
class Machine:
    """This machine's user, over the process's own streams."""

    desk: Desk
    owner: str = ""

    async def begun(self, text: str, thread: str, plan: list[Task] | None) -> Request:
        check_thread(thread)
        if plan is None:
            return {"text": check_prompt(text), "files": [], "thread": thread}
        return {"text": "", "files": [], "thread": thread, "plan": plan}

    def names_file(self, text: str) -> bool:
        return text.startswith("file://")

    async def file(self, reference: str, thread: str) -> str:
        if reference.startswith("file://"):
            reference = unquote(urlsplit(reference).path, errors="surrogateescape")
        return (await in_thread(check_files, [reference]))[0]

    def public(self, value: Any) -> Any:
        return value

    def uri(self, path: str) -> str:
        return Path(path).as_uri()


@dataclass(frozen=True)
class Client:
    """One owner of a server, who reaches it at `base` (`http://host:port`)."""

    desk: Desk
    owner: str
    base: str

    async def begun(self, text: str, thread: str, plan: list[Task] | None) -> Request:
        return await self.desk.request(self.owner, text, (), thread, plan)

    def names_file(self, text: str) -> bool:
        return _OWN.fullmatch(text) is not None

    async def file(self, reference: str, thread: str) -> str:
        files = self.desk.files
        if _OWN.fullmatch(reference):
            return (await in_thread(files.attached, self.owner, thread, [reference]))[0]
        if (example := _EXAMPLE.fullmatch(reference)) and (EXAMPLES / example[1]).is_file():
            return str(await in_thread(files.places.taken, EXAMPLES / example[1], thread))
        if _WEB.match(reference):
            return reference
        raise InputError(f"'{reference[:80]}' is no file of yours on this server; upload it to /files and give its id, "
                         "or give a web address or a data: URL.")

    def public(self, value: Any) -> Any:
        return _Absolute(self.desk.parts.settings.data_dir, self.base).public(value)

    def uri(self, path: str) -> str | None:
        address = self.desk.files.address(path)
        return address and f"{self.base}{address}"


class _Absolute(Files):
    """Files whose addresses begin with the server's."""

    def __init__(self, data_dir: Path, base: str) -> None:
        super().__init__(data_dir)
        self._base = base

    def address(self, path: str) -> str | None:
        address = super().address(path)
        return address and f"{self._base}{address}"


async def request_of(side: Side, places: Places, task: TaskType | None, args: dict[str, Any]) -> Request:
    """The request that a tool's checked arguments make. Raises UsageError, InputError, StorageError, Unknown."""
    if wrong := unfit(args):
        raise UsageError(f"The arguments hold {wrong}.")
    if task is None:
        request = await side.begun(args["request"], args.get("thread") or new_thread(), None)
        given = [await _file(side, places, one, request["thread"], None) for one in args.get("files", [])]
    else:
        step: Task = {"task": task.name, "id": 0, "dep": [-1], "args": {}}
        request = await side.begun("", new_thread(), [step])
        given = []
        for name, value in args.items():
            kind = task.args[name]
            media = kind if kind in _MEDIA else None
            if media or (kind != "labels" and isinstance(value, str) and side.names_file(value)):
                value = await _file(side, places, value, request["thread"], media)
                given.append(value)
            else:
                value = _harmless(value)
            step["args"][name] = value
    request["files"] = list(dict.fromkeys([*request["files"], *given]))
    return request


async def _file(side: Side, places: Places, reference: str, thread: str, kind: Kind | None) -> str:
    if reference[:5].lower() != "data:":
        return await side.file(reference, thread)
    from compegpt.media.fetch import fetch

    told = reference[5:].partition("/")[0].lower()
    wanted = kind or {one: one for one in _MEDIA}.get(told, _TEXT)  # type: ignore[call-overload]
    return str(await fetch(reference, places.turn(thread), wanted))


def _harmless(value: Any) -> Any:
    """A value in which nothing is taken for the output of a task."""
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    return harmless(value) if isinstance(value, str) else value
