"""A client's list of messages as one request: which thread it goes on with, and what was said before.

1. The last message is the request; its files become files of the owner.
2. Where the messages before it end with an answer of this server, its thread goes on, with all results. Where the
   client went back to an earlier answer, a new thread begins with the turns up to it.
3. Else they are told as turns without results; of an answer that names files of the owner's, these are its turn's.
4. System and developer messages are told as the first turn: a language model heeds it, the embedded planner does not.
   Messages of tools are left out.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from compegpt.errors import CompeGPTError, InputError
from compegpt.schema import Request, Turn
from compegpt.threads import in_thread
from compegpt.web.desk import MAX_FILES, Desk, new_thread
from compegpt.web.faults import Unknown
from compegpt.web.files import File
from compegpt.web.openai.errors import Unusable
from compegpt.web.openai.forms import Medium, Message

MAX_KNOWN = 10_000
"""Answers that are remembered; the one asked after least lately is forgotten first."""
MAX_BEFORE = 100
"""Messages before the request that are told, the newest ones."""
FETCHES = 4
"""Files of one request that are received at once."""
_OWN = re.compile(r"(?:^|/files/)([0-9a-f]{68})(?![0-9a-f])")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Known:
    """An answer that this server gave."""

    thread: str
    """Without its owner."""
    turns: int
    """Of the thread, this answer's with them."""


@dataclass(frozen=True)
class Talk:
    """A request, and what it answers to."""

    owner: str
    said: list[Message]
    """The messages of the user and the assistant, the request last."""
    request: Request


class Talks:
    """Which answers stand in which threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()

    async def ask(self, desk: Desk, owner: str, messages: Sequence[Message], thread: str | None = None,
                  after: str | None = None) -> Talk:
        """`after` names the answer that these messages follow, where they do not hold it themselves.

        Raises UsageError, InputError or Unknown for what cannot be used.
        """
        said = [one for one in messages if one.role in ("user", "assistant")]
        system = "\n".join(one.pieces()[0] for one in messages if one.role in ("system", "developer")).strip()
        if not said or said[-1].role != "user":
            raise Unusable("The last message must be the user's.", "messages")
        text, media = said[-1].pieces()
        if not text.strip():
            raise Unusable("The last message has no text; say what to do with its files.", "messages")
        if len(media) > MAX_FILES:
            raise Unusable(f"A request takes {MAX_FILES} files at most.", "messages")
        key = await in_thread(_key, owner, said[:-1]) if after is None else _named(owner, after)
        if after is not None and key not in self._known:
            raise Unknown("There is no such response, or it has been forgotten; send the conversation as input.")
        name, before = await self._placed(desk, owner, system, said[:-1], thread, key)
        files = []
        for file in await _received(desk, owner, media):
            if isinstance(file, CompeGPTError):
                raise file
            files.append(file.id)
        return Talk(owner, said, await desk.request(owner, text, files, name, before=before))

    async def answered(self, desk: Desk, talk: Talk, answer: str, name: str | None = None) -> None:
        """Remember the answer, as its client has it or by its name, so that the thread goes on where it comes back."""
        thread = talk.request["thread"]
        known = Known(thread.partition("/")[2], len(await desk.session.history(thread)))
        self._known[await in_thread(_key, talk.owner, [*talk.said, Message(role="assistant", content=answer)])] = known
        if name is not None:
            self._known[_named(talk.owner, name)] = known
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    async def _placed(self, desk: Desk, owner: str, system: str, past: Sequence[Message], thread: str | None,
                      key: str) -> tuple[str, list[Turn]]:
        """The thread's name, and the turns that it does not hold. `key` is that of the last answer."""
        known = self._known.get(key)
        if thread is None and known is not None:
            self._known.move_to_end(key)
            full = f"{owner}/{known.thread}"
            turns = await desk.session.history(full)
            if len(turns) == known.turns and all(run.request["thread"] != full for run in desk.runs.active):
                return known.thread, []
            if len(turns) >= known.turns:
                return new_thread(), turns[: known.turns]
        if thread is not None and await desk.session.history(f"{owner}/{thread}"):
            return thread, []
        name = thread or new_thread()
        told = await _told(desk, owner, f"{owner}/{name}", past[-MAX_BEFORE:])
        if system:
            told.insert(0, _turn(f"{owner}/{name}", system, [], "I keep to that."))
        return name, told


