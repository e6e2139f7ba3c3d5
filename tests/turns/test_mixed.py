"""Sources side by side on one task: hub, local, embedded and chat experts compete and are judged alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.judge.verdict import MEASURED
from tests.loopback.server import Answer, Asked
from tests.sources.local.tiny_text import encoder
from tests.turns.stage import Model, models, plan, stage, step

REVIEW = "What a good day: the food was great, the room was clean and everybody was very kind."
PLAN = plan(step("text-classification", text=REVIEW))
EXPERTS = """
[[expert]]
name = "my-model"
kind = "local"
path = "{folder}"
tasks = ["text-classification"]
"""


def replies(chat: dict[str, Any]) -> str:
    """One server as the planner, as a chat expert and as the writer."""
    if chat.get("stream"):
        return "It is positive."
    system = str(chat["messages"][0]["content"])
    if system.startswith("You plan"):
        return PLAN
    return json.dumps({"labels": [{"label": "positive", "score": 0.95}, {"label": "negative", "score": 0.05}]})


def hub_models() -> list[Model]:
    return models("text-classification", None, None, name="sentiment")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random classifier in a folder."""
    made = encoder(tmp_path_factory.mktemp("weights"), "ForSequenceClassification", labels=["negative", "positive"])
    assert made.folder is not None
    return made.folder


@pytest.mark.parametrize("order", ["hub,local,embedded,chat", "chat,embedded,local,hub", "embedded,hub", "hub,embedded",
                                   "local,chat"])
async def test_the_sources_compete_in_the_order_of_the_setting_and_are_judged_alike(
        order: str, tmp_path: Path, weights: Path) -> None:
    named = order.split(",")
    async with stage(tmp_path, replies, models=hub_models(), experts=order, top_k=len(named), device="cpu",
                     files={"experts.toml": EXPERTS.replace("{folder}", str(weights))}) as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        result, = turned.results
        assert [name.partition(":")[0] for name in turned.selected().experts] == named
        assert [one["source"] for one in result["candidates"]] == named
        for one in result["candidates"]:
            assert (one["status"], one["error"]) == ("ok", None)
            assert set(one["signals"]) - MEASURED == set(result["candidates"][0]["signals"]) - MEASURED
            assert one["score"] is not None
            assert [label["label"] for label in one["output"]["labels"]]
        size = len(named)
        assert [len(row) for row in result["similarity"]] == [size] * size
        assert all(result["similarity"][n][n] == pytest.approx(1) for n in range(size))
        assert result["winner"] == max(result["candidates"], key=lambda one: one["score"])["expert"]
        assert turned.answer == "It is positive."


async def test_an_embedded_engine_may_win_over_a_hub_model(tmp_path: Path) -> None:
    wrong = models("text-classification", [[{"label": "NEGATIVE", "score": 0.6}, {"label": "POSITIVE", "score": 0.4}]],
                   name="sentiment")
    async with stage(tmp_path, replies, models=wrong, experts="hub,embedded") as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        assert turned.results[0]["winner"].startswith("embedded:")
        assert turned.results[0]["output"]["labels"][0]["label"] == "positive"


async def test_reserves_of_another_source_stand_in(tmp_path: Path) -> None:
    broken = models("text-classification", Answer({"error": "gone"}, 410), name="sentiment")
    async with stage(tmp_path, replies, models=broken, experts="hub,embedded", top_k=1) as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        assert turned.selected().experts == [broken[0].expert]
        assert turned.results[0]["winner"].startswith("embedded:")


@pytest.mark.parametrize("fault", [Answer({"error": "maintenance"}, 503), Answer(fault="reset"),
                                   Answer({"error": "Invalid token"}, 401), Answer(b"\xff\x00", 200)],
                         ids=["503", "reset", "401", "garbage"])
async def test_a_source_that_is_down_does_not_hold_up_the_others(fault: Answer, tmp_path: Path) -> None:
    def down(asked: Asked) -> Answer | None:
        return fault if asked.path.startswith("/api/") else None

    async with stage(tmp_path, replies, front=[down], experts="hub,embedded,chat") as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        assert turned.results[0]["status"] == "ok"
        assert {name.partition(":")[0] for name in turned.selected().experts} == {"embedded", "chat"}
        assert any("could not be asked" in reason for reason in turned.selected().reasons)


async def test_a_source_that_does_not_answer_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                                   ) -> None:
    monkeypatch.setattr("compegpt.select.node.LATE", 0.1)

    def silent(asked: Asked) -> Answer | None:
        return Answer(fault="hang") if asked.path.startswith("/api/") else None

    async with stage(tmp_path, replies, front=[silent], experts="hub,embedded,chat") as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        assert {name.partition(":")[0] for name in turned.selected().experts} == {"embedded", "chat"}
        assert "a source did not say in time whom it has" in turned.selected().reasons


async def test_a_local_model_that_is_none_is_passed_over_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with stage(tmp_path, replies, experts="local,embedded",
                     files={"experts.toml": EXPERTS.replace("{folder}", str(tmp_path / "empty"))}) as on:
        turned = await on.turn(f"Is this kind? {REVIEW}")
        assert turned.results[0]["winner"].startswith("embedded:")
        assert any("my-model" in reason for reason in turned.selected().reasons)
