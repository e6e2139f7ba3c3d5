from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from compegpt.league.form import Form, Record, Trust
from compegpt.league.policy import KNOWN, alone_from, lately, nearly_always, ordered, resting, widening, width
from compegpt.schema import Expert, Verdict
from compegpt.select.ranking import ranked
from tests.fakes import candidate
from tests.league.rows import match


def experts(*names: str, **more: float) -> list[Expert]:
    """One expert per name; its family is its first letter."""
    return [Expert(name, "ocr", name[0], cost=more.get(name, 0.0)) for name in names]


def ids(found: Sequence[Expert]) -> list[str]:
    return [expert.id for expert in found]


def often(*entries: str, times: int = 60, form: Form | None = None) -> Form:
    made = form or Form()
    for _ in range(times):
        made = made.after(match(*entries))
    return made


def firsts(found: list[Expert], form: Form, draws: int = 200) -> dict[str, float]:
    """How often each comes first."""
    chance = random.Random(3)
    seen = [ordered(found, form, chance)[0].id for _ in range(draws)]
    return {name: seen.count(name) / draws for name in set(seen)}


FIELD = experts("a1", "b1", "a2", "c1", "a3", "b2")


@pytest.mark.parametrize("seed", range(5))
def test_with_nothing_recorded_the_order_is_the_sources_own(seed: int) -> None:
    assert ordered(ranked(FIELD), Form(), random.Random(seed)) == ranked(FIELD)


def test_who_wins_comes_first_nearly_always() -> None:
    assert firsts(experts("a", "b", "c"), often("c", "a", "b"))["c"] > 0.95


def test_the_same_seed_gives_the_same_order() -> None:
    form = often("c", "a", times=5)
    orders = {tuple(ids(ordered(FIELD, form, random.Random(11)))) for _ in range(5)}
    assert len(orders) == 1


def test_a_new_expert_gets_its_chances_and_is_not_favoured() -> None:
    form = often("a", "b", times=20, form=often("b", "a", times=20))
    share = firsts(experts("a", "b", "new"), form)["new"]
    assert 0.02 < share < 0.5


def test_what_was_learned_from_single_runs_changes_no_order() -> None:
    assert firsts(experts("a", "b"), often("b")) == {"a": 1.0}


@pytest.mark.parametrize(("entries", "last"), [(("b", "a", "c!"), "c"), (("b", "c", "a!"), "a")])
def test_one_that_only_fails_rests_behind_all_others(entries: tuple[str, ...], last: str) -> None:
    form = often(*entries, times=15)
    chance = random.Random(1)
    assert {ordered(experts("a", "b", "c"), form, chance)[-1].id for _ in range(50)} == {last}


def test_its_rest_ends_when_its_failures_have_faded() -> None:
    form = often("a", "b", "c!", times=5)
    assert resting(form.records["c"])
    assert not resting(often("a", "b", times=400, form=form).records["c"])


@pytest.mark.parametrize(("form", "second"), [
    (often("a1", "b", "a2"), "b"), (often("a1", "b", "a2="), "b"),
    (often("a2", "b", "a1", form=often("a1", "b", "a2"), times=55), "a"),
], ids=["a sibling that loses", "a sibling that says the same", "a sibling that wins where its kin do not"])
def test_families_come_before_siblings_unless_the_sibling_adds_wins(form: Form, second: str) -> None:
    chance = random.Random(5)
    seconds = [ordered(experts("a1", "b", "a2"), form, chance)[1].family for _ in range(100)]
    assert seconds.count(second) > 80


def test_of_equals_the_faster_and_the_cheaper_come_first() -> None:
    form = Form(100, 100, 0, 0, {"a": Record("a", 50, 0, 50, 25, 25, times=(9.0,)),
                            "b": Record("b", 50, 0, 50, 25, 25, times=(0.1,))})
    assert ids(ordered(experts("a", "b"), form, random.Random(0))) == ["b", "a"]
    form = Form(100, 100, 0, 0, {"a": Record("a", 50), "b": Record("b", 50)})
    assert ids(ordered(experts("a", "b", a=50.0), form, random.Random(0))) == ["b", "a"]


def teller(sure: int, unsure: int, right: float = 0.5) -> Record:
    """An expert that is right whenever its confidence is 0.95, and in this part where it is 0.6."""
    told = [(n, 0.95, True) for n in range(sure)] + [(n, 0.6, n < right * unsure) for n in range(unsure)]
    count, backed = sure + unsure, sure + right * unsure
    return Record("a", count, 0, count, backed, backed, told=tuple(told))


ALWAYS, MOSTLY = Record("a", 100, 0, 100, 95, 98), Record("a", 100, 0, 100, 70, 80)
KNOWS, GUESSES = teller(50, 50), teller(25, 150)


@pytest.mark.parametrize(("record", "edge"), [
    (None, None), (ALWAYS, 0.0), (MOSTLY, None), (KNOWS, 0.95), (GUESSES, 0.95), (teller(10, 50), None),
    (teller(0, 100), None), (teller(50, 50, right=1.0), 0.0), (teller(10, 50, right=0.94), 0.6),
], ids=["unknown", "always right", "says no confidence", "knows when it is right", "seldom sure", "too few to tell",
        "never sure", "always right and says it", "nearly always right"])
