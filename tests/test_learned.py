from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from compegpt import learned as module
from compegpt.eval.fitting import SIGNALS
from compegpt.learned import FILE, Curve, Learned, Standing, learned, odds, read_file, worth
from compegpt.tasks import TASKS, Comparison

LEARNED = sorted(read_file(FILE)["tasks"])
CURVE: Curve = ((0.0, 0.1), (0.5, 0.2), (1.0, 0.9))


@pytest.mark.parametrize(("value", "expected"), [
    (-1, 0.1), (0, 0.1), (0.25, 0.15), (0.5, 0.2), (0.75, 0.55), (1, 0.9), (7, 0.9)])
def test_a_curve_is_linear_between_its_points_and_flat_beyond(value: float, expected: float) -> None:
    assert worth(value, CURVE) == pytest.approx(expected)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.0), (0.0, odds(0.005)), (1.0, -odds(0.0)), (0.9, 2.1972)])
def test_odds_are_bounded(share: float, expected: float) -> None:
    assert odds(share) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("task", LEARNED)
def test_what_was_learned_is_sound(task: str) -> None:
    known = learned(task)
    assert task in TASKS
    assert set(known.weights) <= set(SIGNALS)
    assert sum(known.weights.values()) == pytest.approx(1, abs=0.01)
    assert min(known.weights.values()) > 0
    assert all(0 <= value <= 1 for value in known.record.values())
    for curve in (*known.confidence.values(), *known.weakest.values()):
        assert (curve[0][0], curve[-1][0]) == (0.0, 1.0)
        assert all(low < high and less <= more for (low, less), (high, more) in pairwise(curve))
    chances = [known.probability(Standing(score, 0.5, False, 2)) or 0.0 for score in (0.1, 0.5, 0.9)]
    if not known.sure:
        assert chances == [0, 0, 0]
        return
    assert chances == sorted(chances)
    assert all(0 <= chance <= 1 for chance in chances)


def test_every_comparison_has_weights_for_what_nothing_was_learned_about() -> None:
    assert set(Comparison.__args__) == read_file(FILE)["comparisons"].keys()  # type: ignore[attr-defined]
    assert learned("depth-estimation").probability(Standing(0.9, 0.9, False, 3)) is None


@pytest.mark.parametrize(("winner", "expected"), [
    (Standing(0.5, 1.0, False, 1), 0.8808), (Standing(0.5, 0.0, False, 1), 0.5),
    (Standing(0.5, None, False, 1), 0.2689), (Standing(0.9, None, False, 1), 0.5246),
    (Standing(0.5, 0.0, True, 1), 0.0474),
    (Standing(0.5, 0.0, False, 2), 0.6667),
], ids=["others agree", "others differ", "alone", "alone and sound", "nothing found", "more families"])
def test_how_a_winner_stands_tells_how_likely_it_is_right(winner: Standing, expected: float) -> None:
    known = Learned({}, sure={"score": 1.0, "score alone": 0.5, "agreement": 2.0, "alone": -1.0, "nothing": -3.0,
                              "nothing alone": -1.0, "families": 1.0, "bias": 0.0})
    assert known.probability(winner) == pytest.approx(expected, abs=1e-4)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    path.write_text(json.dumps({"form": 99, "tasks": {}, "comparisons": {}}))
    with pytest.raises(ValueError, match="form 99"):
        module._read(path)
