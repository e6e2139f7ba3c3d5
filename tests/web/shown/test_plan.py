from __future__ import annotations

import pytest

from compegpt.schema import Task
from compegpt.web.shown.plan import Stage, State, drawn, state_of
from tests.fakes import result, task
from tests.web.shown.markup import HOSTILE, read

DIAMOND = [task("ocr", 0), task("summarization", 1, [0]), task("translation", 2, [0]),
           task("text-to-speech", 3, [1, 2])]
STAGES: tuple[Stage, ...] = ("waiting", "running", "ok", "failed", "skipped")


@pytest.mark.parametrize("plan", [[task("ocr")], DIAMOND, [task("ocr", one) for one in range(12)]],
                         ids=["one", "diamond", "twelve"])
def test_each_task_is_a_node(plan: list[Task]) -> None:
    page = read(drawn(plan, {}))
    assert len(list(page.all("g", "cg-node"))) == len(plan)
    assert [one.one("text", "cg-node-said").text for one in page.all("g", "cg-node")] == ["waiting"] * len(plan)


def test_it_says_itself_in_words() -> None:
    page = read(drawn(DIAMOND, {0: State("ok", "embedded:rapidocr"), 1: State("running"), 2: State("failed")}))
    picture = page.one("svg")
    assert picture.attributes["role"] == "img"
    assert picture.attributes["aria-label"] == (
        "Plan of 4 tasks. Task 0, ocr: done, won by rapidocr. Task 1, summarization, after task 0: running. "
        "Task 2, translation, after task 0: failed. Task 3, text-to-speech, after task 1 and task 2: waiting.")


def test_each_state_has_a_sign_a_word_and_a_colour_of_its_own() -> None:
    nodes = [next(read(drawn([task("ocr")], {0: State(stage)})).all("g", "cg-node")) for stage in STAGES]
    said = [one.one("text", "cg-node-said").text for one in nodes]
    assert said == ["waiting", "running", "done", "failed", "skipped"]
    assert len({str(one.one("g", "cg-sign").inside) for one in nodes}) == len(STAGES)
    assert [one.kinds[1] for one in nodes] == [f"cg-{stage}" for stage in STAGES]


def test_a_result_becomes_a_state() -> None:
    assert state_of(result(task("ocr"), {"text": "x"})) == State("ok", "embedded:first")
    assert state_of(result(task("ocr"), status="skipped")) == State("skipped")


def test_a_long_name_is_cut_in_the_node_and_whole_in_its_title() -> None:
    name = f"hub:org/{'long-' * 20}name"
    node = read(drawn([task("ocr")], {0: State("ok", name)})).one("g", "cg-node")
    assert node.one("title").text == f"ocr: {name}"
    assert len(node.one("text", "cg-node-said").text) < 20


def test_hostile_names_stay_text() -> None:
    page = read(drawn([{**task("ocr"), "task": HOSTILE}], {0: State("ok", HOSTILE)}))
    assert "<script>" in page.one("title").text


def test_nothing_planned_is_said() -> None:
    assert "No task is planned" in read(drawn([], {})).text
