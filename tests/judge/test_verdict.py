from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from compegpt.embed import Array
from compegpt.judge.verdict import MEASURED, choose, judge, score, weights_of
from compegpt.learned import EDGE, Learned, by_judgement
from compegpt.schema import Candidate


class Letters:
    """Encodes a text as how often it has each letter."""

    def encode(self, texts: Sequence[str]) -> Array:
        letters = "abcdefghijklmnopqrstuvwxyz"
        counts = np.array([[text.lower().count(letter) for letter in letters] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def candidate(name: str, output: Any = None, family: str | None = None, confidence: float | None = None,
              status: Any = "ok", error: str | None = None) -> Candidate:
    return {"expert": f"embedded:{name}", "source": "embedded", "family": family or name, "status": status,
            "output": {"text": output} if isinstance(output, str) else output, "confidence": confidence, "signals": {},
            "score": None, "seconds": 0.1, "error": error}


def winner(task: str, *candidates: Candidate, **args: Any) -> str:
    verdict, _ = judge(task, args, candidates, Letters())
    return (verdict["winner"] or "nobody").removeprefix("embedded:")


def test_two_that_agree_beat_one_that_does_not() -> None:
    assert winner("automatic-speech-recognition", candidate("a", "recognise speech"),
                  candidate("b", "wreck a nice beach"), candidate("c", "recognize speech")) in ("a", "c")


def test_a_lone_candidate_passes_through_with_nothing_to_compare() -> None:
    verdict, judged = judge("ocr", {}, [candidate("a", "hello", confidence=0.1)], Letters())
    assert verdict["winner"] == "embedded:a"
    assert (verdict["agreement"], verdict["similarity"]) == (None, [[1.0]])
    assert verdict["reason"] == "only one expert answered; nothing to compare"
    assert verdict["confidence"] is not None
    assert judged[0]["score"] is not None


def test_of_two_the_other_signals_decide() -> None:
    assert winner("ocr", candidate("a", "H3||o w0r|d ~", "tesseract", 0.5),
                  candidate("b", "Hello world", "ppocr", 0.97)) == "b"


def test_of_two_with_nothing_to_tell_them_apart_the_first_wins() -> None:
    alike = [candidate(name, {"image": f"/{name}.png"}) for name in "ab"]
    verdict, _ = judge("depth-estimation", {}, alike, Letters())
    assert verdict["winner"] == "embedded:a"
    assert "first in order of selection" in verdict["reason"]


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")])
def test_ties_break_by_order_of_selection(order: Sequence[str]) -> None:
    assert winner("automatic-speech-recognition", *(candidate(name, "same words here") for name in order)) == order[0]


def test_siblings_count_as_one_vote_and_the_reason_says_so() -> None:
    candidates = [candidate("x", "wrong answer", "big"), candidate("x-2", "wrong answer", "big"),
                  candidate("x-3", "wrong answer", "big"), candidate("y", "right words", "one"),
                  candidate("z", "right words", "two")]
    verdict, _ = judge("automatic-speech-recognition", {}, candidates, Letters())
    assert verdict["winner"] == "embedded:y"
    assert verdict["agreement"] == pytest.approx((1 + verdict["similarity"][3][0]) / 2)
    assert "x, x-2 and x-3 are one family and count as one vote" in verdict["reason"]


@pytest.mark.parametrize(("status", "output"), [("failed", None), ("timeout", None), ("abstained", None),
                                                ("cancelled", None), ("empty", {"text": ""}), ("ok", {"text": " "})])
def test_what_does_not_stand_never_wins_and_is_not_compared(status: Any, output: Any) -> None:
    verdict, judged = judge("translation", {},
                            [candidate("a", output, status=status), candidate("b", "hello")], Letters())
    assert verdict["winner"] == "embedded:b"
    assert verdict["similarity"] == [[1.0]]
    assert judged[0]["score"] is None
    assert judged[0]["signals"] == {}


def test_when_nobody_stands_the_reason_says_how_each_failed() -> None:
    verdict, judged = judge("summarization", {}, [
        candidate("a", status="failed", error="a model said no"), candidate("b", status="timeout"),
        candidate("c", {"text": ""}, status="empty")], Letters())
    assert verdict["winner"] is None
    assert verdict["reason"] == ("embedded:a failed: a model said no; embedded:b ran out of time; "
                                 "embedded:c found nothing")
    assert [one["score"] for one in judged] == [None] * 3


def test_all_found_nothing_is_an_answer_where_that_counts() -> None:
    empty = [candidate(name, {"boxes": []}, status="empty") for name in "abc"]
    verdict, judged = judge("face-detection", {}, empty, Letters())
    assert verdict["winner"] == "embedded:a"
    assert verdict["agreement"] == 1
    assert verdict["reason"] == "all 3 found nothing"
    assert judged[0]["output"] == {"boxes": []}


def face(x: float) -> dict[str, Any]:
    return {"boxes": [{"label": "face", "score": 0.9, "box": [x, 0, x + 10, 10]}]}


def test_two_that_find_nothing_outvote_one_that_finds_a_face() -> None:
    nothing = {"boxes": []}
    assert winner("face-detection", candidate("a", face(0)), candidate("b", nothing, status="empty"),
                  candidate("c", nothing, status="empty")) == "b"


@pytest.mark.parametrize(("texts", "expected"), [
    ({"rapidocr": ("", None), "tesseract": ("Invoice 4711", 0.93)}, "tesseract"),
    ({"rapidocr": ("", None), "rapidocr-median": ("", None), "tesseract": ("Invoice 4711", 0.93)}, "tesseract"),
    ({"tesseract": ("", None), "tesseract-otsu": ("", None), "rapidocr": ("Invoice 4711", 0.98)}, "rapidocr"),
    ({"rapidocr": ("W", 0.4), "tesseract": ("", None), "tesseract-otsu": ("", None)}, "tesseract"),
    ({"rapidocr": ("", None), "rapidocr-median": ("", None), "tesseract": ("oe\nPa ee", 0.12)}, "rapidocr"),
], ids=["one missed it", "both siblings missed it", "tesseract missed it", "a letter in a shape", "debris of a blank"])
def test_finding_nothing_loses_to_confident_text_and_beats_debris(texts: dict[str, Any], expected: str) -> None:
    candidates = [candidate(name, text, "ppocr" if name.startswith("rapid") else "tesseract", confidence,
                            "ok" if text else "empty") for name, (text, confidence) in texts.items()]
    assert winner("ocr", *candidates) == expected


def test_the_reason_names_the_signal_that_decided() -> None:
    candidates = [candidate("a", "AB-1234", "ppocr", 0.999), candidate("b", "AB-1234", "tesseract", 0.3)]
    reason = judge("ocr", {}, candidates, Letters())[0]["reason"]
    assert reason.startswith("highest score 0.")
    assert "of 2: decided by confidence (" in reason
    assert "runner-up embedded:b 0." in reason


CASES: list[tuple[str, dict[str, Any], list[Candidate]]] = [
    ("ocr", {}, [candidate("a", "Hello world", "ppocr", 0.9), candidate("b", "He1lo world", "ppocr", 0.7),
                 candidate("c", "", "tesseract", None, "empty"), candidate("d", status="failed", error="broke")]),
    ("summarization", {"text": "One. Two. Three. Four."}, [candidate("a", "One. Two."), candidate("b", "Three."),
                                                            candidate("c", "Four. One.")]),
    ("text-classification", {"text": "nice"}, [
        candidate(name, {"labels": [{"label": label, "score": value}]}, confidence=value)
        for name, label, value in (("a", "positive", 0.9), ("b", "negative", 0.6), ("c", "positive", 0.7))]),
    ("sentence-similarity", {}, [candidate("a", {"scores": [0.8]}), candidate("b", {"scores": [0.7]})]),
]


@pytest.mark.parametrize(("task", "args", "candidates"), CASES, ids=[case[0] for case in CASES])
def test_winner_and_scores_can_be_recomputed_from_the_record(task: str, args: dict[str, Any],
                                                             candidates: list[Candidate]) -> None:
    verdict, judged = judge(task, args, candidates, Letters())
    compared = [one for one in judged if one["score"] is not None]
    scores = score([one["signals"] for one in compared], weights_of(task, compared))
    assert scores == [one["score"] for one in compared]
    assert compared[choose(scores)]["expert"] == verdict["winner"]
    assert len(verdict["similarity"]) == len(compared)
    for i, one in enumerate(compared):
        others = [[verdict["similarity"][i][j] for j, each in enumerate(compared) if each["family"] == family]
                  for family in {each["family"] for each in compared} - {one["family"]}]
        if others:
            assert one["signals"]["agreement"] == pytest.approx(np.mean([np.mean(vote) for vote in others]), abs=1e-6)


@pytest.mark.parametrize(("task", "args", "candidates"), CASES, ids=[case[0] for case in CASES])
def test_the_chosen_output_is_unchanged_and_judging_twice_gives_the_same(task: str, args: dict[str, Any],
                                                                         candidates: list[Candidate]) -> None:
    before = [one["output"] for one in candidates]
    first, judged = judge(task, args, candidates, Letters())
    again, _ = judge(task, args, judged, Letters())
    assert first == again
    assert [one["output"] for one in judged] == before


@pytest.mark.parametrize(("signals", "expected"), [
    ([{"support": 0.2, "confidence": 0.8}], [0.5]),
    ([{"support": 0.9, "confidence": 0.9}], [0.9]),
    ([{"support": 0.5}, {"support": 0.5, "confidence": 0.5}], [0.5, 0.5]),
    ([{"support": 0.0, "confidence": 0.0}], [EDGE]),
    ([{}, {}], [1.0, 1.0]),
], ids=["log odds cancel", "two that say the same",
        "a missing signal counts as the mean of the others'", "floor", "nothing known"])
def test_score(signals: list[dict[str, float]], expected: list[float]) -> None:
    assert score(signals, {"support": 1.0, "confidence": 1.0}) == pytest.approx(expected)


@pytest.mark.parametrize(("scores", "expected"), [([0.1, 0.9], 1), ([0.5, 0.5], 0), ([0.5, 0.5 + 1e-12], 0)])
def test_choose(scores: list[float], expected: int) -> None:
    assert choose(scores) == expected


def test_three_texts_are_judged_in_2_ms() -> None:
    texts = [candidate(name, f"The meeting {name} starts at noon in room twelve", confidence=0.9) for name in "abc"]
    judge("ocr", {}, texts, Letters())
    best = min(_seconds(texts) for _ in range(20))
    assert best < 0.002


def _seconds(candidates: list[Candidate]) -> float:
    started = time.perf_counter()
    judge("ocr", {}, candidates, Letters())
    return time.perf_counter() - started


@pytest.mark.parametrize(("confidence", "expected"), [(0.19, "alt"), (1.0, "default")],
                         ids=["a doubtful face that two others do not see", "a code that was decoded"])
def test_a_lone_finding_stands_only_where_its_finder_is_sure(confidence: float, expected: str) -> None:
    boxes = {"boxes": [{"label": "face", "score": confidence, "box": [0.0, 0.0, 9.0, 9.0]}]}
    candidates = [{**candidate("alt", "", "alt", None), "output": {"boxes": []}, "status": "empty"},
                  {**candidate("default", "", "default", confidence), "output": boxes},
                  {**candidate("lbp", "", "lbp", None), "output": {"boxes": []}, "status": "empty"}]
    assert judge("face-detection", {}, candidates, Letters())[0]["winner"] == f"embedded:{expected}"


def test_an_expert_that_was_never_measured_is_not_held_against_those_that_were() -> None:
    text = {"text": "What a lovely day"}
    mood = {name: {"labels": [{"label": name, "score": 0.9}]} for name in ("positive", "negative")}
    measured = candidate("vader", mood["negative"], confidence=0.6)
    strangers = [{**candidate(name, mood["positive"], confidence=0.9), "expert": f"hub:{name}"} for name in ("a", "b")]
    verdict, judged = judge("text-classification", text, [measured, *strangers], Letters())  # type: ignore[list-item]
    assert verdict["winner"] == "hub:a"
    assert "record" in judged[0]["signals"]
    assert not MEASURED & set(weights_of("text-classification", judged))
    assert MEASURED & set(weights_of("text-classification", judged[:1]))
    by_record_alone = Learned({"record": 1.0}, record={"embedded:vader": 0.5})
    assert weights_of("text-classification", judged, by_record_alone) == by_judgement("text-classification")
