"""Changes of tone and colour: the fast half of `styles`. Each takes a uint8 RGB array and gives uint8 RGB or grey."""

from __future__ import annotations

from collections.abc import Callable

from compegpt.media.render import Array, grey, opencv


def luminance_grey(picture: Array) -> Array:
    """Luminance by the weights of Rec. 601."""
    return grey(picture)


def principal_grey(picture: Array) -> Array:
    """Along the direction in which the colours vary most, so that equally bright colours stay apart."""
    import numpy as np

    height, width = picture.shape[:2]
    points = picture[:: max(1, height // 300), :: max(1, width // 300)].reshape(-1, 3).astype(np.float64)
    axis = np.linalg.eigh(np.cov(points.T) if len(points) > 1 else np.eye(3))[1][:, -1]
    axis = np.maximum(axis if axis.sum() > 0 else -axis, 0.05)
    return _clipped(picture @ (axis / axis.sum()).astype(np.float32))


def equalised_grey(picture: Array) -> Array:
    """Lightness with contrast equalised in tiles (CLAHE, Zuiderveld 1994)."""
    cv2 = opencv()
    return cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0])


def matrix_sepia(picture: Array) -> Array:
    """The customary matrix of the three channels."""
    import numpy as np

    mix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
    return opencv().transform(picture, mix)


def duotone_sepia(picture: Array) -> Array:
    """From dark brown over tan to cream by lightness."""
    import numpy as np

    levels = np.arange(256)
    table = np.stack([np.interp(levels, (0, 90, 180, 255), tones)
                      for tones in ((30, 112, 202, 255), (18, 78, 166, 246), (10, 46, 116, 222))], 1)
    return table.astype(np.uint8)[grey(picture)]


def chroma_sepia(picture: Array) -> Array:
    """Lightness kept, colour replaced by one brown in Lab."""
    cv2 = opencv()
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0]
    return cv2.cvtColor(cv2.merge([light, light * 0 + 138, light * 0 + 154]), cv2.COLOR_LAB2RGB)


def rgb_negative(picture: Array) -> Array:
    """Each channel inverted."""
    return 255 - picture


def lightness_negative(picture: Array) -> Array:
    """Lightness inverted, hues kept."""
    cv2 = opencv()
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = 255 - lab[..., 0]
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def density_negative(picture: Array) -> Array:
    """Inverted in linear light, as film does by density."""
    import numpy as np

    linear = (np.arange(256) / 255) ** 2.2
    return (255 * (1 - linear) ** (1 / 2.2)).astype(np.uint8)[picture]


def gaussian_blur(picture: Array) -> Array:
    """Gaussian."""
    return opencv().GaussianBlur(picture, (0, 0), _radius(picture))


def median_blur(picture: Array) -> Array:
    """Median."""
    return opencv().medianBlur(picture, int(_radius(picture) * 1.5) * 2 + 1)


def box_blur(picture: Array) -> Array:
    """Mean of a square, twice."""
    size = int(_radius(picture)) * 2 + 1
    return opencv().blur(opencv().blur(picture, (size, size)), (size, size))


def unsharp_mask(picture: Array) -> Array:
    """Unsharp mask of the luminance."""
    cv2 = opencv()
    return _on_luminance(picture, lambda plane: 2.2 * plane - 1.2 * cv2.GaussianBlur(plane, (0, 0), 1.5))


def laplacian_sharpen(picture: Array) -> Array:
    """Luminance less its Laplacian."""
    cv2 = opencv()
    return _on_luminance(
        picture, lambda plane: plane - 0.6 * cv2.Laplacian(cv2.GaussianBlur(plane, (0, 0), 0.6), cv2.CV_32F))


def detail_sharpen(picture: Array) -> Array:
    """What an edge-preserving (bilateral) filter takes away, doubled."""
    cv2 = opencv()
    return _on_luminance(picture, lambda plane: 2.0 * plane - cv2.bilateralFilter(plane, 7, 30, 3))


