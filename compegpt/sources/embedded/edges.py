"""canny-control and lineart-control: white lines on black, the size of the input, as ControlNet's annotators give them.

A canny picture holds thin edges, black or white. A lineart picture holds the strokes of an ink drawing, with
soft ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, grey, load, opencv, save, skimage, within
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine

SIDE = 2400
"""Longest side that is worked at; a larger picture is shrunk and its lines enlarged again."""


def _otsu(values: Array) -> float:
    """Otsu's threshold (1979) of non-negative values."""
    cv2 = opencv()
    top = float(values.max())
    if top <= 0:
        return 0.0
    level, _ = cv2.threshold((values * (255 / top)).astype("uint8"), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return max(float(level), 1.0) * top / 255


def _thinned(strength: Array, high: float) -> Array:
    """Lines one pixel wide where the strength reaches `high`, or half of it next to such a place."""
    kept = skimage("filters").apply_hysteresis_threshold(strength, high / 2, high)
    return skimage("morphology").skeletonize(kept).astype("uint8") * 255


def opencv_canny(picture: Array) -> Array:
    """Canny (1986) by OpenCV on Sobel gradients, thresholds from Otsu's of the gradient."""
    cv2 = opencv()
    smooth = cv2.GaussianBlur(grey(picture), (0, 0), 1.4)
    across, down = cv2.Sobel(smooth, cv2.CV_16S, 1, 0), cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    high = max(_otsu(cv2.magnitude(across.astype("float32"), down.astype("float32"))), 12.0)
    return cv2.Canny(across, down, high / 2.5, high, L2gradient=True)


def skimage_canny(picture: Array) -> Array:
    """Canny by scikit-image: wider smoothing, thresholds from Otsu's of the gradient."""
    import numpy as np

    cv2 = opencv()
    plane = grey(picture).astype(np.float32) / 255
    high = max(_otsu(skimage("filters").sobel(cv2.GaussianBlur(plane, (0, 0), 2.0))) * 4, 0.06)
    edges = skimage("feature").canny(plane, sigma=2.0, low_threshold=high / 2.5, high_threshold=high)
    return edges.astype(np.uint8) * 255


def marr_hildreth(picture: Array) -> Array:
    """Zero crossings of the Laplacian of a Gaussian (Marr and Hildreth 1980) where it is steep."""
    import numpy as np

    cv2 = opencv()
    response = cv2.Laplacian(cv2.GaussianBlur(grey(picture).astype(np.float32), (0, 0), 2.0), cv2.CV_32F)
    window = np.ones((3, 3), np.uint8)
    high, low = cv2.dilate(response, window), cv2.erode(response, window)
    slope = np.where((high > 0) & (low < 0), high - low, 0)
    steep = max(_otsu(slope), 2.0)
    return _thinned(slope, steep)


def di_zenzo(picture: Array) -> Array:
    """Edges of colour, not of brightness: largest eigenvalue of the colour tensor (Di Zenzo 1986) in Lab, thinned."""
    import numpy as np

    cv2 = opencv()
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), (0, 0), 1.6).astype(np.float32)
    across, down = cv2.Scharr(lab, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(lab, cv2.CV_32F, 0, 1) / 32
    xx, yy, xy = (across**2).sum(2), (down**2).sum(2), (across * down).sum(2)
    change = np.sqrt((xx + yy + np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2)
    steep = max(_otsu(change), 2.0)
    ridge = change >= 0.8 * cv2.dilate(change, np.ones((3, 3), np.uint8))
    return _thinned(change * ridge, steep)


def xdog(picture: Array) -> Array:
    """Extended difference of Gaussians (Winnemöller 2012) of the logarithm, so that plain dark areas stay empty."""
    import numpy as np

    cv2 = opencv()
    plane = np.log1p(grey(picture).astype(np.float32) / 16)
    valley = cv2.GaussianBlur(plane, (0, 0), 1.6) - 0.99 * cv2.GaussianBlur(plane, (0, 0), 1.0) - 0.01 * plane
    return (255 * np.clip(np.tanh(28 * (valley - 0.008)), 0, 1)).astype(np.uint8)


def dodge(picture: Array) -> Array:
    """What is darker than its surroundings: one less the quotient of the picture and its blur, as in colour dodging."""
    import numpy as np

    cv2 = opencv()
    plane = cv2.GaussianBlur(grey(picture), (0, 0), 0.7).astype(np.float32) + 24
    quotient = plane / cv2.GaussianBlur(plane, (0, 0), 2.5)
    return (255 * np.clip((0.96 - quotient) * 6, 0, 1)).astype(np.uint8)


def morphological(picture: Array) -> Array:
    """Black top-hat and inner gradient: what a closing fills, and the rim of what is dark."""
    import numpy as np

    cv2 = opencv()
    plane = cv2.bilateralFilter(grey(picture), 7, 30, 3)
    hat = cv2.morphologyEx(plane, cv2.MORPH_BLACKHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    rim = cv2.dilate(plane, np.ones((3, 3), np.uint8)) - plane
    lines = np.maximum(hat, rim).astype(np.float32)
    return np.clip((lines - 12) * (255 / max(float(np.percentile(lines, 98)), 40.0)), 0, 255).astype(np.uint8)


def draw(lines: Callable[[Array], Array], args: Args, store: Store) -> Finding:
    picture = load(args["image"])
    height, width = picture.shape[:2]
    cv2 = opencv()
    small, factor = within(picture, SIDE)
    drawn = lines(small)
    if factor == 1:
        return Finding(output={"image": save(drawn, store)})
    drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_LINEAR)
    return Finding(output={"image": save(drawn, store)},
                   note=f"Lines were found at {small.shape[1]} x {small.shape[0]} pixels and enlarged.")


def _engine(task: str, name: str, lines: Callable[[Array], Array], prior: float, about: str, family: str = "",
            modules: tuple[str, ...] = ("cv2",)) -> Engine:
    return Engine(name, task, family or name, partial(draw, lines), modules, prior=prior, about=about,
                  licence="BSD-3-Clause" if "skimage" in modules else "Apache-2.0",
                  install="pip install opencv-python-headless scikit-image")


_BOTH = ("cv2", "skimage")
ENGINES: tuple[Engine, ...] = (
    _engine("canny-control", "opencv-canny", opencv_canny, 0.9, "Canny, Sobel gradients", "canny"),
    _engine("canny-control", "skimage-canny", skimage_canny, 0.7, "Canny, wider smoothing", "canny", _BOTH),
    _engine("canny-control", "di-zenzo", di_zenzo, 0.65, "Edges of colour by the colour tensor", modules=_BOTH),
    _engine("canny-control", "marr-hildreth", marr_hildreth, 0.6, "Zero crossings of the Laplacian", modules=_BOTH),
    _engine("lineart-control", "xdog", xdog, 0.8, "Extended difference of Gaussians"),
    _engine("lineart-control", "dodge", dodge, 0.7, "Quotient of the picture and its blur"),
    _engine("lineart-control", "morphological", morphological, 0.6, "Black top-hat and inner gradient"),
)
