"""Answers graded by a language model that is shown the right ones: MM-Vet's way (arXiv:2308.02490, section 3.3)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from compegpt.eval.answering import short, side_by_side
from compegpt.eval.ledger import Ledger
from compegpt.llm.protocol import LanguageModel, Message
from compegpt.llm.thoughts import answer_of
from compegpt.prompts import render

AGAIN = 2
"""How often a grader is asked again that did not answer with a score."""
_SCHEMA = {"title": "grade", "type": "object", "additionalProperties": False, "required": ["score"],
           "properties": {"score": {"type": "number"}}}
_NAMED = re.compile(r"[\"']?score[\"']?\s*[:=]\s*[\"']?(-?\d+(?:\.\d+)?)(?![\d.]*\d|\s*[/%])", re.IGNORECASE)
_ALONE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*\.?\s*")


@dataclass(frozen=True)
class Graded:
    """What is to be graded."""

    id: str
    question: str
    truth: str
    answer: str

    @property
    def key(self) -> str:
        """In the ledger: another one for another answer."""
        return f"{self.id} {short(self.question, self.truth, self.answer)}"


def grades(grader: LanguageModel, items: Sequence[Graded], folder: Path, tell: Callable[[int, int], None]
           ) -> list[float | None]:
    """A score in [0, 1] for each item; None where the grader gave none, which is not kept, so that it is asked again.

    Kept in a ledger, so that a stopped run goes on. Raises LLMError where the grader fails, InputError as Ledger does.
    """
    prompt = render("grade")
    made_from = {"grader": grader.name, "prompt": short(prompt)}
    ledger = Ledger(folder / f"grades-{short(*made_from.items())}.jsonl", made_from)
    return asyncio.run(_grades(grader, prompt, items, ledger, tell))


async def _grades(grader: LanguageModel, prompt: str, items: Sequence[Graded], ledger: Ledger,
                  tell: Callable[[int, int], None]) -> list[float | None]:
    found: dict[str, float | None] = {one.key: ledger.rows[one.key]["score"] for one in items if one.key in ledger}
    waiting = list({one.key: one for one in items if one.key not in found}.values())
    total = len({one.key for one in items})

    async def work(item: Graded) -> None:
        score, said = await grade(grader, prompt, item)
        if score is not None:
            ledger.add({"id": item.key, "answer": item.answer, "score": score, "said": said})
        found[item.key] = score
        tell(len(found), total)

    tell(len(found), total)
    await side_by_side(waiting, work)
    return [found[one.key] for one in items]


async def grade(grader: LanguageModel, prompt: str, item: Graded) -> tuple[float | None, str]:
    """A score, and what the grader said last. Raises LLMError."""
    data = json.dumps({"question": item.question, "truth": item.truth, "answer": item.answer}, ensure_ascii=False)
    messages: list[Message] = [{"role": "system", "content": prompt}, {"role": "user", "content": data}]
    said = ""
    for _ in range(1 + AGAIN):
        said = (await grader.ask(messages, "judge", schema=_SCHEMA)).text
        score = score_of(said)
        if score is not None:
            return score, said
        messages = [*messages[:2], {"role": "assistant", "content": said[:500] or "(nothing)"}, {
            "role": "user", "content": 'Reply with the score alone, from 0.0 to 1.0, such as {"score": 0.5}.'}]
    return None, said


def score_of(said: str) -> float | None:
    """The score of a reply, to a tenth; None where there is none from 0 to 1."""
    text = answer_of(said) or said
    alone = _ALONE.fullmatch(text)
    named = [found[1] for found in (alone, *_NAMED.finditer(text)) if found is not None]
    value = float(named[-1]) if named else -1.0
    return round(value, 1) if 0 <= value <= 1 else None
