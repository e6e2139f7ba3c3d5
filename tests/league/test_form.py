from __future__ import annotations

from functools import reduce

import pytest

from compegpt.league.form import FADE, HALF_LIFE, RECENT, Form, Record, doubt
from compegpt.league.match import Match
from tests.league.rows import match


def form_of(*matches: Match) -> Form:
    return reduce(Form.after, matches, Form())


@pytest.mark.parametrize(("entries", "beats"), [
    (("a", "b", "c"), {("a", "b"): 1.0, ("a", "c"): 1.0}),
    (("a", "b=", "c"), {("a", "c"): 1.0, ("b", "c"): 1.0, ("a", "b"): 0.5, ("b", "a"): 0.5}),
    (("a!", "b", "c~"), {}), (("a!", "b!"), {}), (("a",), {}),
], ids=["one wins", "two share it", "one stood", "none stood", "alone"])
def test_the_winning_answer_beats_every_other_that_stood(entries: tuple[str, ...],
                                                         beats: dict[tuple[str, str], float]) -> None:
    assert form_of(match(*entries)).beats == beats


def test_who_was_cancelled_neither_failed_nor_lost() -> None:
    assert "c" not in form_of(match("a", "b", "c~")).records


@pytest.mark.parametrize(("expert", "record"), [
    ("a", Record("a", calls=1, played=1, won=1, backed=1, times=(0.5,))),
    ("b", Record("b", calls=1, played=1, backed=1, times=(0.5,))),
    ("c", Record("c", calls=1, played=1, times=(0.5,))), ("d", Record("d", calls=1, failed=1)),
], ids=["winner", "tied", "loser", "failed"])
def test_what_a_competition_adds_to_a_record(expert: str, record: Record) -> None:
    assert form_of(match("a", "b=", "c", "d!")).records[expert] == record


@pytest.mark.parametrize(("entries", "added"), [
    (("a2", "a1", "b"), 1.0), (("a1", "a2", "b"), 0.0), (("a2", "a1=", "b"), 0.0), (("b", "a1", "a2="), 1.0),
], ids=["wins", "loses", "says what its sibling says", "shares with another family"])
def test_a_sibling_adds_what_its_kin_do_not_give(entries: tuple[str, ...], added: float) -> None:
    record = form_of(match(*entries)).records["a2"]
    assert (record.beside, record.added) == (1.0, added)


def test_a_competition_counts_half_after_its_half_life() -> None:
    form = form_of(match("a", "b"), *[match("c", "d")] * int(HALF_LIFE))
    assert form.records["a"].won == pytest.approx(0.5)
    assert form.competitions == pytest.approx((1 - FADE ** (HALF_LIFE + 1)) / (1 - FADE))


def test_own_confidences_are_remembered_with_what_came_of_them_and_forgotten() -> None:
    form = form_of(match("a", "b=", "c", own=0.7), match("a", own=0.9))
    assert [form.records[name].told for name in "abc"] == [((1, 0.7, True),), ((1, 0.7, True),), ((1, 0.7, False),)]
    assert form_of(match("a", "b", own=0.7), *[match("c", "d")] * RECENT).records["a"].told == ()


def test_an_expert_that_changed_is_learned_anew() -> None:
    form = form_of(*[match("a", "b")] * 300, *[match("b", "a")] * 300)
    assert form.beats["b", "a"] > 2 * form.beats["a", "b"]


@pytest.mark.parametrize(("task", "confidence", "agreement", "families", "in_doubt"), [
    ("ocr", 0.95, 0.0, 2, False), ("ocr", 0.75, 1.0, 3, True), ("ocr", None, 0.95, 2, False),
    ("ocr", None, 0.6, 2, True), ("ocr", None, 0.57, 3, False), ("ocr", None, 0.4, 4, True),
    ("ocr", None, None, 1, True), ("text-to-image", None, 0.1, 3, None), ("text-to-image", None, None, 1, None),
    ("text-to-image", 0.5, 0.1, 3, True),
], ids=["sure", "unsure", "two agree", "two differ", "two of three", "two of four", "alone", "pictures differ",
        "one picture", "pictures with a confidence"])
def test_when_a_verdict_is_in_doubt(task: str, confidence: float | None, agreement: float | None, families: int,
                                    in_doubt: bool | None) -> None:
    assert doubt(task, confidence, agreement, families) is in_doubt
