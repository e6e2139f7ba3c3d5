"""Weak labels, and the measures of a training."""

from __future__ import annotations

import numpy as np
import pytest

from compegpt.plan.shape import NUMBER_OF, TYPES
from compegpt.plan.train import measuring
from compegpt.plan.train.targets import Example
from compegpt.plan.train.weak import Floats, _connected, labelled

NOTHING = Example([101, 102], [], [], {}, taskbench=True, made_up=False)


def odds(**of: float) -> Floats:
    found = np.full(len(TYPES), 0.01)
    for name, value in of.items():
        found[NUMBER_OF[name.replace("_", "-")]] = value
    return found


@pytest.mark.parametrize(("shape", "given", "wanted"), [
    ("single", odds(translation=0.4, summarization=0.3), ["translation"]),
    ("single", odds(translation=0.1), None),
    ("chain", odds(translation=0.9, summarization=0.3), ["summarization", "translation"]),
    ("dag", odds(translation=0.9, summarization=0.8), ["summarization", "translation"]),
    (None, odds(translation=0.2), None)],
    ids=["a single request has one type", "too unlikely", "a chain has two", "a dag as it is", "nothing likely"])
def test_types_follow_the_shape(shape: str | None, given: Floats, wanted: list[str] | None) -> None:
    example = labelled(NOTHING, given, shape)
    assert (None if example is None else sorted(TYPES[number] for number in example.counts)) == wanted


def test_a_chain_is_the_likeliest_order_of_all() -> None:
    scores = np.array([[-9.0, 1.0, 2.0], [-1.0, -9.0, -2.0], [-3.0, 3.0, -9.0]])  # takers in rows, givers in columns
    example = _connected(Example([], [], [], {5: 1, 6: 1, 7: 1}), [5, 6, 7], scores, 3, "chain")
    assert example.arcs == {(7, 6), (5, 7)}


def test_calibration_is_the_gap_between_said_and_seen() -> None:
    assert measuring.calibration(np.array([0.75] * 4), np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(0)
    assert measuring.calibration(np.array([0.95] * 4), np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.45)


def test_the_confidence_finds_what_tells_right_from_wrong() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 2))
    exact = (features[:, 0] + 0.2 * rng.normal(size=400) > 0).astype(float)
    bias, first, second = measuring._logistic(features, exact)
    assert first > 5 * abs(second)
    assert abs(bias) < 1