def test_from_which_confidence_on_an_expert_needs_nobody(record: Record | None, edge: float | None) -> None:
    assert alone_from(record) == edge


@pytest.mark.parametrize(("form", "begin"), [
    (Form(), 3), (Form(9, KNOWN - 1, KNOWN - 1, KNOWN - 1, {"a": ALWAYS}), 3),
    (Form(100, 100, 90, 100, {"a": ALWAYS}), 1), (Form(100, 100, 90, 100, {"a": MOSTLY}), 2),
    (Form(100, 100, 10, 100), 3), (Form(100, 100, 90, 100, {"a": KNOWS}), 1),
    (Form(100, 100, 90, 100, {"a": GUESSES}), 2),
], ids=["nothing known", "little known", "one wins nearly always", "verdicts are sure", "verdicts are in doubt",
        "one knows when it is right", "one is seldom sure"])
def test_how_many_begin(form: Form, begin: int) -> None:
    assert width(form, experts("a")[0], 3) == begin


@pytest.mark.parametrize("k", [1, 2])
def test_no_more_begin_than_k(k: int) -> None:
    assert width(Form(100, 100, 90, 100), experts("a")[0], k) == k


@pytest.mark.parametrize(("names", "agreement", "confidence", "alone", "more"), [
    ("ab", 1.0, None, None, 0), ("ab", 0.2, None, None, 1), ("abc", 0.2, None, None, 2),
    ("abcde", 0.2, None, None, 0), ("abcd", 0.2, None, None, 1), ("abc", 0.58, None, None, 0),
    ("a", None, None, None, 2), ("a", None, None, 0.0, 0), ("a", None, None, 0.7, 0), ("a", None, None, 0.8, 2),
    ("a", None, 0.3, 0.0, 2), ("a", None, 0.95, None, 0), ("ab", 1.0, 0.5, None, 1), ("ab", 0.2, 0.95, None, 0),
    ("ab", 0.2, None, 0.0, 1),
], ids=["agree", "differ", "three differ", "the most", "one below the most", "two of three", "alone",
        "alone and always right", "alone and sure of itself", "alone and not so sure", "alone, right, verdict unsure",
        "alone, verdict sure", "agree, verdict unsure", "differ, verdict sure", "a reserve stepped in and differs"])
def test_how_many_more_are_sent_out(names: str, agreement: float | None, confidence: float | None,
                                    alone: float | None, more: int) -> None:
    verdict: Verdict = {"winner": "a", "agreement": agreement, "similarity": [], "reason": "", "confidence": confidence}
    called = [candidate(name, {"text": "x"}, score=0.5, confidence=0.75) for name in names]
    assert widening(verdict, "ocr", called, 3, Trust(alone=alone)) == more


def test_pictures_that_differ_call_for_nobody() -> None:
    verdict: Verdict = {"winner": "a", "agreement": 0.1, "similarity": [], "reason": ""}
    called = [candidate(name, {"image": "x"}, score=0.5) for name in "abc"]
    assert widening(verdict, "text-to-image", called, 3, Trust()) == 0


@pytest.mark.parametrize(("record", "phrase"), [
    (None, ""), (Record("a", 4, 0, 4, 4), ""), (MOSTLY, "won 70 of 100 lately"),
    (Record("a", 50, 10, 40, 34), "won 34 of 40 lately, failed 10 of 50"), (Record("a", 7, 7), "failed 7 of 7"),
])
def test_what_the_league_says_of_an_expert(record: Record | None, phrase: str) -> None:
    assert lately(record) == phrase


def test_nearly_always_needs_many_competitions() -> None:
    assert not nearly_always(Record("a", 5, 0, 5, 5, 5))
    assert nearly_always(Record("a", 60, 0, 60, 60, 60))


@pytest.mark.parametrize(("similarity", "more"), [
    ([[1.0, 1.0], [1.0, 1.0]], 0), ([[1.0, 0.9], [0.9, 1.0]], 1), ([[1.0]], 2)], ids=["the same", "alike", "alone"])
def test_families_that_say_the_very_same_need_nobody_more(similarity: list[list[float]], more: int) -> None:
    verdict: Verdict = {"winner": "a", "agreement": 1.0, "confidence": 0.4, "unsure": True, "similarity": similarity,
                        "reason": ""}
    called = [candidate(name, {"text": "x"}, score=0.5) for name in "ab"[: len(similarity)]]
    assert widening(verdict, "ocr", called, 3, Trust()) == more


def test_siblings_that_say_the_same_are_no_proof() -> None:
    verdict: Verdict = {"winner": "a", "agreement": None, "confidence": 0.4, "unsure": True,
                        "similarity": [[1.0, 1.0], [1.0, 1.0]], "reason": ""}
    called = [candidate(name, {"text": "x"}, score=0.5, family="one") for name in "ab"]
    assert widening(verdict, "ocr", called, 3, Trust()) == 1