def _key(owner: str, said: Sequence[Message]) -> str:
    """A digest of what was said, the same however a client splits a text into parts."""
    digest = hashlib.sha256(owner.encode())
    for one in said:
        text, media = one.pieces()
        line = [one.role, text.strip(), *((medium.kind, medium.reference) for medium in media)]
        digest.update(json.dumps(line).encode())
    return digest.hexdigest()


def _named(owner: str, name: str) -> str:
    return f"{owner}/{name}"


async def _told(desk: Desk, owner: str, thread: str, past: Sequence[Message]) -> list[Turn]:
    """What was said elsewhere, as turns without results. A file that is gone is told as its error."""
    turns, room = list[Turn](), MAX_FILES
    for asked, answer in reversed(list(_pairs(past))):
        text, media = asked.pieces()
        named = [Medium(None, found[1]) for found in _OWN.finditer(f"{text}\n{answer}") if found[0] != found[1]]
        files, wrong = [], []
        for file in await _received(desk, owner, list(dict.fromkeys([*media, *named]))[:room]):
            if isinstance(file, CompeGPTError):
                wrong.append(f"({file})")
            else:
                files += await in_thread(desk.files.attached, owner, thread, [file.id])
        room -= len(files) + len(wrong)
        turns.append(_turn(thread, "\n".join([text, *wrong]), files, answer))
    return turns[::-1]


def _pairs(past: Sequence[Message]) -> Iterator[tuple[Message, str]]:
    """The user's messages, each with what was answered; what the assistant said unasked is left out."""
    for place, one in enumerate(past):
        if one.role == "user":
            after = past[place + 1] if place + 1 < len(past) else None
            yield one, after.pieces()[0] if after is not None and after.role == "assistant" else ""


def _turn(thread: str, text: str, files: list[str], answer: str) -> Turn:
    return {"request": {"text": text, "files": files, "thread": thread}, "plan": [], "results": [], "answer": answer}


async def _received(desk: Desk, owner: str, media: Sequence[Medium]) -> list[File | CompeGPTError]:
    """The files as the owner's, in their order, an error in place of each that cannot be had."""
    slots = asyncio.Semaphore(FETCHES)

    async def one(medium: Medium) -> File | CompeGPTError:
        async with slots:
            try:
                return await _kept(desk, owner, medium)
            except (InputError, Unknown) as error:
                return error

    return list(await asyncio.gather(*map(one, media)))


async def _kept(desk: Desk, owner: str, medium: Medium) -> File:
    """Raises InputError, Unknown."""
    reference = medium.reference.strip()
    scheme = reference[:8].lower()
    if not scheme.startswith("data:") and _OWN.search(reference):
        return await in_thread(desk.files.find, owner, reference)
    if scheme.startswith("data:") and medium.kind is None:
        content = await in_thread(_decoded, reference)
        return await desk.files.receive(owner, medium.name or "file", _whole(content))
    if scheme.startswith(("data:", "http://", "https://")):
        return await desk.files.fetched(owner, reference, medium.kind or "text", medium.name if medium.kind else None)
    raise InputError("A file must be an id or address of /files, an http address, or data:TYPE;base64,CONTENT.")


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _decoded(address: str) -> bytes:
    head, _, payload = address.partition(",")
    try:
        if not head.lower().endswith("base64"):
            raise ValueError("not base64")
        return base64.b64decode(_BLANKS.sub("", payload), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError("file_data is not sound base64; encode the file again.") from error
