from __future__ import annotations

import pytest

from compegpt.llm.thoughts import Thoughts, answer_of, without_thoughts

ANSWERS = [
    ("<think>It is a sheep.</think>\n\nA sheep.", "A sheep."), ("A sheep.", "A sheep."), ("", ""),
    ("\n<think></think>A sheep.", "A sheep."), ("<think>for ever", ""), ("<thin ice", "<thin ice"),
    ("Say <think>x</think> aloud", "Say <think>x</think> aloud"), ("<th", "<th"),
    ("<thinking>It is </think> a sheep.</thinking> A sheep.", "A sheep."), ("<thinking>for ever</think>", ""),
    ("<thinki", "<thinki"),
]


@pytest.mark.parametrize(("text", "answer"), ANSWERS, ids=range(len(ANSWERS)))
def test_what_is_thought_before_an_answer_is_taken_off(text: str, answer: str) -> None:
    assert without_thoughts(text) == answer


@pytest.mark.parametrize(("text", "answer"), ANSWERS, ids=range(len(ANSWERS)))
def test_however_it_is_cut_into_pieces(text: str, answer: str) -> None:
    for place in range(len(text) + 1):
        thoughts = Thoughts()
        assert thoughts.feed(text[:place]) + thoughts.feed(text[place:]) + thoughts.end() == answer
    thoughts = Thoughts()
    assert "".join(map(thoughts.feed, text)) + thoughts.end() == answer


@pytest.mark.parametrize(("reply", "answer"), [
    ("<think>hm</think>A sheep.", "A sheep."), ("hm, a sheep?</think>\nA sheep.", "A sheep."), ("A sheep.", "A sheep."),
    ("<thinking>for ever", ""), ("<think>a</think>Look:<think>b</think> a sheep.", "Look: a sheep."),
], ids=["before", "begun in the prompt", "none", "never ended", "twice"])
def test_an_answer_is_what_comes_after_all_thoughts(reply: str, answer: str) -> None:
    assert answer_of(reply) == answer
