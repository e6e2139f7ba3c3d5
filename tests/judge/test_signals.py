from __future__ import annotations

import numpy as np
import pytest

from compegpt.judge.signals import (
    agreement,
    alignment,
    calibrated,
    completeness,
    confidences,
    echo,
    size,
    substance,
    support,
)
from compegpt.judge.vocabulary import familiarities
from compegpt.learned import learned

MATRIX = np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.4], [0.2, 0.4, 1.0]])


@pytest.mark.parametrize(("families", "index", "expected"), [
    (["a", "b", "c"], 0, (0.9 + 0.2) / 2), (["a", "a", "c"], 0, 0.2), (["a", "b", "b"], 0, (0.9 + 0.2) / 2),
    (["a", "b", "a"], 0, 0.9), (["a", "a", "a"], 0, None),
], ids=["all strangers", "a sibling's likeness is no agreement", "two siblings, one vote", "one other", "nobody else"])
def test_agreement_is_with_other_families(families: list[str], index: int, expected: float | None) -> None:
    assert agreement(MATRIX, families, index) == (None if expected is None else pytest.approx(expected))


def test_a_family_has_one_vote_however_many_it_sends() -> None:
    crowd = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]], dtype=float)
    assert support(crowd, ["a", "b", "b", "b"], [None] * 4, 0) == pytest.approx(0.5)
    assert support(crowd, ["a", "b", "b", "b"], [None] * 4, 1) == pytest.approx(0.5)


def test_an_engine_that_guesses_is_hardly_heard() -> None:
    matrix = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert support(matrix, ["a", "b"], [0.9, 0.2], 0) > 0.9 > 0.1 > support(matrix, ["a", "b"], [0.9, 0.2], 1)


@pytest.mark.parametrize(("given", "families", "says", "expected"), [
    ([0.8, 0.4], ["x", "x"], [1, 1], [0.8, 0.4]),
    ([0.8, 0.4, 0.5], ["x", "x", "y"], [1, 1, 1], [1.0, 0.5, 1.0]),
    ([None, 0.5], ["x", "y"], [1, 1], [None, 1.0]),
    ([0.81, None], ["x", "y"], [1, 0], [0.81, pytest.approx(0.1)]),
    ([None, None], ["x", "y"], [1, 0], [None, None]),
    ([0.0, 0.0], ["x", "y"], [1, 1], [1.0, 1.0]),
], ids=["one family: as given", "two: inside each", "one without", "nothing against something", "none", "zero"])
def test_confidences_are_made_comparable(given: list[float | None], families: list[str], says: list[float],
                                         expected: list[float | None]) -> None:
    assert confidences(given, families, says, {}) == expected


def test_a_lone_letter_is_weak_evidence_against_nothing() -> None:
    curves = learned("ocr").confidence
    letter = confidences([0.7, None], ["ppocr", "tesseract"], [substance({"text": "W"}), 0.0], curves)[1]
    line = confidences([0.7, None], ["ppocr", "tesseract"], [substance({"text": "Welcome home"}), 0.0],
                       curves)[1]
    assert letter is not None
    assert line is not None
    assert letter > 0.8 > 0.3 > line


def test_an_echo_counts_the_very_same_only() -> None:
    assert echo(MATRIX, ["a", "b", "c"], [None] * 3, 0) == pytest.approx(1 / 3)
    assert echo(np.ones((3, 3)), ["a", "b", "c"], [0.2, None, 0.9], 0) == 1


def test_a_family_with_a_curve_is_comparable_with_others() -> None:
    curves = {"x": ((0.0, 0.1), (1.0, 0.5))}
    worths = confidences([1.0, 0.5, 0.9], ["x", "x", "y"], [1, 1, 1], curves)
    assert worths == [0.5, pytest.approx(0.3), pytest.approx(0.4)]


@pytest.mark.parametrize(("confidence", "expected"), [(0.7, 0.7), (-1, 0.0), (2, 1.0)])
def test_without_a_curve_a_confidence_is_what_it_is(confidence: float, expected: float) -> None:
    assert calibrated(confidence, None) == expected


def test_alignment_is_a_cosine_and_never_negative() -> None:
    vectors = {"up": np.array([1, 0], np.float32), "down": np.array([-1, 0], np.float32)}
    assert alignment(vectors, "up", "up") == 1
    assert alignment(vectors, "up", "down") == 0


@pytest.mark.parametrize(("output", "expected"), [
    ({"text": ""}, 0.0), ({"text": "ab"}, 0.25), ({"text": "a whole line"}, 1.0), ({"boxes": []}, 0.0),
    ({"boxes": [{"label": "code", "score": 1.0, "box": [0, 0, 1, 1]}], "text": "7"}, 1.0)])
def test_substance(output: dict[str, object], expected: float) -> None:
    assert substance(output) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("sizes", "worth", "expected"), [
    ([8, 4], [0.99, 0.99], [1.0, 0.5]), ([19, 8], [0.3, 0.99], [1.0, 1.0]),
    ([2, 4, 0], [None, None, None], [0.5, 1.0, None]), ([], [], []), ([0, 0], [None, None], [None, None]),
], ids=["a part", "what is not credible sets no size", "nobody is credible", "nobody", "nothing"])
def test_completeness(sizes: list[int], worth: list[float | None], expected: list[float | None]) -> None:
    assert completeness(sizes, worth) == expected


@pytest.mark.parametrize(("output", "expected"), [
    ({"text": " room  5 "}, 6), ({"boxes": [{}, {}], "text": "a long text"}, 2), ({"data": [{}]}, 1), ({}, 0)])
def test_size(output: dict[str, object], expected: int) -> None:
    assert size(output) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("right", "wrong"), [("corner", "comer "), ("mirror winter", "mirrer wintet"),
                                              ("follow", "foliow")])
def test_a_word_is_more_familiar_than_its_misreading(right: str, wrong: str) -> None:
    known = familiarities([right, wrong, "4711"], None)
    assert known[0] is not None
    assert known[1] is not None
    assert known[0] >= known[1]
    assert known[2] is None


@pytest.mark.parametrize(("texts", "language"), [(["4711", "KX7-44"], None), (["the garden"], "de"),
                                                 (["Donaudampfschifffahrtsgesellschaft"], None), ([], None)])
def test_familiarity_says_nothing_of_codes_and_other_languages(texts: list[str], language: str | None) -> None:
    assert familiarities(texts, language) == [None] * len(texts)
