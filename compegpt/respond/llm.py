"""The writer that asks a language model, says its answer as it comes, and lets no invented file through.

1. the results (or, for an empty plan, the conversation) go to the model in delimited, shortened blocks;
2. each piece of the answer passes the guard of `paths.py` and is said;
3. files that were made and not named are listed at the end;
4. where the model fails, the fallback writer answers, and the answer says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compegpt.context import Account, Say, Writer
from compegpt.llm.excerpt import TOKEN, block, cut
from compegpt.llm.protocol import LanguageModel, LLMError, Message
from compegpt.printable import printable, shortened
from compegpt.prompts import render
from compegpt.respond.digest import attached, chat, digest, texts
from compegpt.respond.paths import Guard, Known, known
from compegpt.respond.report import files
from compegpt.schema import LLMCall, Result, Written
from compegpt.tasks import TASKS

RESULTS, REQUEST, HISTORY = 4_500, 1_000, 500
"""Tokens that an answer from results may be told of each."""
CHAT_REQUEST, CHAT_HISTORY = 3_000, 3_000
"""The same for plain chat."""
SHORT = 10_000
"""Characters from which on an argument is a text, whose names count only where the model is told them."""


class LLMWriter:
    """One call of the language model per answer, at most `seconds` long."""

    def __init__(self, llm: LanguageModel, fallback: Writer, *, seconds: float = 60.0) -> None:
        self._llm, self._fallback, self._seconds = llm, fallback, seconds

    async def write(self, account: Account, say: Say) -> Written:
        """The model's answer, said piece by piece; what was said is what is returned."""
        messages, told = _messages(account)
        guard = Guard(_known(account, told), say, chat=not account.plan)
        if account.down is not None:
            return await self._without(account, guard, (), account.down)
        try:
            reply = await self._llm.stream(messages, "write", guard.feed,
                                           seconds=min(self._seconds, account.seconds))
        except LLMError as error:
            guard.break_off()
            return await self._without(account, guard, (error.call,), str(error))
        if not guard.started:
            guard.feed(reply.text)
        guard.end()
        if not guard.text:
            return await self._without(account, guard, (reply.call,), "it gave an empty answer")
        _list_files(account.results, guard)
        return Written(guard.text, (reply.call,))

    async def _without(self, account: Account, guard: Guard, calls: tuple[LLMCall, ...], error: str) -> Written:
        """The fallback's answer, after what was already said, with a sentence that tells how it came about."""
        instead = await self._fallback.write(account, _unheard)
        why, calls = shortened(printable(error).rstrip(". "), 200), (*calls, *instead.calls)
        if guard.text:
            guard.add(f"\n\n[The language model broke off here ({why}); what follows was written without it.]\n\n")
            guard.add(instead.text)
            return Written(guard.text, calls, instead.note)
        sentence = f"The language model could not be used ({why}); this answer was written without it."
        if not account.plan:
            return Written(instead.text, calls, sentence)
        return Written(f"{sentence}\n\n{instead.text}", calls, instead.note)


def _unheard(piece: str) -> None:
    """The fallback's answer is taken as a whole."""


@dataclass(frozen=True)
class _Material:
    """What the model is told beside the request, in which room."""

    system: str
    block: str
    """Delimited JSON; empty for none."""
    data: Any
    """What the block holds."""
    request: int
    """Tokens for the request, and below those for the turns before it."""
    history: int


def _from_results(account: Account) -> _Material:
    data = digest(account.plan, account.results, RESULTS)
    return _Material(render("respond"), f"<results>\n{block(data)}\n</results>\n\n", data, REQUEST, HISTORY)


def _from_conversation(account: Account) -> _Material:
    system = render("chat", abilities=", ".join(row.title for row in TASKS.values()))
    note = cut(account.reply or "", CHAT_REQUEST * TOKEN // 3)
    delimited = f"<planner>\n{block(note)}\n</planner>\n\n" if note else ""
    return _Material(system, delimited, note, CHAT_REQUEST, CHAT_HISTORY)


def _messages(account: Account) -> tuple[list[Message], list[str]]:
    """What the model is asked, and all texts that it is told."""
    given = _from_results(account) if account.plan else _from_conversation(account)
    asked = attached(cut(account.request["text"], given.request * TOKEN), account.request["files"])
    history = chat(account.history, given.history)
    messages = [{"role": "system", "content": given.system}, *history, {"role": "user", "content": given.block + asked}]
    return [*messages], [*(turn["content"] for turn in history), *texts(given.data), asked]


def _known(account: Account, told: Sequence[str]) -> Known:
    """Files and addresses that the answer may name: made, attached, or named where the model was told of them."""
    request = account.request
    made = [path for results in (account.results, *(turn["results"] for turn in account.history))
            for path in files(results)]
    claimed = [result["output"] for result in account.results if result["output"]]
    gone = {path for output in claimed for path in (output.get("image"), output.get("audio"), output.get("video"))
            if path and not os.path.isfile(path)}
    args = texts([[task["args"] for task in account.plan], [result["args"] for result in account.results]])
    return known([*made, *request["files"]], [*told, *(arg for arg in args if len(arg) < SHORT)], gone)


def _list_files(results: Sequence[Result], guard: Guard) -> None:
    """The files that were made and that the answer does not name, at its end."""
    if unnamed := [path for path in files(results) if path not in guard.text]:
        guard.add("\n\nFiles:\n\n" + "\n".join(f"- {path}" for path in unnamed))
