"""Validation of plans, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from compegpt.errors import UsageError
from compegpt.plan.validate import problems, validated


def task(name: str, number: int, **args: Any) -> dict[str, Any]:
    return {"task": name, "id": number, "dep": [-1], "args": args}


def test_names_args_and_references_are_normalised() -> None:
    plan = validated([task("Image-Text-Extraction", 0, document="a.png"), task("tts", 1, text="say <GENERATED>-0")])
    assert [(step["task"], step["dep"], step["args"]) for step in plan] == [
        ("ocr", [-1], {"image": "a.png"}), ("text-to-speech", [0], {"text": "say <resource>-0"})]


def test_dependencies_come_first_and_ids_stay() -> None:
    plan = validated([task("summarization", 7, text="<resource>-3"), task("ocr", 3, image="a.png")])
    assert [(step["id"], step["dep"]) for step in plan] == [(3, [-1]), (7, [3])]


def test_the_sound_of_a_video_is_a_recording() -> None:
    assert problems([task("text-to-video", 0, text="a boat"), task("asr", 1, audio="<resource>-0")]) == []


@pytest.mark.parametrize(("tasks", "word"), [
    ([task("ocrr", 0, image="a.png")], "did you mean"),
    ([task("ocr", 0, image="a.png"), task("ocr", 0, image="b.png")], "same id"),
    ([task("summarization", 0, text="<resource>-0")], "itself"),
    ([task("summarization", 0, text="<resource>-1"), task("summarization", 1, text="<resource>-0")],
     "wait for each other"),
    ([task("summarization", 0, text="<resource>-4")], "does not exist"),
    ([task("translation", 0, text="hello")], "lacks 'target'"),
    ([task("ocr", 0, image="a.png", colour="red")], "takes no 'colour'"),
    ([task("depth-estimation", 0, image="a.png"), task("asr", 1, audio="<resource>-0")], "needs audio"),
    ([task("text-to-image", 0, text="x"), task("summarization", 1, text="<resource>-0")], "gives image"),
    ([task("text-to-image", 0, text="x"), task("ocr", 1, image="see <resource>-0")], "nothing beside it"),
    ([task("zero-shot-classification", 0, text="x", labels={"a": 1})], "not a list"),
    ([task("ocr", 0, image=["a.png"])], "not a text"),
    ([{"task": "ocr", "id": "0", "args": {"image": "a"}}], "no id"),
    ([{"task": "ocr", "id": 0}], "no args"),
    ([{"task": "ocr", "id": 0, "dep": "x", "args": {"image": "a"}}], "dep of task 0"),
    (["ocr"], "not an object"),
    ([task("ocr", number, image="a.png") for number in range(60)], "at most"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_plan_says_what_is_wrong(tasks: list[Any], word: str) -> None:
    assert word in "; ".join(problems(tasks))
    with pytest.raises(UsageError, match="cannot be run"):
        validated(tasks)


def test_an_empty_plan_is_valid() -> None:
    assert validated([]) == []


@pytest.mark.parametrize("table", [{"name": ["a"], "stars": ["1"]}, [["name"], ["a"]], [{"name": "a"}], "name\na"],
                         ids=["columns", "rows", "records", "text"])
def test_a_table_comes_in_any_form(table: object) -> None:
    plan = [{"task": "table-question-answering", "id": 0, "dep": [-1], "args": {"question": "Who?", "table": table}}]
    assert problems(plan) == []


@pytest.mark.parametrize(("target", "wrong"), [("French", 0), ("fr_XX", 0), ("Klingon", 1)])
def test_a_language_is_told_by_its_code_or_refused(target: str, wrong: int) -> None:
    plan = [{"task": "translation", "id": 0, "dep": [-1], "args": {"text": "Hello", "target": target}}]
    assert len(problems(plan)) == wrong
    assert wrong or validated(plan)[0]["args"]["target"] == "fr"


def test_a_picture_with_boxes_drawn_feeds_a_picture() -> None:
    plan = [{"task": "object-detection", "id": 0, "dep": [-1], "args": {"image": "a.png"}},
            {"task": "image-to-text", "id": 1, "dep": [0], "args": {"image": "<resource>-0"}}]
    assert problems(plan) == []
