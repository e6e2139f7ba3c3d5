from __future__ import annotations

import numpy as np
import pytest

from compegpt.league.strength import bradley_terry, wilson


def test_strengths_are_found_again_in_games_drawn_from_them() -> None:
    true, draw = np.array([1.0, 0.4, -0.2, -1.2]), np.random.default_rng(7)
    chance = 1 / (1 + np.exp(true[None, :] - true[:, None]))
    beats = np.zeros((4, 4))
    for one in range(4):
        for other in range(one):
            won = draw.binomial(2_000, chance[one, other])
            beats[one, other], beats[other, one] = won, 2_000 - won
    found, covariance = bradley_terry(beats)
    centre = np.eye(4) - 1 / 4
    error = centre @ (found - true)
    assert np.abs(error).max() < 0.12
    assert (np.abs(error) < 3 * np.sqrt(np.diag(centre @ covariance @ centre))).all()


def test_two_experts_have_the_closed_form() -> None:
    """With the prior tie, 3 of 4 between two is the root of its own likelihood; symmetric about 0."""
    found, _ = bradley_terry(np.array([[0.0, 3.0], [1.0, 0.0]]))
    high = float(found[0])
    expected = 1 / (1 + np.exp(-2 * high))
    gradient = 3.5 - 4 * expected - 1 / (1 + np.exp(-high))
    assert found[1] == pytest.approx(-high, abs=1e-5)
    assert gradient == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(("beats", "spread"), [(0.0, 2.0), (400.0, 0.05)], ids=["never met", "met often"])
def test_less_is_known_of_who_never_competed(beats: float, spread: float) -> None:
    _, covariance = bradley_terry(np.array([[0.0, beats], [beats, 0.0]]))
    difference = np.array([1.0, -1.0]) / np.sqrt(2)
    assert np.sqrt(difference @ covariance @ difference) == pytest.approx(spread, rel=0.02)


def test_with_no_game_the_prior_stands() -> None:
    found, _ = bradley_terry(np.zeros((3, 3)), np.array([0.0, -0.5, -1.0]))
    assert found == pytest.approx([0.0, -0.5, -1.0], abs=1e-3)


def test_one_that_always_wins_is_not_infinitely_strong() -> None:
    found, covariance = bradley_terry(np.array([[0.0, 500.0], [0.0, 0.0]]))
    assert np.isfinite(found).all()
    assert np.isfinite(covariance).all()


@pytest.mark.parametrize(("hits", "of", "z", "interval"), [
    (0, 0, 1.645, (0.0, 1.0)), (5, 10, 1.96, (0.2366, 0.7634)), (0, 10, 1.96, (0.0, 0.2775)),
    (10, 10, 1.96, (0.7225, 1.0)),
])
def test_wilsons_interval(hits: float, of: float, z: float, interval: tuple[float, float]) -> None:
    """Against published tables (95 %)."""
    assert wilson(hits, of, z) == pytest.approx(interval, abs=2e-4)
