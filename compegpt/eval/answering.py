"""Questions about pictures put to our own competition: select, execute, judge, without planning or writing.

Neither way reads or writes the league table, so that what is measured does not depend on what was measured before.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from compegpt.errors import AuthenticationError, ExpertUnavailable, InputError, NoExpert
from compegpt.eval.delivery import OFF
from compegpt.eval.ledger import Ledger
from compegpt.media.artifacts import check
from compegpt.plan.validate import harmless
from compegpt.schema import Result, Task
from compegpt.select.refusal import refusal
from compegpt.state import Contest
from compegpt.wiring import Parts, language_model_named

TASK = "visual-question-answering"
AT_ONCE = 4
"""Questions at once."""
_FOR_GOOD = ("expert", "input")
"""Codes of failures that trying again does not mend; others are not kept, so that the next run tries again."""
Tell = Callable[[int, int], None]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Question:
    id: str
    image: Path
    text: str

    @property
    def key(self) -> str:
        """In the ledger: another one where the question is asked in other words, or about another picture."""
        return f"{self.id} {short(self.text, self.image.name, self.image.stat().st_size)}"


class Reply(TypedDict):
    """What came of one question."""

    id: str
    answer: str | None
    """None where nobody gave one."""
    winner: str | None
    competed: list[str]
    """Experts that were called."""
    seconds: float
    error: str | None
    code: str | None


def checked(questions: Sequence[Question], where: str) -> None:
    """Raises InputError naming the pictures (the first few of them) that are missing or broken."""
    pictures = dict.fromkeys(question.image for question in questions)
    wrong = [problem for picture in pictures if (problem := _problem(picture))]
    if wrong:
        more = f" ({len(wrong) - 5} more)" if len(wrong) > 5 else ""
        raise InputError(f"{where}: {len(wrong)} of its pictures cannot be used, so nothing was run. "
                         f"{' '.join(wrong[:5])}{more}")


def _problem(image: Path) -> str | None:
    try:
        check(image, "image")
    except InputError as error:
        return str(error)
    return None


def set_up(parts: Parts, way: str) -> Parts:
    """The parts as one way uses them: one expert without a competition, as many as are set with one."""
    settings = replace(parts.settings, adaptive=False, top_k=1 if way == OFF else parts.settings.top_k)
    return replace(parts, settings=settings, league=None)


def answers(parts: Parts, way: str, questions: Sequence[Question], folder: Path, name: str, tell: Tell
            ) -> dict[str, Reply]:
    """A reply to each question, by id; kept in a ledger, so that a stopped run goes on.

    Raises NoExpert before anything is asked where nobody can answer, AuthenticationError where a key is refused,
    InputError as Ledger does.
    """
    return asyncio.run(_answers(set_up(parts, way), questions, ledger_of(parts, way, folder, name), tell))


def ledger_of(parts: Parts, way: str, folder: Path, name: str) -> Ledger:
    """Who answers is what a ledger is made from."""
    settings = parts.settings
    made_from = {"benchmark": name, "competition": way, "top_k": 1 if way == OFF else settings.top_k,
                 "sources": [source.name for source in parts.sources], "llm": language_model_named(settings),
                 "chat_models": settings.chat_models, "judge": settings.judge}
    return Ledger(folder / f"answers-{way}-{short(*made_from.items())}.jsonl", made_from)


def short(*values: Any) -> str:
    """A fingerprint of plain data, as part of a name."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:8]


async def _answers(parts: Parts, questions: Sequence[Question], ledger: Ledger, tell: Tell) -> dict[str, Reply]:
    found = {one.id: _kept(ledger.rows[one.key]) for one in questions if one.key in ledger}
    waiting = [one for one in questions if one.id not in found]
    if waiting:
        await _somebody(parts, waiting[0])
    tell(len(found), len(questions))

    async def work(question: Question) -> None:
        reply = await answer(parts, question)
        if reply["code"] == AuthenticationError.code:
            raise AuthenticationError(str(reply["error"]))
        if reply["code"] is None or reply["code"] in _FOR_GOOD:
            ledger.add({**reply, "id": question.key})
        found[question.id] = reply
        tell(len(found), len(questions))

    await side_by_side(waiting, work)
    return {one.id: found[one.id] for one in questions}


async def side_by_side(items: Sequence[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    """Do the work for all items, AT_ONCE of them at once; what one raises ends the others."""
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    workers = [asyncio.create_task(worker()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*workers)
    finally:
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _somebody(parts: Parts, question: Question) -> None:
    """Raises NoExpert, with what to set, where no source has an expert for such questions."""
    offers = [await source.offers(TASK, _args(question)) for source in parts.sources]
    if not any(offer.experts for offer in offers):
        reasons = list(dict.fromkeys(reason for offer in offers for reason in offer.passed_over))
        if any(offer.code == ExpertUnavailable.code for offer in offers):
            raise ExpertUnavailable(refusal(TASK, reasons, parts.settings))
        raise NoExpert(refusal(TASK, reasons, parts.settings))


async def answer(parts: Parts, question: Question) -> Reply:
    """One competition."""
    from graphs.competition import competition

    task = Task(task=TASK, id=0, dep=[-1], args=_args(question))
    began = time.perf_counter()
    outcome = await competition.ainvoke(Contest(task=task), context=parts.context())
    result: Result = outcome["results"][0]
    text = (result["output"] or {}).get("text")
    return Reply(id=question.id, answer=text, winner=result["winner"],
                 competed=[one["expert"] for one in result["candidates"]], error=result["error"], code=result["code"],
                 seconds=round(time.perf_counter() - began, 4))


def _args(question: Question) -> dict[str, Any]:
    return {"text": harmless(question.text), "image": str(question.image)}


def _kept(row: Mapping[str, Any]) -> Reply:
    kept: Reply = row  # type: ignore[assignment]  # what `answer` made, read back
    return kept


def notes(replies: Mapping[str, Mapping[str, Reply]]) -> list[str]:
    """What is to be said of the replies of each way: failures, and a competition of one."""
    told = []
    for way, found in replies.items():
        failed = [one for one in found.values() if one["answer"] is None]
        if failed:
            again = sum(one["code"] not in _FOR_GOOD for one in failed)
            told.append(f"Competition {way}: {len(failed)} of {len(found)} questions got no answer and count as wrong "
                        f"(the first: {failed[0]['error']})" + (f"; running this again tries {again} of them again."
                                                                if again else "."))
        if way != OFF and all(len(one["competed"]) < 2 for one in found.values()):
            told.append("Only one expert answers such questions here, so nobody competes.")
    return told
