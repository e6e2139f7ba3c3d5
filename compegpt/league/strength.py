"""How strong experts are by their competitions, and how sure that is.

Bradley and Terry, Rank analysis of incomplete block designs (1952): i beats j with probability p_i / (p_i + p_j). The
MM algorithm is Hunter's, MM algorithms for generalized Bradley-Terry models (2004). Written out, for the one library of
it that is kept up knows neither weights nor ties nor a prior.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS, CLOSE = 500, 1e-4
"""Most steps of the algorithm; it stops where no strength moves by more than this part of itself."""
Z90 = 1.6448536269514722
"""Half the width of a 90 % interval, in standard deviations."""


def bradley_terry(beats: Array, prior: Array | None = None) -> tuple[Array, Array]:
    """Log-strengths (n) and their covariance (n x n).

    beats: n x n, how often i beat j, ties as halves on both sides. prior: n log-strengths of an opponent that each is
    held to have tied with once; 0, an average expert, where it is not given. The covariance is the inverse of the
    Fisher information. O(steps x n^2 + n^3).
    """
    n = len(beats)
    opponent = np.exp(np.zeros(n) if prior is None else prior)
    wins, games = beats.sum(axis=1) + 0.5, beats + beats.T
    strength = opponent.copy()
    for _ in range(STEPS):
        met = (games / (strength[:, None] + strength[None, :])).sum(axis=1) + 1 / (strength + opponent)
        before, strength = strength, wins / met
        if np.all(np.abs(strength - before) <= CLOSE * before):
            break
    return np.log(strength), np.asarray(np.linalg.inv(_information(strength, games, opponent)), dtype=np.float64)


def _information(strength: Array, games: Array, opponent: Array) -> Array:
    pair = strength[:, None] / (strength[:, None] + strength[None, :])
    spread = games * pair * pair.T
    own = strength * opponent / (strength + opponent) ** 2
    return np.asarray(np.diag(spread.sum(axis=1) + own) - spread)


def wilson(hits: float, of: float, z: float = Z90) -> tuple[float, float]:
    """Wilson's interval of a share, 90 % by default: (low, high) in [0, 1]; counts may be fractions. (0, 1) of none."""
    if of <= 0:
        return 0.0, 1.0
    share, slack = hits / of, z * z / of
    middle = (share + slack / 2) / (1 + slack)
    half = math.sqrt(max(share * (1 - share), 0.0) * slack + slack * slack / 4) / (1 + slack)
    return max(0.0, middle - half), min(1.0, middle + half)
