"""What a plan is before it runs: without keys, sound, the request's own where it has one, blind to other files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import UsageError
from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.plan.node import proposed
from compegpt.redaction import Redactor
from compegpt.schema import Proposal, Request, Turn
from tests.fakes import FakePlanner, task

KEY = "sk-canary-1234567890"
ASKED: Request = {"text": "x", "files": [], "thread": "t"}


class Says:
    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal

    async def plan(self, request: Request, history: Sequence[Turn], allowed: Any = None) -> Proposal:
        return self.proposal


async def test_no_key_that_a_server_quotes_stays_in_a_plan() -> None:
    said = Proposal([task("summarization", text=f"you sent Bearer {KEY}")], None, "llm", f"your key is {KEY}", (), KEY)
    assert KEY not in repr(await proposed(Says(said), ASKED, [], Redactor([KEY])))


async def test_a_plan_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(UsageError, match="lacks 'text'"):
        await proposed(FakePlanner([task("summarization")]), ASKED, [], Redactor([]))


async def test_a_plan_that_the_request_brings_needs_no_planner() -> None:
    planner = FakePlanner([task("summarization", text="theirs")])
    made = await proposed(planner, {**ASKED, "plan": [task("summarization", text="mine")]}, [], Redactor([]))
    assert (made.planner, made.confidence, made.tasks[0]["args"]) == ("given", None, {"text": "mine"})
    assert planner.asked == []


@pytest.mark.parametrize("text", ["Read the text in {}.", "Summarize \"{}\"", "What is in {} ?"])
async def test_whether_a_file_is_there_shows_in_no_plan_of_a_confined_request(text: str, tmp_path: Path) -> None:
    there, missing = tmp_path / "yes_data", tmp_path / "not_data"
    there.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    plans = []
    for path in (there, missing):
        request: Request = {"text": text.format(path), "files": [], "thread": "t", "confined": True}
        made = await proposed(EmbeddedPlanner(), request, [], Redactor([]))
        plans.append(repr(made.tasks).replace(path.name, "NAME"))
    assert plans[0] == plans[1]
