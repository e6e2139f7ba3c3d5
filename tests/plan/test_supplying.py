"""Tasks get their inputs: what was read, and what has to be put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from compegpt.plan import arguments
from compegpt.plan.choosing import Source, Wanted, fits, gives
from compegpt.plan.supplying import Supply, Words
from compegpt.plan.validate import problems, validated

PHOTO = Source(5, "image", "a.png", is_text=False)
OTHER = Source(7, "image", "b.png", is_text=False)
SOUND = Source(5, "audio", "a.wav", is_text=False)
NOTES = Source(5, "text", "notes.txt", is_text=False)
ASKED = Source(9, "text", "Who came?", is_text=True)
ONE, TWO = (-4.0, -6.0), (4.0, -4.0)


def want(task: str, givers: Sequence[int] = (), sources: Sequence[int] = (), more: tuple[float, float] = ONE,
         **odds: float) -> Wanted:
    known = {("task", number): 3.0 for number in givers} | {("source", number): 3.0 for number in sources}
    return Wanted(task, 0, 3.0, more, list(givers), list(sources), known)


def planned(wanted: Sequence[Wanted], sources: Sequence[Source], text: str = "do it", own: str = "",
            labels: Sequence[list[str]] = ()) -> list[list[Any]]:
    words = Words(text, lambda each: own, lambda each: text, lambda said: said, labels)
    tasks = arguments.planned(Supply(wanted, sources, words))
    assert not problems(tasks)
    return [[task["task"], task["args"]] for task in validated(tasks)]


@pytest.mark.parametrize(("wanted", "sources", "text", "own", "plan"), [
    ([want("ocr", sources=[0])], [PHOTO], "read a.png", "", [["ocr", {"image": "a.png"}]]),
    ([want("ocr", sources=[0]), want("translation", givers=[0])], [PHOTO], "read a.png and put it into French", "",
     [["ocr", {"image": "a.png"}], ["translation", {"text": "<resource>-0", "target": "fr"}]]),
    ([want("translation", givers=[1]), want("ocr", sources=[0])], [PHOTO], "the French of what a.png says", "",
     [["ocr", {"image": "a.png"}], ["translation", {"text": "<resource>-0", "target": "en"}]]),
    ([want("image-to-text", sources=[0, 1])], [PHOTO, OTHER], "describe a.png and b.png", "",
     [["image-to-text", {"image": "a.png"}], ["image-to-text", {"image": "b.png"}]]),
    ([want("question-answering", sources=[0, 1])], [NOTES, ASKED], "", "",
     [["question-answering", {"question": "Who came?", "context": "notes.txt"}]]),
    ([want("question-answering", sources=[])], [SOUND], "", "Who came?",
     [["automatic-speech-recognition", {"audio": "a.wav"}],
      ["question-answering", {"question": "Who came?", "context": "<resource>-0"}]]),
    ([want("text-to-image")], [], "draw me a sheep", "a sheep", [["text-to-image", {"text": "a sheep"}]]),
    ([want("summarization")], [PHOTO], "sum up a.png", "",
     [["ocr", {"image": "a.png"}], ["summarization", {"text": "<resource>-0"}]]),
    ([want("translation", sources=[0])], [NOTES], "translate notes.txt to German and Dutch", "",
     [["translation", {"text": "notes.txt", "target": "de"}], ["translation", {"text": "notes.txt", "target": "nl"}]]),
    ([want("image-editing", sources=[0])], [PHOTO], "make the sky red in a.png", "make the sky red",
     [["image-editing", {"text": "make the sky red", "image": "a.png"}]]),
], ids=["a file", "a result", "in the order of their needs", "one for each file", "question and context",
        "a recording is transcribed before it is asked", "own words", "a picture is read before it is summarised",
        "one for each language", "an instruction"])
def test_inputs(wanted: list[Wanted], sources: list[Source], text: str, own: str, plan: list[Any]) -> None:
    if plan[-1][1].get("target") == "en":
        text = "put what a.png says into English"
    assert planned(wanted, sources, text, own) == plan


def test_a_type_called_for_twice_works_on_each_result() -> None:
    wanted = [want("summarization", sources=[0]), want("translation", sources=[0]),
              want("text-to-speech", givers=[0, 1], more=TWO)]
    plan = planned(wanted, [NOTES], "sum up notes.txt, translate it into French, read both")
    assert [args["text"] for task, args in plan if task == "text-to-speech"] == ["<resource>-0", "<resource>-1"]


def test_a_type_called_for_once_takes_both_texts_together() -> None:
    wanted = [want("summarization", sources=[0]), want("translation", sources=[0]),
              want("text-generation", givers=[0, 1])]
    plan = planned(wanted, [NOTES], "sum up notes.txt, translate it into French, write from both")
    assert plan[-1] == ["text-generation", {"text": "<resource>-0 <resource>-1"}]


def test_labels_are_those_of_the_request_and_without_any_nothing_is_planned() -> None:
    task = want("zero-shot-image-classification", sources=[0])
    assert planned([task], [PHOTO], labels=[["cat", "dog"]]) == [
        ["zero-shot-image-classification", {"image": "a.png", "labels": ["cat", "dog"]}]]
    assert planned([task], [PHOTO]) == []


def test_what_lacks_its_input_is_left_out_and_counted() -> None:
    words = Words("", lambda each: "", lambda each: "", lambda said: said)
    supply = Supply([want("object-detection")], [], words)
    assert (arguments.planned(supply), supply.missing) == ([], 1)


@pytest.mark.parametrize(("giver", "taker", "can"), [
    ("object-detection", "image-to-text", True), ("object-detection", "summarization", True),
    ("summarization", "object-detection", False), ("text-to-speech", "automatic-speech-recognition", True),
    ("text-to-video", "automatic-speech-recognition", True), ("ocr", "image-editing", True)])
def test_which_results_fit(giver: str, taker: str, can: bool) -> None:
    assert gives(giver, taker) is can
    assert fits("image", "ocr")
    assert not fits("image", "translation")
