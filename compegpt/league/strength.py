"""How strong experts are by their competitions, and how sure that is.

Bradley and Terry, Rank analysis of incomplete block designs (1952): i beats j with probability p_i / (p_i + p_j).
Newton's method finds the one maximum in a handful of steps, where Hunter's MM algorithm (2004) takes hundreds. It is
written out, for the one library of it that is kept up knows neither weights nor ties nor a prior.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS, CLOSE, LONGEST = 50, 1e-6, 2.0
"""Most steps; no log-strength moves further than LONGEST in one, and it ends where none moves more than CLOSE."""
Z90 = 1.6448536269514722
"""Half the width of a 90 % interval, in standard deviations."""


def bradley_terry(beats: Array, prior: Array | None = None) -> tuple[Array, Array]:
    """Log-strengths (n) and their covariance (n x n).

    beats: n x n, how often i beat j, ties as halves on both sides. prior: n log-strengths of an opponent that each is
    held to have tied with once; 0, an average expert, where it is not given. The covariance is the inverse of the
    Fisher information. O(steps x n^3), a handful of steps.
    """
    opponent = np.zeros(len(beats)) if prior is None else prior
    wins, games = beats.sum(axis=1) + 0.5, beats + beats.T
    strength = opponent.copy()
    for _ in range(STEPS):
        slope, information = _derivatives(strength, wins, games, opponent)
        step = np.linalg.solve(information, slope)
        size = float(np.abs(step).max(initial=0.0))
        strength = strength + step * min(1.0, LONGEST / max(size, CLOSE))
        if size <= CLOSE:
            break
    return strength, np.asarray(np.linalg.inv(_derivatives(strength, wins, games, opponent)[1]), dtype=np.float64)


def _derivatives(strength: Array, wins: Array, games: Array, opponent: Array) -> tuple[Array, Array]:
    """Of the log-likelihood with its prior: the slope (n), and the Fisher information (n x n)."""
    pair = 1 / (1 + np.exp(strength[None, :] - strength[:, None]))
    own = 1 / (1 + np.exp(opponent - strength))
    spread = games * pair * (1 - pair)
    return (np.asarray(wins - (games * pair).sum(axis=1) - own),
            np.asarray(np.diag(spread.sum(axis=1) + own * (1 - own)) - spread))


def wilson(hits: float, of: float, z: float = Z90) -> tuple[float, float]:
    """Wilson's interval of a share, 90 % by default: (low, high) in [0, 1]; counts may be fractions. (0, 1) of none."""
    if of <= 0:
        return 0.0, 1.0
    share, slack = hits / of, z * z / of
    middle = (share + slack / 2) / (1 + slack)
    half = math.sqrt(max(share * (1 - share), 0.0) * slack + slack * slack / 4) / (1 + slack)
    return max(0.0, middle - half), min(1.0, middle + half)
