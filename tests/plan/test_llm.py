"""The planner that asks a language model: good replies, bad ones, and none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from compegpt.errors import AuthenticationError, ExpertTimeout, ExpertUnavailable
from compegpt.plan.llm import LLMPlanner
from compegpt.plan.validate import problems
from compegpt.schema import Proposal, Request, Task
from tests.fakes import FakeEncoder, FakeLLM, FakePlanner, task

OCR = task("ocr", image="a.png")
SPEAK = task("text-to-speech", 1, (0,), text="<resource>-0")
EMBEDDED = [task("summarization", text="a.png")]
TEXT = "Read a.png aloud"


def asked(text: str = TEXT) -> Request:
    return {"text": text, "files": [], "thread": "t"}


def planner(*replies: Any, fallback: Sequence[Task] = EMBEDDED, **options: Any) -> tuple[LLMPlanner, FakeLLM]:
    llm = FakeLLM(*replies)
    return LLMPlanner(llm, FakeEncoder(), FakePlanner(list(fallback)), **options), llm


def said(*tasks: Any, reply: str | None = None) -> str:
    return json.dumps({"tasks": list(tasks), "reply": reply})


async def planned(reply: str, text: str = TEXT) -> Proposal:
    """The plan of one reply; a second call would fail for want of one."""
    return await planner(reply)[0].plan(asked(text), [])


async def test_a_good_reply_takes_one_call() -> None:
    made, llm = planner(said(OCR, SPEAK))
    proposal = await made.plan(asked(), [])
    assert (proposal.tasks, proposal.planner, proposal.confidence, proposal.note) == ([OCR, SPEAK], "llm", None, None)
    assert [call["purpose"] for call in proposal.calls] == ["plan"] == [purpose for purpose, _ in llm.asked]
    assert [message["role"] for message in llm.asked[0][1]] == ["system", "user"]
    assert json.loads(llm.asked[0][1][1]["content"]) == {"request": TEXT}


@pytest.mark.parametrize(("reply", "answer"), [
    (said(reply="Hello!"), "Hello!"), (said(), None), ("[]", None)], ids=["reply", "none", "array"])
async def test_an_empty_plan_is_plain_chat(reply: str, answer: str | None) -> None:
    proposal = await planned(reply, "Hi there")
    assert (proposal.tasks, proposal.reply, proposal.planner, len(proposal.calls)) == ([], answer, "llm", 1)


T, S = json.dumps(OCR), json.dumps(SPEAK)
MENDED = {
    "single quotes": str([OCR, SPEAK]),
    "trailing prose": f"[{T}, {S}] I hope it's {{helpful}}!",
    "code fence": f"Here you are:\n```json\n[{T}, {S}]\n```",
    "trailing commas and braces": f'{{"tasks": [{T}, {S},],}}}}}}',
    "misspelt reference": f"[{T}, {S}]".replace("<resource>-0", "<GENERATED-0>"),
    "another spelling": f"[{T}, {S}]".replace("<resource>-0", "<resource-0>"),
    "JARVIS": f"[{T}, {S}]".replace("<resource>-0", "<GENERATED>-0").replace('"id": 0', '"id": "0"'),
    "self-dependency without a use": f"[{T}, {S}]".replace("[-1]", "[0]"),
    "unknown dep without a use": f"[{T}, {S}]".replace('"dep": [0]', '"dep": [7]'),
    "missing end": f"[{T}, {S}",
    "shortened task": f"[{T}, {S}]".replace("text-to-speech", "TTS"),
    "backwards": f"[{S}, {T}]",
}


@pytest.mark.parametrize("reply", MENDED.values(), ids=MENDED)
async def test_a_sloppy_reply_is_a_plan_at_once(reply: str) -> None:
    assert (await planned(reply)).tasks == [OCR, SPEAK]


BROKEN = {
    "unknown task": (said(task("ocrr", image="a.png")), "no task type 'ocrr'; did you mean ocr"),
    "unknown id": (said(OCR, {**SPEAK, "args": {"text": "<resource>-9"}}), "refers to task 9, which does not exist"),
    "self-dependency": (said(task("summarization", text="<resource>-0")), "refers to itself"),
    "cycle": (said(task("summarization", text="<resource>-1"), task("summarization", 1, text="<resource>-0")),
              "wait for each other"),
    "dangling": (said(SPEAK), "refers to task 0, which does not exist"),
    "wrong kind": (said(task("text-to-image", text="x"), SPEAK), "gives image"),
    "no such file": (said(task("ocr", image="cat.png")), "'cat.png' is not a file of this request"),
    "no such address": (said(task("ocr", image="https://x.org/a.png")), "is not a file of this request"),
    "another kind of file": (said(task("automatic-speech-recognition", audio="a.png")), "'a.png' is image"),
    "unknown handle": (said(task("text-to-speech", text="<earlier>-3")), "'<earlier>-3' is no text"),
    "half a reply": (said(OCR, SPEAK)[:-50], "breaks off"),
    "half a text": ('{"tasks": [{"task": "ocr", "id": 0, "args": {"image": "a.pn', "breaks off"),
    "nested": ("[" * 100_000, "holds no JSON"),
    "nested and closed": ('{"a":' * 100_000 + "1" + "}" * 100_000, "holds no JSON"),
    "empty": ("", "holds no JSON"),
    "refusal": ("I'm sorry, but I cannot open files.", "is prose"),
    "nothing of use": ("{}", "holds no JSON"),
    "not a number": ('[{"task": "ocr", "id": NaN, "args": {"image": "a.png"}}]', "has no id"),
    "not tasks": (f"[{T}, 5]", "not an object"),
    "no args": ('[{"task": "ocr", "id": 0, "args": "a.png"}]', "has no args"),
    "too many": (said(*[task("ocr", number, image="a.png") for number in range(5_000)]), "at most 50"),
    "endless": ("ocr " * 200_000, "is prose"),
}


@pytest.mark.parametrize(("reply", "why"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_reply_is_repaired_by_saying_what_is_wrong(reply: str, why: str) -> None:
    made, llm = planner(reply, said(OCR))
    proposal = await made.plan(asked(), [])
    assert (proposal.tasks, proposal.planner, proposal.note) == ([OCR], "llm", None)
    assert [call["purpose"] for call in proposal.calls] == ["plan", "repair"]
    *before, quoted, complaint = llm.asked[1][1]
    assert before == llm.asked[0][1]
    assert [quoted["role"], complaint["role"]] == ["assistant", "user"]
    assert 0 < len(quoted["content"]) < 2_200
    assert why in complaint["content"]


@pytest.mark.parametrize(("reply", "why"), BROKEN.values(), ids=BROKEN)
async def test_after_two_repairs_the_embedded_planner_plans(reply: str, why: str) -> None:
    made, _ = planner(reply, "", reply)
    proposal = await made.plan(asked(), [])
    assert (proposal.tasks, proposal.planner, proposal.confidence) == (EMBEDDED, "fake", 0.9)
    assert [call["purpose"] for call in proposal.calls] == ["plan", "repair", "repair"]
    assert str(proposal.note).startswith("The language model's plan could not be used (")
    assert str(proposal.note).endswith("); the embedded planner made this one.")
    assert why.split("; did")[0] in str(proposal.note)


async def test_prose_is_a_plain_answer_where_no_task_was_asked_for() -> None:
    proposal = await planner("I'm sorry, I cannot help with that.", fallback=[])[0].plan(asked("Hm?"), [])
    assert (proposal.tasks, proposal.reply, len(proposal.calls)) == ([], "I'm sorry, I cannot help with that.", 1)


@pytest.mark.parametrize("error", [
    ExpertUnavailable("The server at 127.0.0.1 cannot be reached; try again."),
    AuthenticationError("The key was refused; set another OPENAI_API_KEY."),
    ExpertTimeout("No answer within 60 s; give more time."),
], ids=["down", "key", "time-out"])
@pytest.mark.parametrize("first", [(), ("nonsense",)], ids=["at once", "in a repair"])
async def test_a_model_that_fails_is_replaced_at_once(error: Any, first: tuple[str, ...]) -> None:
    made, llm = planner(*first, error)
    proposal = await made.plan(asked(), [])
    assert (proposal.tasks, len(llm.asked)) == (EMBEDDED, len(first) + 1)
    assert proposal.note == f"The language model could not be used ({str(error)[:-1]}); the embedded planner made " \
                            "this plan."
    assert [call["error"] for call in proposal.calls] == [None] * len(first) + [str(error)]


async def test_no_repair_is_begun_when_the_time_is_up() -> None:
    made, llm = planner("nonsense", seconds=0.5)
    assert ((await made.plan(asked(), [])).tasks, len(llm.asked)) == (EMBEDDED, 1)


DEMOS = {
    "count in three pictures": ("How many zebras are in 1.jpg, 2.jpg and 3.jpg?", [
        task("object-detection", number, image=f"{number + 1}.jpg") for number in range(3)]),
    "pose and description": ("Draw what b.jpg shows in the pose of a.jpg", [
        task("pose-detection", 0, image="a.jpg"), task("image-to-text", 1, image="b.jpg"),
        task("pose-text-to-image", 2, (0, 1), text="<GENERATED>-1", image="<GENERATED>-0")]),
    "video with a title, dubbed": ("Make a video of a walking astronaut, title it and dub it with the title", [
        task("text-to-video", 0, text="an astronaut walks"), task("text-generation", 1, text="A title for it"),
        task("text-to-speech", 2, (1,), text="<GENERATED>-1"),
        task("video-dubbing", 3, (0, 2), video="<GENERATED>-0", audio="<GENERATED>-2")]),
    "poem, read": ("Write a poem on rain and read it", [
        task("text-generation", 0, text="A poem on rain"), task("text-to-speech", 1, (0,), text="<GENERATED>-0")]),
}


@pytest.mark.parametrize(("text", "steps"), DEMOS.values(), ids=DEMOS)
async def test_the_demonstrations_of_hugginggpt_can_be_run(text: str, steps: list[Task]) -> None:
    proposal = await planned(json.dumps(steps), text)
    assert [one["dep"] for one in proposal.tasks] == [one["dep"] for one in steps]
    assert problems(proposal.tasks) == []


async def test_only_allowed_tasks_are_told_and_taken() -> None:
    made, llm = planner(said(task("text-to-speech", text="x")), said(OCR))
    assert (await made.plan(asked(), [], ["ocr", "translation"])).tasks == [OCR]
    assert "there is no expert for text-to-speech here" in llm.asked[1][1][-1]["content"]
    assert "- text-to-speech (" not in llm.asked[0][1][0]["content"]
    variants = llm.schemas[0]["properties"]["tasks"]["items"]["anyOf"]
    assert [name for one in variants for name in one["properties"]["task"]["enum"]] == ["translation", "ocr"]


async def test_a_task_that_is_not_allowed_becomes_its_nearest_equivalent_without_another_call() -> None:
    made, llm = planner(said(OCR, SPEAK))
    proposal = await made.plan(asked(), [], {"image-to-text", "text-to-speech"})
    assert proposal.tasks == [task("image-to-text", image="a.png"), SPEAK]
    assert len(llm.asked) == 1


async def test_the_fallback_is_told_what_is_allowed() -> None:
    fallback = FakePlanner(EMBEDDED)
    made = LLMPlanner(FakeLLM(ExpertUnavailable("The server is busy.")), FakeEncoder(), fallback)
    await made.plan(asked(), [], {"summarization"})
    assert fallback.allowed == [{"summarization"}]


async def test_each_set_of_allowed_tasks_has_its_own_menu() -> None:
    made, llm = planner(said(OCR), said(OCR), said(OCR))
    for allowed in ({"ocr"}, None, {"ocr"}):
        await made.plan(asked(), [], allowed)
    first, all_of_them, again = (messages[0]["content"] for _, messages in llm.asked)
    assert first == again
    assert ("- translation (" in first, "- translation (" in all_of_them) == (False, True)
