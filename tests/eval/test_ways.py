from __future__ import annotations

import pytest

from compegpt.eval.ways import (
    JUDGE,
    ORACLE,
    RANDOM,
    WAYS,
    alone,
    contest,
    cosine_medoid,
    first,
    majority,
    most_confident,
    qualities,
    without,
)
from tests.eval.rows import Letters, row

ENCODER = Letters()


@pytest.mark.parametrize(("way", "expected"), [
    (first, "apple"), (majority, "berry"), (most_confident, "date"), (cosine_medoid, "berry")])
def test_each_way_picks_in_its_own_manner(way: object, expected: str) -> None:
    posed = contest(row("a", {"apple": ("xxyyzz", 0.5), "berry": ("right", 0.6), "cherry": ("right", 0.4),
                              "date": ("tight", 0.9), "elder": None}), ENCODER)
    index = way(posed, ENCODER)  # type: ignore[operator]
    assert posed.standing[index]["expert"] == f"embedded:{expected}"


def test_qualities_hold_every_expert_way_judge_and_oracle() -> None:
    rows = [row("a", {"apple": ("right", 0.9), "berry": ("wrong", 0.2), "cherry": None}),
            row("b", {"apple": ("wrong", 0.2), "berry": ("right", 0.9), "cherry": ("wrong", 0.1)})]
    table = qualities([contest(one, ENCODER) for one in rows], "right", ENCODER)
    assert set(table) == {"apple", "berry", "cherry", RANDOM, *WAYS, JUDGE, ORACLE}
    assert table["apple"].tolist() == [1, 0]
    assert table["cherry"].tolist() == [0, 0]
    assert table[RANDOM].tolist() == [0.5, pytest.approx(1 / 3)]
    assert table[ORACLE].tolist() == [1, 1]
    assert table["max confidence"].tolist() == [1, 1]


def test_an_expert_that_was_not_there_for_a_case_is_worth_nothing_there() -> None:
    rows = [row("a", {"apple": ("right", 0.9), "berry": ("right", 0.9)}), row("b", {"apple": ("right", 0.9)})]
    table = qualities([contest(one, ENCODER) for one in rows], "right", ENCODER)
    assert table["berry"].tolist() == [1, 0]


def test_where_nobody_stands_everything_is_worth_nothing() -> None:
    table = qualities([contest(row("a", {"apple": None, "berry": None}), ENCODER)], "right", ENCODER)
    assert all(values.tolist() == [0] for values in table.values())


def test_a_contest_of_some_experts_leaves_the_others_out() -> None:
    posed = contest(row("a", {"apple": ("right", 0.9), "berry": ("wrong", 0.2)}), ENCODER, ["embedded:berry"])
    assert [one["expert"] for one in posed.standing] == ["embedded:berry"]
    assert qualities([posed], "right", ENCODER)[ORACLE].tolist() == [0]


def test_taking_a_signal_away_changes_the_choice_it_decided() -> None:
    posed = [contest(row("a", {"apple": ("AB-12", 0.99), "berry": ("right", 0.2)}, truth="AB-12"), ENCODER)]
    assert alone(posed, "right", "confidence").tolist() == [1]
    assert without(posed, "right", "").tolist() == [posed[0].quality(posed[0].verdict["winner"], "right")]
