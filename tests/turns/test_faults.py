"""Hub models that fail in every way they can, as whole turns: another one answers, and the record says what was wrong."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from compegpt.record import Outcome, failure
from tests.loopback.server import Answer, Asked
from tests.turns.stage import TEXT, Stage, Turned, models, plan, stage, step

GOOD = [{"summary_text": "Sheep graze near the village."}]
PLAN = plan(step("summarization", text=TEXT))
SECONDS = 2.0


@dataclass(frozen=True)
class Fault:
    answer: Answer
    said: str
    """Pattern of the recorded error."""
    code: str = "transient"
    status: int = 5
    """Exit status where every model has it."""
    slow: bool = False
    """Whether it is known by its silence only."""


JSON = {"content-type": "application/json"}
FAULTS = {
    "401": Fault(Answer({"error": "Invalid credentials"}, 401), r"token was refused.*Invalid credentials.*HF_TOKEN",
                 "authentication", 3),
    "402": Fault(Answer({"error": "You have exceeded your monthly credits"}, 402), "no credit left.*monthly credits",
                 "gone", 1),
    "403": Fault(Answer({"error": "Missing permission"}, 403), "may not use.*Missing permission", "authentication", 3),
    "404": Fault(Answer({"error": "Model not found"}, 404), "is not served there", "gone", 1),
    "410": Fault(Answer({"error": "Deprecated"}, 410), "no longer served", "gone", 1),
    "429": Fault(Answer({"error": "Rate limit"}, 429, {"Retry-After": "30"}), "too many calls.*Rate limit"),
    "500": Fault(Answer({"error": "CUDA out of memory"}, 500), "broke down.*CUDA out of memory"),
    "503 loading": Fault(Answer({"error": "Model is loading", "estimated_time": 20.0}, 503), "loading or overloaded"),
    "hang": Fault(Answer(fault="hang"), "no answer|too slow|not needed", "deadline", 6, slow=True),
    "drip": Fault(Answer([{"summary_text": "Sheep. " * 99}], fault="drip"), "no answer|too slow|not needed", "deadline",
                  6, slow=True),
    "reset": Fault(Answer(fault="reset"), "Error"),
    "cut": Fault(Answer(GOOD, fault="cut"), "Error"),
    "garbage": Fault(Answer(b"\xff\xfe\x00\x9c garbage", headers=JSON), "x", "expert", 1),
    "empty body": Fault(Answer(b"", headers=JSON), "x", "expert", 1),
    "html": Fault(Answer("<html><body>Welcome</body></html>", headers={"content-type": "text/html"}), "x", "expert", 1),
    "wrong json": Fault(Answer({"ok": True}), "x", "expert", 1),
    "null": Fault(Answer(b"null", headers=JSON), "x", "expert", 1),
    "empty list": Fault(Answer([]), "x", "expert", 1),
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
        broken = turned.candidates()[experts[0].expert]
        print("FAULT", name, k, broken["status"], broken.get("code"), broken["error"], len(result["candidates"]), exit_status(turned))
        assert result["status"] == "ok"
        assert result["winner"] != experts[0].expert
        assert result["output"] == {"text": "Sheep graze near the village."}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_task_whose_models_are_all_broken_fails_and_tells_how(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    experts = models("summarization", *[fault.answer] * 3)
    async with stage(tmp_path, PLAN, "Nothing came of it.", models=experts, task_deadline=1.0) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        result, = turned.results
        print("ALL", name, result["status"], result["code"], result["error"], exit_status(turned))
        assert result["status"] == "failed"
