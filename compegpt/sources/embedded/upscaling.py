"""image-upscaling: twice the size, sharper, with the noise held down.

All work on luminance (the eye and a reader of text see detail there) and enlarge the colour by bicubic interpolation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from compegpt.errors import ExpertError
from compegpt.media.artifacts import MAX_PIXELS, Store
from compegpt.media.render import Array, load, opencv, save, skimage
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine

SCALE = 2
LARGE = 2_000_000
"""Pixels from which the slow denoisers look less far."""


def noise(luminance: Array) -> float:
    """Standard deviation of the noise, in grey levels (0 to 255).

    The median of |Laplacian difference| instead of Immerkaer's mean (1996), so that edges do not count as noise.
    """
    import numpy as np

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = opencv().filter2D(luminance.astype(np.float32), -1, kernel)
    return float(np.median(np.abs(response)) / 0.6745 / 6)


def _enlarged(plane: Array, method: str) -> Array:
    cv2 = opencv()
    height, width = plane.shape[:2]
    return cv2.resize(plane, (width * SCALE, height * SCALE), interpolation=getattr(cv2, f"INTER_{method}"))


def _unsharp(plane: Array, sigma: float, amount: float) -> Array:
    cv2 = opencv()
    return cv2.addWeighted(plane, 1 + amount, cv2.GaussianBlur(plane, (0, 0), sigma), -amount, 0)


def lanczos(plane: Array) -> Array:
    """Lanczos interpolation and an unsharp mask wider than the noise."""
    return _unsharp(_enlarged(plane, "LANCZOS4"), 2.0, 0.8)


def non_local_means(plane: Array) -> Array:
    """Non-local means (Buades et al. 2005) at the measured noise, then Lanczos and an unsharp mask."""
    import numpy as np

    level = min(noise(plane), 30.0)
    if level > 1:
        # the search of a 10-megapixel picture takes 30 s with the window that small pictures get
        plane = opencv().fastNlMeansDenoising(np.clip(plane, 0, 255).astype(np.uint8), None, 0.8 * level, 3,
                                              11 if plane.size < LARGE else 5).astype(np.float32)
    return _unsharp(_enlarged(plane, "LANCZOS4"), 2.0, 0.8)


def total_variation(plane: Array) -> Array:
    """Total-variation denoising (Chambolle 2004) at the measured noise, then bicubic and an unsharp mask."""
    import numpy as np

    level = min(noise(plane), 30.0)
    if level > 1:
        steps = 60 if plane.size < LARGE else 12
        calm = skimage("restoration").denoise_tv_chambolle(plane / np.float32(255), level / 255, max_num_iter=steps)
        plane = 255 * calm
    return _unsharp(_enlarged(plane.astype(np.float32), "CUBIC"), 2.0, 1.0)


def back_projection(plane: Array) -> Array:
    """Iterative back-projection (Irani and Peleg 1991): correct the large picture until shrinking it gives the input.

    Few rounds on a lightly smoothed input: more of them, or none of the smoothing, bring the noise back.
    """
    cv2 = opencv()
    height, width = plane.shape[:2]
    level = min(noise(plane), 30.0)
    calm = cv2.GaussianBlur(plane, (0, 0), 0.35 + level / 28) if level > 1 else plane
    large = _enlarged(calm, "CUBIC")
    for _ in range(4):
        shrunk = cv2.resize(cv2.GaussianBlur(large, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_AREA)
        large += _enlarged(calm - shrunk, "CUBIC")
    return large


def upscale(sharpen: Callable[[Array], Array], args: Args, store: Store) -> Finding:
    """The picture at twice its width and height. Raises ExpertError where that would be over 40 megapixels."""
    import numpy as np

    picture = load(args["image"])
    height, width = picture.shape[:2]
    if height * width * SCALE**2 > MAX_PIXELS:
        raise ExpertError(f"{width} x {height} pixels at {SCALE} times the size are more than "
                          f"{MAX_PIXELS // 10**6} million; give a smaller picture, or a part of this one.")
    cv2 = opencv()
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    luminance = np.clip(np.rint(sharpen(planes[..., 0].astype(np.float32))), 0, 255).astype(np.uint8)
    colour = _enlarged(np.ascontiguousarray(planes[..., 1:]), "CUBIC")
    large = cv2.cvtColor(cv2.merge([luminance, *cv2.split(colour)]), cv2.COLOR_YCrCb2RGB)
    return Finding(output={"image": save(large, store)},
                   note=f"From {width} x {height} to {width * SCALE} x {height * SCALE} pixels.")


def _engine(name: str, sharpen: Callable[[Array], Array], prior: float, about: str,
            modules: tuple[str, ...] = ("cv2",)) -> Engine:
    return Engine(name, "image-upscaling", name, partial(upscale, sharpen), modules, prior=prior, licence="Apache-2.0",
                  install="pip install opencv-python-headless", about=about)


ENGINES: tuple[Engine, ...] = (
    _engine("total-variation", total_variation, 0.8, "Total-variation denoising, bicubic, unsharp mask",
            ("cv2", "skimage")),
    _engine("lanczos", lanczos, 0.75, "Lanczos interpolation and unsharp mask"),
    _engine("non-local-means", non_local_means, 0.7, "Non-local means denoising, Lanczos, unsharp mask"),
    _engine("back-projection", back_projection, 0.6, "Iterative back-projection"),
)
