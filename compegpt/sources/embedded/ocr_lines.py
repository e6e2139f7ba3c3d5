"""Lines of text that were read, and the order in which a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Line:
    text: str
    score: float
    """In [0, 1]."""
    least: float
    """Score of its least sure letter (PP-OCR) or word (tesseract)."""


def in_reading_order(boxes: Any, lines: Sequence[Line]) -> list[Line]:
    """Rows from top to bottom, pieces of one row from left to right joined by blanks.

    boxes: n x 4 x 2, corners in pixels. A piece belongs to a row when its middle lies within half a height of it, on a
    page that is turned as the widest of the boxes are.
    """
    corners = _upright(np.asarray(boxes, dtype=float).reshape(len(lines), 4, 2))
    middle, left = corners[:, :, 1].mean(axis=1), corners[:, :, 0].min(axis=1)
    height = np.maximum(np.ptp(corners[:, :, 1], axis=1), 1.0)
    rows: list[list[int]] = []
    for piece in np.argsort(middle, kind="stable"):
        row = rows[-1] if rows else []
        if row and abs(middle[piece] - middle[row].mean()) < min(height[piece], height[row].min()) / 2:
            row.append(int(piece))
        else:
            rows.append([int(piece)])
    return [joined([lines[i] for i in sorted(row, key=lambda i: left[i])]) for row in rows]


def _upright(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners (n x 4 x 2, from top left clockwise) turned back by the slope of the wider boxes."""
    across = corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]
    wide = across[np.hypot(*across.T) >= np.hypot(*across.T).max() / 2]
    angle = np.arctan2(wide[:, 1].sum(), wide[:, 0].sum())
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(corners @ np.array([[cosine, -sine], [sine, cosine]]))


def joined(pieces: Sequence[Line]) -> Line:
    """The pieces of one row as one line, as sure as they are on average by length."""
    length = sum(len(piece.text) for piece in pieces)
    score = sum(piece.score * len(piece.text) for piece in pieces) / max(length, 1)
    return Line(" ".join(piece.text for piece in pieces), float(score), min(piece.least for piece in pieces))
