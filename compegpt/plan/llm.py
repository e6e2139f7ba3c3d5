"""The planner that asks a language model: one call, up to two repairs, and the embedded planner behind it.

1. `instructions`, `demonstrations`: the task table, rules, and the examples nearest to the request, by embedding.
2. `earlier`: the conversation within a budget; `given`: the files that may be used.
3. `lenient`, `reading`: the reply, whatever form it has, as tasks.
4. `validate`, `given`: what is wrong with them, told to the model again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from compegpt.context import Planner
from compegpt.embed import Encoder
from compegpt.llm.excerpt import cut
from compegpt.llm.protocol import LanguageModel, LLMError, Message, Purpose
from compegpt.plan.allowed import replaceable, restricted
from compegpt.plan.demonstrations import Demonstrations, told
from compegpt.plan.earlier import Earlier, earlier
from compegpt.plan.given import Given, bound, given
from compegpt.plan.instructions import Schema, schema, table
from compegpt.plan.reading import calmed, mapped, reading
from compegpt.plan.validate import problems, validated
from compegpt.prompts import render
from compegpt.schema import LLMCall, Proposal, Request, Task, Turn
from compegpt.tasks import TASKS
from compegpt.threads import in_thread

HEAD, TAIL = 50_000, 10_000
"""Characters of a long request that are shown: its beginning, and its end, where instructions often stand."""
_ATTACHMENTS = 200
_QUOTED, _PHRASES, _REPLY = 2_000, 12, 20_000
"""Characters of a bad reply and phrases about it that go back to the model, and characters of a plain reply."""
_ROUNDS: tuple[Purpose, ...] = ("plan", "repair", "repair")


@dataclass(frozen=True)
class _Menu:
    """The task types that a plan may be made of, and how a model is told of them."""

    names: tuple[str, ...]
    schema: Schema
    demonstrations: Demonstrations


@dataclass(frozen=True)
class _Situation:
    """One request as the model is told it, and what its plan may use."""

    request: Request
    history: Sequence[Turn]
    allowed: Collection[str] | None
    menu: _Menu
    messages: list[Message]
    files: Given
    past: Earlier
    shortened: bool
    draft: Proposal | None
    """What the fallback planned already."""


@dataclass(frozen=True)
class _Draft:
    """What a reply came to: tasks that can be run, or what is wrong with it."""

    tasks: list[Task]
    wrong: list[str]
    reply: str | None = None


class LLMPlanner:
    """Plans with a language model; what it cannot do, `fallback` does. Safe to share between threads."""

    def __init__(self, llm: LanguageModel, encoder: Encoder, fallback: Planner, *, seconds: float = 60.0) -> None:
        """`seconds` are for all calls of one plan together."""
        self._llm, self._encoder, self._fallback, self._seconds = llm, encoder, fallback, seconds
        self._menus: dict[tuple[str, ...], _Menu] = {}

    def warm(self) -> None:
        """Load what the first plan would wait for: the encoder, the demonstrations and the prompt (0.1 s)."""
        self._situation({"text": "What is this?", "files": [], "thread": ""}, [], None)

    async def plan(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None = None, *,
                   draft: Proposal | None = None) -> Proposal:
        """The model's plan, else the fallback's with a note that says why; never raises for what a model does.

        `draft` is what the fallback planned already: the model is shown its tasks.
        """
        situation = await in_thread(self._situation, request, history, allowed, draft)
        messages, calls, read = situation.messages, list[LLMCall](), _Draft([], [])
        clock = asyncio.get_running_loop().time
        end = clock() + self._seconds
        for purpose in _ROUNDS:
            if purpose == "repair" and clock() > end - 1:
                break
            try:
                said = await self._llm.ask(messages, purpose, schema=situation.menu.schema, seconds=end - clock())
            except LLMError as error:
                return await self._fallen_back(situation, [*calls, error.call], "The language model could not be used "
                                               f"({_phrase(str(error))}); the embedded planner made this plan.")
            calls.append(said.call)
            read = await in_thread(self._drafted, said.text, situation)
            if not read.wrong:
                note = _SHORTENED if situation.shortened else None
                return Proposal(read.tasks, None, "llm", read.reply, tuple(calls), note)
            if read.reply is not None and not (await self._other_plan(situation)).tasks:
                return Proposal([], None, "llm", read.reply, tuple(calls))
            messages = _repairing(situation.messages, said.text, read.wrong)
        return await self._fallen_back(situation, calls, "The language model's plan could not be used "
                                       f"({_phrase('; '.join(read.wrong))}); the embedded planner made this one.")

    async def _other_plan(self, situation: _Situation) -> Proposal:
        """The fallback's plan."""
        return situation.draft or await self._fallback.plan(situation.request, situation.history, situation.allowed)

    def _menu(self, allowed: Collection[str] | None) -> _Menu:
        """What plans of the `allowed` task types are made of, all where None; made once."""
        names = tuple(name for name in TASKS if allowed is None or name in allowed)
        if names not in self._menus:
            self._menus[names] = _Menu(names, schema(names), Demonstrations(self._encoder, frozenset(names)))
        return self._menus[names]

    def _situation(self, request: Request, history: Sequence[Turn], allowed: Collection[str] | None,
                   draft: Proposal | None = None) -> _Situation:
        text, files = _sound(request["text"]), request["files"][:_ATTACHMENTS]
        long = len(text) > HEAD + TAIL
        if long:
            text = (f"{text[:HEAD]} [... {len(text) - HEAD - TAIL:,} characters of the request left out ...] "
                    f"{text[-TAIL:]}")
        past = earlier(history)
        menu = self._menu(allowed)
        examples = menu.demonstrations.nearest(text, files, bool(past.turns))
        system = render("plan", tasks=table(menu.names), examples="\n\n".join(one.shown() for one in examples))
        messages: list[Message] = [{"role": "system", "content": system},
                                   {"role": "user", "content": _sound(
                                       told(calmed(text), files, past.turns, draft.tasks if draft else ()))}]
        return _Situation(request, history, allowed, menu, messages, given(request, history), past, long, draft)

    def _drafted(self, text: str, situation: _Situation) -> _Draft:
        read = reading(text)
        if read.tasks is None:
            form = "it is prose, not a JSON object" if read.reply else "it holds no JSON object with tasks"
            return _Draft([], [form], cut(read.reply, _REPLY) if read.reply else None)
        if read.lost:
            return _Draft([], ["it breaks off before its end"])
        if found := problems(read.tasks):
            return _Draft([], found)
        tasks, wrong = bound(validated(read.tasks), situation.files)
        for task in tasks:
            if not replaceable(task, situation.menu.names):
                wrong.append(f"there is no expert for {task['task']} here: do without it")
            wrong += [f"'{handle}' is no text of this conversation" for value in task["args"].values()
                      for handle in situation.past.unknown(value)]
        if wrong:
            return _Draft([], wrong)
        filled = [{**task, "args": mapped(task["args"], situation.past.filled)} for task in tasks]
        return _Draft(restricted(validated(filled), situation.allowed), [], read.reply)

    async def _fallen_back(self, situation: _Situation, calls: Sequence[LLMCall], note: str) -> Proposal:
        proposal = await self._other_plan(situation)
        notes = [note, proposal.note] if proposal.note else [note]
        return replace(proposal, calls=(*calls, *proposal.calls), note=" ".join(notes))


_SHORTENED = (f"The request is too long for the language model: it was shown the first {HEAD:,} and the last {TAIL:,} "
              "characters to plan from.")


def _repairing(messages: Sequence[Message], said: str, wrong: Sequence[str]) -> list[Message]:
    """The conversation in which the model is told what is wrong with its last reply."""
    phrases = "\n".join(f"- {cut(phrase, 300)}" for phrase in wrong[:_PHRASES])
    return [*messages, {"role": "assistant", "content": cut(said, _QUOTED).strip() or "(nothing)"},
            {"role": "user", "content": render("repair", problems=phrases)}]


def _phrase(text: str) -> str:
    return cut(" ".join(text.split()), 200).rstrip(". ")


def _sound(text: str) -> str:
    """The text without half characters, which no server takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
