"""Hub models that fail in every way they can, as whole turns: another answers, the record says what was wrong."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from compegpt.cli import run
from compegpt.console import Console
from compegpt.record import Outcome, failure
from tests.loopback.canned import bomb, picture, tone
from tests.loopback.openai import OpenAI
from tests.loopback.server import Answer, Asked
from tests.turns.stage import TEXT, Turned, environ_of, models, online, plan, server_of, stage, step

GOOD = [{"summary_text": "Sheep graze near the village."}]
PLAN = plan(step("summarization", text=TEXT))
SECONDS = 1.5


@dataclass(frozen=True)
class Fault:
    answer: Answer
    said: str
    """Pattern of the recorded error."""
    code: str = "transient"
    status: int = 5
    """Exit status where every model has it."""

JSON = {"content-type": "application/json"}
UNREADABLE = "Its answer is "
BROKEN_OFF = "cannot be reached: the connection broke off"
SILENT = r"no answer within|silent for|too slow"
FAULTS = {
    "401": Fault(Answer({"error": "Invalid credentials"}, 401), r"token was refused.*Invalid credentials.*HF_TOKEN",
                 "authentication", 3),
    "402": Fault(Answer({"error": "Monthly credits are used up"}, 402), "no credit left.*Monthly credits", "gone", 1),
    "403": Fault(Answer({"error": "Missing permission"}, 403), "may not use.*Missing permission", "authentication", 3),
    "404": Fault(Answer({"error": "Model not found"}, 404), "is not served there: Model not found", "gone", 1),
    "410": Fault(Answer({"error": "Deprecated"}, 410), "is no longer served: Deprecated", "gone", 1),
    "429": Fault(Answer({"error": "Rate limit"}, 429, {"Retry-After": "30"}), "too many calls.*Rate limit"),
    "500": Fault(Answer({"error": "CUDA out of memory"}, 500), "broke down: CUDA out of memory"),
    "503 loading": Fault(Answer({"error": "Model is loading", "estimated_time": 20.0}, 503), "loading or overloaded"),
    "hang": Fault(Answer(fault="hang"), SILENT, "deadline", 6),
    "drip": Fault(Answer([{"summary_text": "Sheep. " * 99}], fault="drip"), SILENT, "deadline", 6),
    "reset": Fault(Answer(fault="reset"), BROKEN_OFF),
    "cut": Fault(Answer(GOOD, fault="cut"), BROKEN_OFF),
    "garbage": Fault(Answer(b"\xff\xfe\x00\x9c garbage", headers=JSON), UNREADABLE, "expert", 1),
    "empty body": Fault(Answer(b"", headers=JSON), "gave an empty answer", "expert", 1),
    "html": Fault(Answer("<html>Welcome</html>", headers={"content-type": "text/html"}), "answered with a web page",
                  "expert", 1),
    "other json": Fault(Answer({"ok": True}), UNREADABLE, "expert", 1),
    "null": Fault(Answer(b"null", headers=JSON), UNREADABLE, "expert", 1),
    "empty list": Fault(Answer([]), UNREADABLE, "expert", 1),
}


def exit_status(turned: Turned) -> int:
    error = failure(Outcome(plan=turned.last.turn["plan"], results=turned.results, calls=turned.last.calls,
                            turn=turned.last.turn))
    return error.status if error else 0


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("name", FAULTS)
async def test_another_model_answers_in_place_of_a_broken_one(name: str, k: int, tmp_path: Path) -> None:
    fault = FAULTS[name]
    experts = models("summarization", fault.answer, *[GOOD] * 5)
    async with stage(tmp_path, PLAN, "Sheep graze.", models=experts, top_k=k, task_deadline=SECONDS) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        result, = turned.results
        assert result["output"] == {"text": "Sheep graze near the village."}
        assert turned.selected().experts == [one.expert for one in experts[:k]]
        broken = turned.candidates()[experts[0].expert]
        assert broken["status"] in ("failed", "cancelled", "timeout")
        assert re.search(fault.said, broken["error"] or "")
        assert result["winner"] != broken["expert"]
        if k == 1:
            assert turned.candidates().keys() == {experts[0].expert, experts[1].expert}
        assert exit_status(turned) == 0


@pytest.mark.parametrize("name", FAULTS)
async def test_a_task_whose_models_are_all_broken_fails_and_tells_how(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    experts = models("summarization", *[fault.answer] * 3)
    async with stage(tmp_path, PLAN, "Nothing came of it.", models=experts, task_deadline=1.0) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        result, = turned.results
        assert (result["status"], result["code"], exit_status(turned)) == ("failed", fault.code, fault.status)
        assert re.search(f"{fault.said}|ran out of time", result["error"] or "")
        assert all(re.search(fault.said, one["error"] or "") for one in result["candidates"])
        assert turned.answer == "Nothing came of it."


@pytest.mark.parametrize(("name", "status"), [("401", 3), ("410", 1), ("503 loading", 5), ("hang", 6)])
def test_the_command_line_ends_with_the_status_of_what_was_wrong(name: str, status: int, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    experts = models("summarization", *[FAULTS[name].answer] * 3)
    with online(), server_of(OpenAI(PLAN, "Nothing came of it."), experts) as server:
        for variable, value in {**environ_of(server, tmp_path), "COMPEGPT_TASK_DEADLINE": "1"}.items():
            monkeypatch.setenv(variable, value)
        out = io.BytesIO()
        assert run(["--json", "--prompt", f"Sum this up: {TEXT}"], Console(io.BytesIO(), out, io.StringIO())) == status
    told = json.loads(out.getvalue())
    assert told["error"]["code"] == FAULTS[name].code
    assert told["answer"] == "Nothing came of it."
    assert [one["status"] for one in told["results"]] == ["failed"]


@pytest.mark.parametrize("first", [
    Answer({"error": "Model is loading", "estimated_time": 0.2}, 503), Answer({"error": "overloaded"}, 503),
    Answer({"error": "Rate limit"}, 429, {"Retry-After": "0.2"}), Answer({"error": "oops"}, 500), Answer(fault="reset"),
], ids=["503 loading", "503", "429", "500", "reset"])
async def test_with_nobody_else_a_model_that_is_not_ready_is_tried_again(first: Answer, tmp_path: Path) -> None:
    answers = iter([first, Answer(GOOD)])
    alone, = models("summarization", lambda asked: next(answers))
    async with stage(tmp_path, PLAN, "Sheep graze.", models=[alone], task_deadline=5.0) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        assert turned.results[0]["winner"] == alone.expert
        assert turned.candidates()[alone.expert]["error"] is None
        assert on.calls(alone) == 2


async def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    answers = iter([Answer({"error": "Rate limit"}, 429, {"Retry-After": "1"}), Answer(GOOD)])
    alone, = models("summarization", lambda asked: next(answers))
    async with stage(tmp_path, PLAN, "Sheep graze.", models=[alone]) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        assert turned.results[0]["status"] == "ok"
        first, second = (one.at for one in on.server.asked(f"/hf-inference/models/{alone.listed.id}"))
        assert second - first >= 1


@pytest.mark.parametrize("wrong", [
    Answer({"error": "none"}), Answer("<html>Hello</html>", headers={"content-type": "text/html"}),
    Answer(tone(), headers={"content-type": "audio/wav"}), Answer(b"", headers={"content-type": "image/png"}),
    Answer(picture()[:200], headers={"content-type": "image/png"}),
    Answer(bomb(), headers={"content-type": "image/png"}),
], ids=["json", "html", "sound", "nothing", "half a picture", "a picture too large"])
async def test_what_is_no_picture_does_not_become_one(wrong: Answer, tmp_path: Path) -> None:
    experts = models("text-to-image", wrong, None, name="stable-diffusion")
    drawing = plan(step("text-to-image", text="a sheep"))
    async with stage(tmp_path, drawing, "Here it is.", models=experts, task_deadline=SECONDS) as on:
        turned = await on.turn("Draw a sheep")
        broken = turned.candidates()[experts[0].expert]
        assert (broken["status"], broken["output"]) == ("failed", None)
        assert broken["error"]
        assert turned.results[0]["winner"] == experts[1].expert
        made = sorted((tmp_path / "data" / "artifacts").rglob("*.*"))
        assert made == [Path(turned.results[0]["output"]["image"])]


async def test_a_picture_under_a_wrong_content_type_is_still_one(tmp_path: Path) -> None:
    mistyped = Answer(picture(), headers={"content-type": "application/octet-stream"})
    experts = models("text-to-image", mistyped, name="stable-diffusion")
    async with stage(tmp_path, plan(step("text-to-image", text="a sheep")), "Here.", models=experts) as on:
        turned = await on.turn("Draw a sheep")
        assert Path(turned.results[0]["output"]["image"]).suffix == ".png"


async def test_a_dependent_of_a_broken_task_is_skipped_and_the_rest_goes_on(tmp_path: Path) -> None:
    experts = [*models("summarization", FAULTS["404"].answer), *models("text-to-speech", None, name="tts"),
               *models("text-to-image", None, name="stable-diffusion")]
    steps = plan(step("summarization", 0, text=TEXT), step("text-to-speech", 1, [0], text="<resource>-0"),
                 step("text-to-image", 2, text="a sheep"))
    async with stage(tmp_path, steps, "Only the picture was made.", models=experts) as on:
        turned = await on.turn(f"Sum this up and read it aloud, and draw a sheep: {TEXT}")
        assert {result["id"]: result["status"] for result in turned.results} == {0: "failed", 1: "skipped", 2: "ok"}
        assert not on.server.asked("/hf-inference/models/org0/tts")
        assert exit_status(turned) == 0


async def test_the_hub_that_cannot_list_its_models_fails_the_task_for_now_and_says_so(tmp_path: Path) -> None:
    def down(asked: Asked) -> Answer | None:
        return Answer({"error": "maintenance"}, 503) if asked.path.startswith("/api/") else None

    async with stage(tmp_path, PLAN, "Nothing came of it.", front=[down]) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        assert turned.results[0]["status"] == "failed"
        assert "could not be asked (it answered with status 503)" in (turned.results[0]["error"] or "")
        assert exit_status(turned) == 5
