"""How near a picture is to the true one, pixel by pixel: what upscaling and denoising are measured by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from compegpt.schema import Output

WORST, BEST = 15.0, 40.0
"""Decibels that count as 0 and as 1: a picture drowned in noise, and one that the eye cannot tell from the truth."""
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def psnr(output: Output, truth: str) -> float:
    """Peak signal-to-noise ratio over all channels, from WORST to BEST decibels as 0 to 1; 0 without a picture."""
    pair = _pair(output, truth)
    if pair is None:
        return 0.0
    error = float(np.mean((pair[0].astype(float) - pair[1].astype(float)) ** 2))
    decibels = 10 * np.log10(255**2 / max(error, 1e-6))
    return float(np.clip((decibels - WORST) / (BEST - WORST), 0, 1))


def ssim(output: Output, truth: str) -> float:
    """Structural similarity (Wang et al. 2004), mean over the channels; negative as 0."""
    from skimage.metrics import structural_similarity

    pair = _pair(output, truth)
    if pair is None:
        return 0.0
    alike = structural_similarity(*pair, channel_axis=2, data_range=255)  # type: ignore[no-untyped-call]
    return max(0.0, float(alike))


def _pair(output: Output, truth: str) -> Pair | None:
    """Picture and truth in the truth's size; None where there is no picture or its sides are in another ratio."""
    path = output.get("image", "")
    made, wanted = (cv2.imread(file) if file and Path(file).is_file() else None for file in (path, truth))
    if made is None or wanted is None:
        return None
    (high, wide), (height, width) = made.shape[:2], wanted.shape[:2]
    if abs(high * width - wide * height) > 0.02 * wide * height:
        return None
    if (high, wide) != (height, width):
        made = cv2.resize(made, (width, height), interpolation=cv2.INTER_AREA if high > height else cv2.INTER_CUBIC)
    return np.asarray(made, dtype=np.uint8), np.asarray(wanted, dtype=np.uint8)


MEASURES: dict[str, Any] = {"PSNR (15 to 40 dB)": psnr, "SSIM": ssim}
