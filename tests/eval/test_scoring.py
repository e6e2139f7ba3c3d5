from __future__ import annotations

import numpy as np
import pytest

from compegpt.eval.scoring import Scores, ablation, by_group, reliability, scores_of, standings
from compegpt.eval.ways import JUDGE, ORACLE, RANDOM, WAYS, contest
from tests.eval.rows import Letters, stream

ENCODER = Letters()
CONTESTS = [contest(one, ENCODER) for one in stream(60)]


def scores(judge: list[float], **experts: list[float]) -> Scores:
    table = {name: np.array(values) for name, values in experts.items()}
    oracle = np.max(list(table.values()), axis=0)
    ways = dict.fromkeys((*WAYS, RANDOM), oracle * 0)
    return Scores("right", {**table, **ways, JUDGE: np.array(judge), ORACLE: oracle})


HALF = scores([1.0, 1.0, 1.0, 0.0], good=[1, 1, 0, 0], bad=[0, 0, 1, 1])


@pytest.mark.parametrize(("given", "gain"), [
    (HALF, 0.5), (scores([1.0, 1.0], good=[1, 0], bad=[0, 1]), 1.0),
    (scores([0.0, 0.0], good=[1, 0], bad=[0, 1]), -1.0)])
def test_the_gain_is_the_share_of_what_the_oracle_has_over_the_best_single(given: Scores, gain: float) -> None:
    assert given.gain() == pytest.approx(gain)


def test_without_headroom_there_is_no_share() -> None:
    same = scores([1.0, 1.0], good=[1, 1], bad=[0, 0])
    assert same.headroom == 0
    assert np.isnan(same.gain())
    assert "there is no headroom" in standings("T", [same]).note


def test_intervals_hold_what_was_measured() -> None:
    told = scores_of(CONTESTS, "right", ENCODER)
    low, high = told.gain_interval()
    assert low <= told.gain() <= high
    low, high = told.over(told.best)
    assert low <= float((told.by_name[JUDGE] - told.by_name[told.best]).mean()) <= high


def test_the_standings_have_a_row_for_everybody_and_name_the_best() -> None:
    table = standings("T", [scores_of(CONTESTS, "right", ENCODER), scores_of(CONTESTS, "length", ENCODER)])
    assert [line[0] for line in table.rows] == ["apple", "berry", "cherry", "best single", RANDOM, *WAYS, JUDGE, ORACLE]
    assert table.rows[3][3] == "apple"
    assert all(len(line) == len(table.columns) == 7 for line in table.rows)
    assert "of that the judge gains" in table.note


def test_an_ablation_takes_each_signal_away_and_tries_each_alone() -> None:
    names = [line[0] for line in ablation("T", CONTESTS, ["right"]).rows]
    assert names[0] == "all signals"
    assert "without support" in names
    assert "only confidence" in names


def test_groups_are_told_apart() -> None:
    sharp = [contest({**one, "category": "sharp"}, ENCODER) for one in stream(4)]
    table = by_group("T", [*CONTESTS, *sharp], ["right"], ENCODER)
    assert [line[:2] for line in table.rows] == [("blur", "60"), ("sharp", "4"), ("words", "64")]


def test_reliability_compares_what_was_said_with_what_was() -> None:
    sure = reliability(CONTESTS, "right")
    assert sure is not None
    assert 0 <= sure.edges[0] <= sure.error <= sure.edges[1] + 0.1
    assert 3 <= len(sure.bins) <= 10
    assert sum(cases for *_, cases in sure.bins) == 60
    assert [told for told, *_ in sure.bins] == sorted(told for told, *_ in sure.bins)


def test_a_judge_without_a_confidence_has_no_reliability() -> None:
    posed = [contest({**one, "task": "table-question-answering"}, ENCODER) for one in stream(3)]
    assert reliability(posed, "right") is None
