"""How well a picture that was made explains the picture it was made from: a row per task type in FIDELITY.

Criteria without a reference, from the literature on each task. In [0, 1], None where it cannot tell. Here those of
restored pictures; those of regions, edges and strokes stand in `judge.outlines`.

To add one: a function of output and args that pools its criteria with `pooled`, and a row in FIDELITY.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.errors import InputError
from compegpt.judge.outlines import edges, partition, strokes
from compegpt.judge.pooling import pooled
from compegpt.media.render import load, opencv
from compegpt.schema import Output

Args = Mapping[str, Any]
Pixels = NDArray[np.float32]

LARGEST = 400
"""Restored pictures are looked at in their middle, in so many pixels each way: noise does not survive shrinking."""
_SECOND = np.array([1.0, -2.0, 1.0]) / np.sqrt(6.0)
_FAINT = 58.0
"""Variance that the eye takes for none, (0.03 x 255) ** 2 as in SSIM."""
_DIAGONAL = np.outer(_SECOND, _SECOND)
"""Passes what changes from pixel to pixel both ways: noise, hardly any picture (Immerkaer 1996); of unit norm."""


@dataclass(frozen=True)
class Noisy:
    """The picture that something was made from, and what can be told of its noise."""

    pixels: Pixels
    """Height x width x 3, the middle of the picture, grey levels."""
    size: tuple[int, int]
    """Height and width of the whole."""
    detail: Pixels
    """Of each pixel, what _DIAGONAL passes."""
    still: NDArray[np.bool_]
    """The two fifths of the pixels where the smoothed picture changes least: what detail is there is noise."""
    quiet: NDArray[np.bool_]
    """The quarter around which there is least detail: small pictures have no still places."""
    structure: Pixels
    """Variance around each pixel beyond that of the noise where there is least, height x width."""
    low: float
    """Deviation of the noise where there is least of everything (a tenth of the picture)."""
    usual: float
    """The same from a quarter of the picture."""


def _middle(picture: Any, share: float = 1.0) -> Pixels:
    """The middle of a picture, at most LARGEST x share pixels each way."""
    height, width = picture.shape[:2]
    high, wide = (min(side, round(LARGEST * share)) for side in (height, width))
    top, left = (height - high) // 2, (width - wide) // 2
    return np.asarray(picture[top : top + high, left : left + wide], dtype=np.float32)


@functools.lru_cache(maxsize=4)
def _noisy(path: str, changed: float) -> Noisy:
    cv2, whole = opencv(), load(path)
    pixels = _middle(whole)
    detail = np.asarray(cv2.filter2D(pixels, -1, _DIAGONAL))
    change = _slope(cv2.GaussianBlur(pixels, (0, 0), 1.5))
    around = cv2.GaussianBlur(detail * detail, (0, 0), 2).mean(axis=2)
    low, usual = (float(np.sqrt(np.quantile(around, share) * more)) for share, more in ((0.1, 1.25), (0.25, 1.0)))
    spread = cv2.GaussianBlur(pixels * pixels, (0, 0), 2) - cv2.GaussianBlur(pixels, (0, 0), 2) ** 2
    return Noisy(pixels, whole.shape[:2], detail, _least(change, 0.4), _least(around, 0.25),
                 np.maximum(spread.mean(axis=2) - low * low, 0), low, usual)


def _least(values: Pixels, share: float) -> NDArray[np.bool_]:
    """Where a share of the values is, the least of them; never nowhere."""
    return np.asarray(values <= np.quantile(values, share, method="higher"))


def _slope(picture: Any) -> Pixels:
    """Of each pixel, by how many grey levels the channels change to the next, root mean square."""
    cv2 = opencv()
    across, down = cv2.Sobel(picture, -1, 1, 0) / 8, cv2.Sobel(picture, -1, 0, 1) / 8
    return np.asarray(np.sqrt((across * across + down * down).mean(axis=2)))


def _read(output: Output, args: Args) -> tuple[Noisy, Pixels] | None:
    """What was given, and the middle of what was made of it, in the size it was made; None where either is no picture
    or they are not of one shape."""
    given, made = str(args.get("image", "")), output.get("image", "")
    try:
        before = _noisy(given, Path(given).stat().st_mtime)
        after = load(made)
    except (InputError, OSError):
        return None
    high, wide = (after.shape[side] / before.size[side] for side in (0, 1))
    if min(high, wide) < 1 or abs(high - wide) > 0.02 * high:
        return None
    return before, _middle(after, high)


@dataclass(frozen=True)
class Residual:
    """What a restored picture takes away from the one it was made from."""

    noise: float
    """Deviation of the noise that the picture is thought to have."""
    deviation: float
    left: float
    """Share of the noise that is still there: regression of the detail after on that before, where no picture is."""
    error: float
    """Estimated mean squared error in units of the noise: Stein's unbiased risk estimate (Annals of Statistics 9,
    1981), its divergence taken from `left`."""
    unlike: float
    """The same around each pixel as a share of structure and change there, mean: as SSIM (Wang et al. 2004)."""
    taken: float
    """Share of the picture's detail that went with the noise: regression of the residual on it, both smoothed."""
    waves: float
    """Correlation of neighbouring pixels: noise has none."""


