"""Language models that break planners, lack features or are down, as whole turns: none crashes, each is answered."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.openai import OpenAI, error
from tests.loopback.server import Answer
from tests.turns.stage import TEXT, Model, Turned, models, plan, stage, step

GOOD = plan(step("summarization", text=TEXT))
CHAIN = [step("summarization", 0, text=TEXT), step("text-to-speech", 1, [0], text="<resource>-0")]
ASKED = f"Summarize this text: {TEXT}"
SAID = "Sheep graze near the village."
ANSWER = "In short, sheep graze."


def experts() -> list[Model]:
    return [*models("summarization", [{"summary_text": SAID}], [{"summary_text": SAID}]),
            *models("text-to-speech", None, None, name="tts")]


def purposes(turned: Turned) -> list[str]:
    return [call["purpose"] for call in turned.last.calls]


def written(**args: Any) -> str:
    return plan(step("summarization", **args))


def referring(text: str, dep: int = 0) -> str:
    return plan(CHAIN[0], step("text-to-speech", 1, [dep], text=text))


READABLE = {
    "single quotes": str({"tasks": [step("summarization", text=TEXT)], "reply": None}),
    "prose around it": f"Sure! Here is the plan:\n{GOOD}\nLet me know whether it suits you.",
    "a code fence": f"```json\n{GOOD}\n```",
    "a trailing comma": GOOD.replace('}], "reply"', '},], "reply"'),
    "a brace too many": GOOD + "}}",
    "a bare list": json.dumps([step("summarization", text=TEXT)]),
    "HuggingGPT's aliases": GOOD.replace('"summarization"', '"Summarisation"'),
    "a note it wrote first": f"<think>They want {{a summary}}</think>{GOOD}",
}
REPAIRED = {
    "an unknown task": GOOD.replace("summarization", "time-travel"),
    "an unknown id": plan(step("summarization", 0, [7], text="<resource>-7")),
    "a task that needs itself": plan(step("summarization", 0, [0], text="<resource>-0")),
    "a cycle": plan(step("summarization", 0, [1], text="<resource>-1"), step("summarization", 1, [0],
                                                                             text="<resource>-0")),
    "a dangling reference": referring("<resource>-5"),
    "an argument too few": plan(step("translation", text=TEXT)),
    "a file nobody gave": plan(step("ocr", image="/tmp/nobody-gave-this.png")),
    "100,000 levels": '{"tasks": ' + "[" * 100_000,
    "half a reply": GOOD[: len(GOOD) // 2],
    "no JSON": "I would first sum up the text and then read it aloud.",
    "null": "null",
    "a number": "42",
    "tasks that are none": json.dumps({"tasks": "none", "reply": None}),
}
REFERENCES = ("<GENERATED>-0", "<GENERATED-0>", "<resource-0>", "<Resource>-0", "<resource>-0.", "<resource> - 0",
              "resource-0", "<resource>-id-0")


@pytest.mark.parametrize("said", READABLE.values(), ids=READABLE)
async def test_a_plan_that_can_be_made_out_costs_no_repair(said: str, tmp_path: Path) -> None:
    async with stage(tmp_path, said, ANSWER, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert [task["task"] for task in turned.last.turn["plan"]] == ["summarization"]
        assert turned.results[0]["output"] == {"text": SAID}
        assert (turned.answer, turned.last.planner, purposes(turned)) == (ANSWER, "llm", ["plan", "write"])


@pytest.mark.parametrize("said", REPAIRED.values(), ids=REPAIRED)
async def test_a_plan_that_cannot_be_used_is_repaired(said: str, tmp_path: Path) -> None:
    async with stage(tmp_path, said, GOOD, ANSWER, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert turned.results[0]["output"] == {"text": SAID}
        assert (turned.answer, turned.last.planner, purposes(turned)) == (ANSWER, "llm", ["plan", "repair", "write"])
        assert len(json.dumps(on.llm.chats[1])) < 60_000


@pytest.mark.parametrize("said", REPAIRED.values(), ids=REPAIRED)
async def test_where_no_repair_helps_the_embedded_planner_steps_in_and_says_so(said: str, tmp_path: Path) -> None:
    async with stage(tmp_path, said, said, said, ANSWER, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert turned.results[0]["output"] == {"text": SAID}
        assert (turned.last.planner, purposes(turned)) == ("embedded", ["plan", "repair", "repair", "write"])
        assert "the embedded planner made this" in turned.notices
        assert turned.answer == ANSWER


@pytest.mark.parametrize("reference", REFERENCES)
async def test_a_misspelt_reference_is_understood_or_repaired_but_never_read_aloud(reference: str, tmp_path: Path
                                                                                   ) -> None:
    def again(chat: dict[str, Any]) -> str:
        return ANSWER if chat.get("stream") else plan(*CHAIN)

    async with stage(tmp_path, referring(reference), again, models=experts()) as on:
        turned = await on.turn(f"{ASKED} and read it aloud")
        assert [result["status"] for result in turned.results] == ["ok", "ok"]
        assert str(turned.results[1]["args"]["text"]).startswith(SAID)
        assert turned.last.planner == "llm"


REFUSALS: dict[str, str | Mapping[str, Any]] = {
    "in its own field": {"content": None, "refusal": "I cannot help with that."},
    "in prose": "I'm sorry, but I cannot help with that.",
    "as a reply": plan(reply="I cannot help with that."),
}


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_of_small_talk_is_a_plain_answer(said: str | Mapping[str, Any], tmp_path: Path) -> None:
    async with stage(tmp_path, said, "That is beyond me.") as on:
        turned = await on.turn("Hello, how are you today?")
        assert (turned.last.turn["plan"], turned.answer) == ([], "That is beyond me.")
        assert "".join(turned.spoken) == turned.answer


async def test_a_refusal_of_real_work_is_asked_about_and_then_done_here(tmp_path: Path) -> None:
    refusal: Mapping[str, Any] = {"content": None, "refusal": "I cannot help with that."}
    async with stage(tmp_path, refusal, refusal, refusal, ANSWER, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert turned.results[0]["output"] == {"text": SAID}
        assert turned.last.planner == "embedded"


async def test_an_empty_plan_is_answered_as_chat_in_two_calls(tmp_path: Path) -> None:
    async with stage(tmp_path, plan(reply="Four."), "Two and two is four.") as on:
        turned = await on.turn("What is two and two?")
        assert (turned.answer, purposes(turned)) == ("Two and two is four.", ["plan", "write"])
        assert turned.results == []


async def test_a_reply_that_is_empty_once_is_asked_for_again(tmp_path: Path) -> None:
    async with stage(tmp_path, "", GOOD, ANSWER, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert (turned.last.planner, turned.answer) == ("llm", ANSWER)


def closed_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}/v1"


DOWN: dict[str, tuple[Any, dict[str, Any], str]] = {
    "connection refused": (GOOD, {"openai_base_url": closed_port}, "cannot be reached"),
    "401": (lambda chat: error(401, "Incorrect API key."), {}, "refused the key"),
    "402": (lambda chat: error(402, "Payment required."), {}, "out of credit"),
    "404": (lambda chat: error(404, "The model does not exist.", "model_not_found"), {}, "has no openai:some-model"),
    "429 for long": (lambda chat: error(429, "Slow down.", headers={"retry-after": "100"}), {}, "not available"),
    "500 for ever": (lambda chat: error(500, "Internal error."), {}, "not available now"),
    "empty for ever": (lambda chat: "", {}, "said nothing"),
    "hang": (lambda chat: Answer(fault="hang"), {"deadline": 3.0}, "did not answer within"),
    "drip": (lambda chat: Answer({"x": "y" * 500}, fault="drip"), {"deadline": 3.0}, "did not answer within"),
    "reset": (lambda chat: Answer(fault="reset"), {}, "cannot be reached"),
    "html": (lambda chat: Answer("<html>Welcome</html>", headers={"content-type": "text/html"}), {},
             "no chat completion"),
}


@pytest.mark.parametrize("name", DOWN)
async def test_with_the_language_model_down_the_embedded_ones_take_over_and_say_so(name: str, tmp_path: Path) -> None:
    reply, flags, why = DOWN[name]
    flags = {key: value() if callable(value) else value for key, value in flags.items()}
    async with stage(tmp_path, reply, models=experts(), **flags) as on:
        turned = await on.turn(ASKED)
        assert turned.last.planner == "embedded"
        assert turned.results[0]["output"] == {"text": SAID}
        assert "The language model could not be used" in turned.notices
        assert why in turned.notices
        assert "The language model could not be used" in turned.answer
        assert SAID in turned.answer


BROKEN_WRITERS: dict[str, Any] = {
    "401": error(401, "Incorrect API key."), "500 for ever": lambda chat: error(500, "Internal error."),
    "hang": Answer(fault="hang"), "refused stream": Answer({"error": {"message": "no"}}, 400),
}


@pytest.mark.parametrize("name", BROKEN_WRITERS)
async def test_a_language_model_that_breaks_after_planning_is_stood_in_for(
        name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.respond.node.EXTRA", 0.1)
    flags = {"deadline": 2.5} if name == "hang" else {}
    broken = BROKEN_WRITERS[name]
    async with stage(tmp_path, GOOD, broken, broken, models=experts(), **flags) as on:
        turned = await on.turn(ASKED)
        assert turned.last.planner == "llm"
        assert "The language model could not be used" in turned.answer
        assert SAID in turned.answer
        assert "llm" not in turned.notices


async def test_an_answer_that_breaks_off_is_finished_without_the_language_model(tmp_path: Path) -> None:
    fake = OpenAI(GOOD, "In short, the sheep were seen to graze on some hill.")

    def breaking(chat: dict[str, Any]) -> str:
        fake.stream_fault = "cut"
        return "In short, the sheep were seen to graze on some hill."

    fake.replies[1] = breaking
    async with stage(tmp_path, fake=fake, models=experts()) as on:
        turned = await on.turn(ASKED)
        assert turned.answer.startswith("In short, the sheep")
        assert "broke off here" in turned.answer
        assert SAID in turned.answer
        assert "".join(turned.spoken) == turned.answer


@pytest.mark.parametrize("lacks", [
    ["json_schema"], ["json_schema", "tools"], ["json_schema", "tools", "json_mode"], ["stream_options"],
    ["json_schema", "tools", "json_mode", "stream_options"],
], ids=["json_schema", "and tools", "and json mode", "stream_options", "everything"])
async def test_a_server_that_lacks_features_is_asked_without_them_and_that_is_remembered(
        lacks: list[Any], tmp_path: Path) -> None:
    fake = OpenAI(GOOD, ANSWER, GOOD, ANSWER, lacks=lacks)
    async with stage(tmp_path, fake=fake, models=experts()) as on:
        first = await on.turn(ASKED)
        refused = len(fake.refused)
        second = await on.turn(ASKED, thread="another")
        for turned in (first, second):
            assert (turned.last.planner, turned.answer, purposes(turned)) == ("llm", ANSWER, ["plan", "write"])
        assert refused == len(lacks)
        assert len(fake.refused) == refused