def gamma_brighten(picture: Array) -> Array:
    """Gamma that brings the mean to at least 60 %, or a fifth up."""
    return _gamma(picture, lambda mean: max(0.6, mean * 1.2))


def linear_brighten(picture: Array) -> Array:
    """Lightness moved up by a sixth of the range."""
    return _on_luminance(picture, lambda plane: plane + 42)


def clahe_brighten(picture: Array) -> Array:
    """Shadows lifted where the surroundings are dark: contrast equalised in tiles, then a gamma."""
    return _gamma(_equalised(picture, 2.0), lambda mean: max(0.58, mean * 1.12))


def gamma_darken(picture: Array) -> Array:
    """Gamma that brings the mean to at most 40 %, or a fifth down."""
    return _gamma(picture, lambda mean: min(0.4, mean * 0.8))


def linear_darken(picture: Array) -> Array:
    """Lightness moved down by a sixth of the range."""
    return _on_luminance(picture, lambda plane: plane - 42)


def curve_darken(picture: Array) -> Array:
    """A curve that lowers the middle tones and keeps black and white."""
    import numpy as np

    level = np.arange(256) / 255
    return (255 * level * (0.55 + 0.45 * level)).astype(np.uint8)[picture]


def clahe_enhance(picture: Array) -> Array:
    """Contrast of the lightness equalised in tiles (CLAHE), colours strengthened a little."""
    return _vivid(_equalised(picture, 1.8), 1.12)


def stretch_enhance(picture: Array) -> Array:
    """Darkest and lightest half percent stretched to black and white, middle tones by a gamma."""
    import numpy as np

    step = max(1, max(picture.shape[:2]) // 1500)
    low, high = np.percentile(grey(picture[::step, ::step].copy()), (0.5, 99.5))
    if high - low < 16:
        return picture
    stretched = _clipped((np.arange(256) - low) * (255 / (high - low)))[picture]
    return _gamma(stretched, lambda mean: min(max(mean, 0.42), 0.6))


def grey_world_enhance(picture: Array) -> Array:
    """White balance by the grey world (Buchsbaum 1980), a third of the way, and a gentle curve of contrast."""
    import numpy as np

    cv2 = opencv()
    means = np.array(cv2.mean(picture)[:3]) + 1
    gains = (means.mean() / means).clip(0.6, 1.6) ** 0.33
    level = np.arange(256) / 255
    curve = 255 * (level + 0.06 * np.sin(2 * np.pi * (level - 0.5)))
    balanced = _clipped(level[:, None] * 255 * gains)
    table = curve.clip(0, 255).astype(np.uint8)[balanced]
    return cv2.LUT(picture, table[None])


def _radius(picture: Array) -> float:
    return max(1.0, float(max(picture.shape[:2])) / 170)


def _on_luminance(picture: Array, change: Callable[[Array], Array]) -> Array:
    import numpy as np

    cv2 = opencv()
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    planes[..., 0] = _clipped(change(planes[..., 0].astype(np.float32)))
    return cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB)


def _equalised(picture: Array, limit: float) -> Array:
    cv2 = opencv()
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(limit, (8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _gamma(picture: Array, target: Callable[[float], float]) -> Array:
    """The power of all channels that takes the mean luminance, in [0, 1], to target(mean)."""
    import numpy as np

    mean = float(np.clip(grey(picture).mean() / 255, 0.02, 0.98))
    wanted = float(np.clip(target(mean), 0.03, 0.97))
    power = float(np.clip(np.log(wanted) / np.log(mean), 0.3, 3))
    return (255 * (np.arange(256) / 255) ** power).astype(np.uint8)[picture]


def _vivid(picture: Array, factor: float) -> Array:
    import numpy as np

    cv2 = opencv()
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] *= factor
    return cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _clipped(values: Array) -> Array:
    import numpy as np

    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
