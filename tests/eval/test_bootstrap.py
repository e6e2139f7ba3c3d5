from __future__ import annotations

import numpy as np
import pytest

from compegpt.eval.bootstrap import interval


def test_the_interval_holds_the_mean_and_narrows_with_the_number_of_cases() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, 1600)
    wide, narrow = interval(values[:100]), interval(values)
    assert wide[0] < values[:100].mean() < wide[1]
    assert (narrow[1] - narrow[0]) * 3 < wide[1] - wide[0]
    assert narrow[1] - narrow[0] == pytest.approx(2 * 1.96 * 0.2 / 40, rel=0.15)


def test_it_is_the_same_each_time() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    assert interval(values) == interval(values)


def test_columns_are_resampled_together() -> None:
    pairs = np.array([[0.0, 1.0], [1.0, 2.0], [5.0, 6.0]])
    assert interval(pairs, lambda means: means[:, 1] - means[:, 0]) == pytest.approx((1.0, 1.0))


def test_no_cases_no_interval() -> None:
    assert np.isnan(interval(np.array([]))).all()