def _residual(before: Noisy, after: Pixels, noise: float, where: NDArray[np.bool_]) -> Residual:
    cv2 = opencv()
    taken = before.pixels - after
    detail, still = before.detail[where], cv2.filter2D(after, -1, _DIAGONAL)[where]
    left = float(np.clip((still * detail).mean() / ((detail * detail).mean() + 0.1), 0, 1))
    power, variance = float((taken * taken).mean()), noise * noise
    error = max(power - variance + 2 * left * variance, 0.0)
    shape = before.pixels - cv2.GaussianBlur(before.pixels, (0, 0), 3)
    nearby = cv2.GaussianBlur(taken * taken, (0, 0), 2).mean(axis=2)
    unlike = np.maximum(nearby - variance + 2 * left * variance, 0) / (before.structure + nearby + _FAINT)
    smooth, shape = cv2.GaussianBlur(taken, (0, 0), 1), cv2.GaussianBlur(shape, (0, 0), 1)
    across, down = (taken[:, 1:] * taken[:, :-1]).mean(), (taken[1:] * taken[:-1]).mean()
    return Residual(noise, float(np.sqrt(power)), left, (error + 1) / (variance + 1), float(unlike.mean()),
                    float((smooth * shape).mean() / ((shape * shape).mean() + 1)),
                    float(across + down) / 2 / (power + 0.01))


def denoised(output: Output, args: Args) -> float | None:
    """Where noise was to be removed: whether noise, all of it and nothing else is gone.

    Morozov's discrepancy principle (1966): the residual's deviation is the noise's; little of the noise is left; the
    estimated error is small.
    """
    from compegpt.sources.embedded.styles import wanted

    read = _read(output, args) if wanted(str(args.get("text") or "")) == "denoise" else None
    if read is None or read[1].shape != read[0].pixels.shape:
        return None
    own = _residual(*read, read[0].usual, read[0].still)
    apart = abs(float(np.log((own.deviation + 0.3) / (own.noise + 0.5))))
    return pooled((-2, apart), (-1, float(np.log(own.error + 0.1))), (-6, own.left), centre=-1.5, spread=2)


def enlarged(output: Output, args: Args) -> float | None:
    """Shrunk again it explains the small picture up to its noise, and it has edges where that only has slopes.

    Consistency with the small picture as in back-projection (Irani and Peleg 1991); edges: how unevenly the slopes are
    spread (natural pictures have few steep ones: Field 1987), over those of the small picture enlarged bicubically.
    """
    read = _read(output, args)
    if read is None or read[1].shape == read[0].pixels.shape:
        return None
    before, after = read
    cv2, (height, width) = opencv(), after.shape[:2]
    small = cv2.resize(after, before.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    own = _residual(before, small, before.low, before.quiet)
    plain = cv2.resize(before.pixels, (width, height), interpolation=cv2.INTER_CUBIC)
    sharper = _unevenness(after) - _unevenness(plain)
    return pooled((11, sharper), (-4.5, float(np.log(own.error + 0.1))), (-24, own.taken), (-10, own.unlike),
                  (-4, own.waves), centre=0, spread=4)


def _unevenness(picture: Pixels) -> float:
    slopes = _slope(picture)
    return float(np.log((slopes * slopes).mean() + 0.01) - 2 * np.log(slopes.mean() + 0.1))


FIDELITY: dict[str, Callable[[Output, Args], float | None]] = {
    "image-to-image": denoised, "image-upscaling": enlarged, "image-segmentation": partition, "canny-control": edges,
    "lineart-control": strokes}


def fidelity(task: str, output: Output, args: Args) -> float | None:
    """How well the output fits the task's input picture; None for task types without a criterion."""
    criterion = FIDELITY.get(task)
    return criterion(output, args) if criterion else None
