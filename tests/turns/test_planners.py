"""Whole turns with a language model: it plans only what the embedded planner is not sure of, and sees that plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.turns.stage import TEXT, Turned, models, plan, stage, step

SURE = f"Summarize this text: '{TEXT}'"
UNSURE = f"Somehow rework and weigh and voice '{TEXT}', or illustrate the gist, your pick"
ANSWER = "Sheep graze on a hill."


def purposes(turned: Turned) -> list[str]:
    return [call["purpose"] for call in turned.last.calls]


async def test_what_the_embedded_planner_is_sure_of_costs_no_call_to_plan(tmp_path: Path) -> None:
    async with stage(tmp_path, ANSWER, models=models("summarization", "It is short."), planner="auto") as on:
        turned = await on.turn(SURE)
        assert (turned.last.planner, purposes(turned), turned.answer) == ("embedded", ["write"], ANSWER)
        assert (turned.last.confidence or 0) > 0.8


async def test_what_it_is_not_sure_of_the_language_model_plans_with_the_draft(tmp_path: Path) -> None:
    said = plan(step("summarization", text=TEXT))
    async with stage(tmp_path, said, ANSWER, models=models("summarization", "It is short."), planner="auto") as on:
        turned = await on.turn(UNSURE)
        assert (turned.last.planner, purposes(turned)) == ("llm", ["plan", "write"])
        asked = json.loads(on.llm.chats[0]["messages"][-1]["content"])
        assert asked["request"] == UNSURE
        assert "text-to-speech" in [one["task"] for one in asked["draft"]]


@pytest.mark.parametrize("text", ["Résume ce texte s'il te plaît : 'Le chien dort.'",
                                  "Fasse 'Der Hund schläft' bitte zusammen"])
async def test_other_languages_are_the_language_models(text: str, tmp_path: Path) -> None:
    said = plan(step("summarization", text="Le chien dort."))
    async with stage(tmp_path, said, ANSWER, models=models("summarization", "It is short."), planner="auto") as on:
        assert (await on.turn(text)).last.planner == "llm"
