"""What the routes of one server share, and how a client's words become a request."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compegpt.errors import UsageError
from compegpt.options import check_prompt, check_thread
from compegpt.plan.validate import unfit
from compegpt.schema import Request, Task, Turn
from compegpt.session import Session
from compegpt.settings import Secret
from compegpt.threads import in_thread
from compegpt.web.faults import Conflict, Unknown
from compegpt.web.files import Files
from compegpt.web.keeping import whole
from compegpt.web.runs import Run, Runs, record_of
from compegpt.wiring import Parts, parts_from

EXAMPLES = Path(__file__).parents[2] / "examples"
"""Files that every client may name as `/examples/NAME`."""
MAX_FILES = 50
"""Files of one request."""
_ID = re.compile(r"[0-9a-f]{68}")
_MENTION = re.compile(r"(?<![\w/.-])(?:(?:https?://[\w.:-]+)?/files/(?P<id>[0-9a-f]{68})(?:/[\w.()%-]*[\w)])?"
                      r"|/examples/(?P<example>[\w-]+\.\w{1,5}))")


@dataclass(frozen=True)
class Own:
    """What one asker sets for himself; None for the server's. Lives in his session's memory, nowhere else."""

    openai_api_key: str | None = None
    openai_base_url: str | None = None
    """Given only where the server is its user's own."""
    hf_token: str | None = None
    llm: str | None = None
    experts: str | None = None
    top_k: int | None = None
    deadline: float | None = None


@dataclass
class Desk:
    """One server: its session, runs and files."""

    parts: Parts
    session: Session
    runs: Runs
    files: Files
    local: bool
    """Whether only this machine's user reaches it."""

    async def request(self, owner: str, text: str, references: Sequence[str] = (), thread: str | None = None,
                      plan: list[Task] | None = None, before: Sequence[Turn] = ()) -> Request:
        """A client's request: `references` are ids or addresses of his files; so are those that text and plan name.

        Raises UsageError for a text, thread or plan that cannot be used, Unknown for a file that is not his.
        """
        name = new_thread() if thread is None else thread
        check_thread(name)
        if wrong := unfit([task["args"] for task in plan or []]):
            raise UsageError(f"The plan holds {wrong}.")
        full, named = f"{owner}/{name}", list(references)

        def mentioned(found: re.Match[str]) -> str:
            if found["id"]:
                named.append(found["id"])
                return self.files.find(owner, found["id"]).path.name
            return found[0]

        text = _MENTION.sub(mentioned, check_prompt(text) if plan is None or text.strip() else "")
        if len(named) > MAX_FILES:
            raise UsageError(f"A request takes {MAX_FILES} files at most.")
        files = await in_thread(self.files.attached, owner, full, list(dict.fromkeys(named)))
        shown = {found["example"] for found in _MENTION.finditer(text) if found["example"]}
        files += [str(await in_thread(self.files.places.taken, EXAMPLES / one, full)) for one in sorted(shown)
                  if (EXAMPLES / one).is_file()]
        made: Request = {"text": text, "files": files, "thread": full, "confined": True}
        if plan is not None:
            for task in plan:
                await self._ground(owner, full, task, files)
            made["plan"] = plan
        if before:
            made["before"] = list(before)
        return made

    async def _ground(self, owner: str, thread: str, task: Task, files: list[str]) -> None:
        """Put paths in place of the addresses and ids of files in a client's own task; they join `files`."""
        args = task["args"]
        for name, value in args.items():
            found = _MENTION.fullmatch(value) if isinstance(value, str) else None
            if found and found["example"] and (EXAMPLES / found["example"]).is_file():
                args[name] = str(await in_thread(self.files.places.taken, EXAMPLES / found["example"], thread))
            elif isinstance(value, str) and ((found and found["id"]) or _ID.fullmatch(value)):
                args[name] = (await in_thread(self.files.attached, owner, thread, [value]))[0]
            else:
                continue
            files.append(args[name])
            if len(files) > MAX_FILES:
                raise UsageError(f"A request takes {MAX_FILES} files at most.")

    async def turns(self, thread: str) -> list[Turn]:
        """The finished turns of a thread `OWNER/NAME`, oldest first, with their losers and with paths."""
        turns = await self.session.history(thread)
        return await in_thread(lambda: [whole(self.files.places, thread, turn) for turn in turns])

    async def history(self, owner: str, thread: str) -> list[dict[str, Any]]:
        """The finished turns of a thread, with addresses in place of paths. Raises Unknown where there are none."""
        turns = await self.turns(f"{owner}/{thread}")
        if not turns:
            raise Unknown("There is no such thread, or no turn of it has ended.")
        shown = [{**turn, "request": {**turn["request"], "thread": thread}} for turn in turns]
        made: list[dict[str, Any]] = await in_thread(self.files.public, shown)
        return made

    async def forget(self, owner: str, thread: str) -> None:
        """Delete a thread with its files. Raises Unknown, Conflict while a run of it goes on."""
        full = f"{owner}/{thread}"
        if any(run.request["thread"] == full for run in self.runs.active):
            raise Conflict("A run of this thread goes on; stop it first.")
        self.runs.drop(full)
        if not thread.isprintable() or not await self.session.forget(full):  # uploads lie under a name that is not
            raise Unknown("There is no such thread.")

    async def record(self, run: Run, with_answer: bool = True) -> dict[str, Any]:
        """The JSON object of a run as it stands, with addresses in place of paths."""
        made: dict[str, Any] = await in_thread(lambda: self.files.public(record_of(run, with_answer)))
        return made

    async def parts_of(self, own: Own) -> Parts | None:
        """The parts that an asker's own settings make of the server's; None where he sets nothing.

        A server's key never goes to an address that is not the server's. Raises ConfigurationError.
        """
        if own == Own():
            return None
        settings = self.parts.settings
        changes: dict[str, Any] = {name: value for name in ("llm", "experts", "top_k", "deadline")
                                   if (value := getattr(own, name)) is not None}
        if own.openai_api_key or own.openai_base_url:
            key = Secret(own.openai_api_key) if own.openai_api_key else None
            changes |= {"openai_api_key": key, "openai_base_url": own.openai_base_url}
        if own.hf_token:
            changes["hf_token"] = Secret(own.hf_token)
        if own.top_k is not None:
            changes["adaptive"] = False
        if own.deadline is not None:
            changes["deadline"] = min(own.deadline, settings.deadline)
        return (await in_thread(parts_from, replace(settings, **changes))).beside(self.parts)


def new_thread() -> str:
    """A name that nobody guesses."""
    return f"t-{secrets.token_hex(12)}"

