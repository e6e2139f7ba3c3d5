from __future__ import annotations

import json
from pathlib import Path

import pytest

from compegpt.errors import ExpertUnavailable, InputError
from compegpt.eval.grading import Graded, grade, grades, score_of
from compegpt.llm.protocol import LLMError
from tests.fakes import FakeLLM

ITEM = Graded("v1_0", "What is 3 + 4?", "7", "It is seven.")


@pytest.mark.parametrize(("said", "expected"), [
    ('{"score": 0.5}', 0.5), ('{"score": 1}', 1.0), ("0.7", 0.7), (" 1.0. ", 1.0), ("Score: 0.3", 0.3),
    ('```json\n{"score": "0.4"}\n```', 0.4), ("<think>score: 0.1</think>{\"score\": 0.9}", 0.9),
    ('{"score": 0.44}', 0.4), ('{"score": 5}', None), ('{"score": -0.5}', None), ("7", None), ("good", None),
    ("", None), ("It gets 3 of 4", None), ("Score: 8/10", None), ("score: 0.5/1", None), ("Score: 1.0.2", None),
    ('{"score": NaN}', None)])
def test_a_score_is_read(said: str, expected: float | None) -> None:
    assert score_of(said) == expected


async def test_the_grader_is_shown_question_truth_and_answer() -> None:
    llm = FakeLLM('{"score": 1.0}')
    assert await grade(llm, "the rules", ITEM) == (1.0, '{"score": 1.0}')
    [(purpose, messages)] = llm.asked
    assert (purpose, messages[0]["content"]) == ("judge", "the rules")
    assert json.loads(messages[1]["content"]) == {"question": ITEM.question, "truth": "7", "answer": "It is seven."}


@pytest.mark.parametrize(("replies", "expected", "calls"), [
    (["good", '{"score": 0.8}'], 0.8, 2), (["good", "fine", "0.2"], 0.2, 3), (["a", "b", "c"], None, 3)])
async def test_it_is_asked_again_at_most_twice(replies: list[str], expected: float | None, calls: int) -> None:
    llm = FakeLLM(*replies)
    assert (await grade(llm, "the rules", ITEM))[0] == expected
    assert len(llm.asked) == calls


def items(*answers: str) -> list[Graded]:
    return [Graded(f"v1_{place}", "Who?", "the cook", answer) for place, answer in enumerate(answers)]


def silent(done: int, total: int) -> None:
    """Progress that nobody wants to see."""


def test_grades_are_kept_and_what_has_none_is_asked_again(tmp_path: Path) -> None:
    assert grades(FakeLLM("0.1", "a", "b", "c"), items("x")[:1], tmp_path, silent) == [0.1]
    llm = FakeLLM("a", "b", "c")
    assert grades(llm, items("x", "y"), tmp_path, silent) == [0.1, None]
    assert grades(FakeLLM("0.9"), items("x", "y"), tmp_path, silent) == [0.1, 0.9]
    assert grades(FakeLLM(), items("x", "y"), tmp_path, silent) == [0.1, 0.9]


def test_another_answer_is_graded_anew_and_the_same_one_once(tmp_path: Path) -> None:
    assert grades(FakeLLM("0.1"), items("x"), tmp_path, silent) == [0.1]
    assert grades(FakeLLM("0.2"), [*items("other"), *items("other")], tmp_path, silent) == [0.2, 0.2]


def test_a_grader_that_fails_loses_nothing(tmp_path: Path) -> None:
    llm = FakeLLM("0.1", ExpertUnavailable("The server is busy."))
    with pytest.raises(LLMError, match="busy"):
        grades(llm, items("x", "y"), tmp_path, silent)
    left = grades(FakeLLM("0.3"), items("x", "y"), tmp_path, silent)
    assert left == [0.1, 0.3]


def test_grades_of_a_broken_ledger_are_told_with_the_line(tmp_path: Path) -> None:
    grades(FakeLLM("0.1"), items("x"), tmp_path, silent)
    [ledger] = tmp_path.glob("grades-*.jsonl")
    ledger.write_text(ledger.read_text() + "{oops\n")
    with pytest.raises(InputError, match="line 3 is no JSON"):
        grades(FakeLLM(), items("x"), tmp_path, silent)
