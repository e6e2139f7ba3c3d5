"""The chat's side of the browser: the front door's stream as messages in Gradio's form.

A visitor may use what he attached and what was made in his own conversation, no other file of this machine.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compegpt.errors import CompeGPTError, InputError
from compegpt.events import Event, Executed, Judged, Noticed, Planned, Responded, Selected, Wrote
from compegpt.options import check_files, check_prompt
from compegpt.printable import printable
from compegpt.record import artifacts_of, copied
from compegpt.respond.report import files
from compegpt.schema import REFERENCE, Request, Task
from compegpt.session import Session
from compegpt.tasks import TASKS

MAX_CONVERSATIONS = 10_000
"""Browser sessions that are remembered; the one unused for longest is forgotten first."""

Message = dict[str, Any]
"""Role, content (text, or a file as {"path"}), metadata (title, id, parent_id, status of a thought)."""


@dataclass
class Conversation:
    """One visitor's thread and the files he may use in it."""

    thread: str = field(default_factory=lambda: f"web-{secrets.token_hex(12)}")
    known: set[str] = field(default_factory=set)


class Chat:
    """Conversations over one session; `reply` is what Gradio calls."""

    def __init__(self, folder: Path) -> None:
        self.session: Session | None = None
        self._folder = folder
        """Where visitors' files are copied, each turn's below a name that nobody can guess."""
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()

    async def reply(self, message: Mapping[str, Any], history: Sequence[Any],
                    visitor: str | None) -> AsyncGenerator[list[Message], None]:
        """The messages of one turn, all of them after each event; copies of the files come with the last.

        `visitor` names the browser session.
        """
        conversation = self._conversation(visitor, fresh=not history)
        thoughts, written = Thoughts(), ""
        answer: Responded | None = None
        try:
            text = check_prompt(message.get("text") or "")
            given = check_files(message.get("files") or [])
            conversation.known |= set(given)
            assert self.session is not None
            asked: Request = {"text": text, "files": given, "thread": conversation.thread}
            async with contextlib.aclosing(self.session.stream(asked)) as events:
                async for event in events:
                    if isinstance(event, Planned):
                        self._guard(event.plan, conversation, visitor)
                    thoughts.take(event)
                    answer = event if isinstance(event, Responded) else answer
                    written += event.text if isinstance(event, Wrote) else ""
                    yield [*thoughts.messages(), *([_message(written)] if written else [])]
        except CompeGPTError as error:
            yield [*thoughts.messages(done=True), _message(str(error))]
        if answer is not None:
            conversation.known |= set(files(answer.turn["results"]))
            yield [*thoughts.messages(done=True), *_answer(answer, self._folder / secrets.token_hex(16))]

    def _conversation(self, key: str | None, fresh: bool) -> Conversation:
        """The visitor's conversation; a new one where the chat is empty, so that clearing it forgets."""
        if key is None:
            return Conversation()
        if fresh or key not in self._conversations:
            self._conversations[key] = Conversation()
        self._conversations.move_to_end(key)
        while len(self._conversations) > MAX_CONVERSATIONS:
            self._conversations.popitem(last=False)
        return self._conversations[key]

    def _guard(self, plan: Sequence[Task], conversation: Conversation, visitor: str | None) -> None:
        """Raises InputError, and ends the conversation, where the plan reaches for a file that is not the visitor's."""
        for path in _paths(plan):
            if path not in conversation.known:
                self._conversations.pop(visitor or "", None)
                raise InputError(f"'{Path(path).name}' is not attached; attach the file to the message.")


class Thoughts:
    """What happens in a turn as nested, collapsible messages."""

    def __init__(self) -> None:
        self._title = "Planning"
        self._tasks: dict[int, dict[str, Any]] = {}
        self._notices: list[str] = []

    def take(self, event: Event) -> None:
        if isinstance(event, Noticed):
            self._notices.append(printable(event.text))
        elif isinstance(event, Planned):
            self._title = "Plan: " + (", ".join(task["task"] for task in event.plan) or "nothing to run")
            self._tasks = {task["id"]: {"title": task["task"], "lines": [], "done": False} for task in event.plan}
        elif isinstance(event, Selected):
            self._add(event.task["id"], f"competing: {', '.join(map(_short, event.experts))}")
        elif isinstance(event, Executed):
            one = event.candidate
            why = f": {one['error']}" if one["error"] else ""
            self._add(event.task["id"], f"{_short(one['expert'])}: {one['status']}, {one['seconds']:.1f} s{why}")
        elif isinstance(event, Judged):
            result = event.result
            won = f"{_short(result['winner'])} won" if result["winner"] else result["status"]
            self._add(result["id"], result["reason"])
            self._tasks.get(result["id"], {}).update(title=f"{result['task']}: {won}", done=True)

    def messages(self, done: bool = False) -> list[Message]:
        """The thoughts as they stand; `done` closes them."""
        made = [_message("\n".join(self._notices), title=self._title, id="plan", status=_status(done))]
        for number, task in self._tasks.items():
            made.append(_message("\n".join(f"- {line}" for line in task["lines"]), title=task["title"],
                                 id=f"task-{number}", parent_id="plan", status=_status(done or task["done"])))
        return made

    def _add(self, number: int, line: str) -> None:
        if number in self._tasks:
            self._tasks[number]["lines"].append(printable(line))


def _answer(event: Responded, folder: Path) -> list[Message]:
    """The answer and each of its files as something to see, hear or fetch; `folder` is for copies."""
    results = event.turn["results"]
    copies = copied(artifacts_of(results), results, folder)
    return [_message(event.turn["answer"]), *(_message({"path": copy["path"]}) for copy in copies)]


def _message(content: Any, **metadata: Any) -> Message:
    return {"role": "assistant", "content": content, "metadata": metadata}


def _status(done: bool) -> str:
    return "done" if done else "pending"


def _paths(plan: Sequence[Task]) -> list[str]:
    """Absolute paths of the files a plan names: every media argument, and texts that are the name of a file here."""
    found = []
    for task in plan:
        kinds = TASKS[task["task"]].args
        for name, value in task["args"].items():
            if isinstance(value, str) and not REFERENCE.search(value):
                media = kinds.get(name) in ("image", "audio", "video") and "://" not in value
                if media or _is_file(value):
                    found.append(str(Path(value).expanduser().absolute()))
    return found


def _is_file(value: str) -> bool:
    if "\n" in value or len(value) >= 1_000:
        return False
    try:
        return Path(value).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _short(expert: str) -> str:
    return expert.removeprefix("embedded:")
