"""Taking noise off a picture: five families of denoisers. Each takes a uint8 RGB array and gives one of the same size.

All but the median measure the noise first, so that a clean picture stays as it is and a dark one is calmed.
"""

from __future__ import annotations

from compegpt.media.render import Array, opencv, skimage
from compegpt.sources.embedded.upscaling import LARGE, noise

MOST = 60.0
"""Greatest noise that is believed, in grey levels."""
BLOCK, SHIFT = 8, 4


def _level(picture: Array) -> float:
    """Standard deviation of the noise of the green channel (its share in luminance is averaged less)."""
    return min(noise(picture[..., 1]), MOST)


def non_local(picture: Array) -> Array:
    """Non-local means (Buades 2005), as strong as the noise."""
    level = max(_level(picture), 1.0)
    return opencv().fastNlMeansDenoisingColored(picture, None, 0.8 * level, level, 5, 13)


def median(picture: Array) -> Array:
    """Median of 3 x 3 pixels, colours of 5 x 5."""
    cv2 = opencv()
    light, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    planes = [cv2.medianBlur(light, 3), cv2.medianBlur(red, 5), cv2.medianBlur(blue, 5)]
    return cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2RGB)


def bilateral(picture: Array) -> Array:
    """Bilateral filter (Tomasi and Manduchi 1998), range twice the noise (Zhang and Gunturk 2008)."""
    return opencv().bilateralFilter(picture, 7, 2 * max(_level(picture), 4.0), 2)


def total_variation(picture: Array) -> Array:
    """Least total variation (Chambolle 2004), as strong as the noise."""
    import numpy as np

    steps = 40 if picture.size < 3 * LARGE else 10
    calm = skimage("restoration").denoise_tv_chambolle(
        picture.astype(np.float32) / 255, max(_level(picture), 1.0) / 255, max_num_iter=steps, channel_axis=2)
    return _whole(255 * calm)


def cosine(picture: Array) -> Array:
    """Coefficients of overlapping cosine transforms below 2.7 times the noise dropped (Yu and Sapiro 2011)."""
    import numpy as np
    from scipy.fft import dctn, idctn

    height, width = picture.shape[:2]
    high, wide = (BLOCK * (-(-(side + 2 * BLOCK) // BLOCK)) for side in (height, width))
    apart = _apart()
    padded = np.pad(picture.astype(np.float32) @ apart.T,
                    ((BLOCK, high - height - BLOCK), (BLOCK, wide - width - BLOCK), (0, 0)), mode="symmetric")
    limit, total = 2.7 * max(_level(picture), 1.0), np.zeros_like(padded)
    for down in range(0, BLOCK, SHIFT):
        for across in range(0, BLOCK, SHIFT):
            rolled = np.roll(padded, (-down, -across), (0, 1))
            blocks = rolled.reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK, 3)
            bands = dctn(blocks, axes=(1, 3), norm="ortho")
            mean = bands[:, :1, :, :1].copy()
            bands[np.abs(bands) < limit] = 0
            bands[:, :1, :, :1] = mean
            calm = idctn(bands, axes=(1, 3), norm="ortho").reshape(padded.shape)
            total += np.roll(calm, (down, across), (0, 1))
    calm = total[BLOCK : BLOCK + height, BLOCK : BLOCK + width] / (BLOCK // SHIFT) ** 2
    return _whole(calm @ apart)


def _apart() -> Array:
    """Orthonormal grey and two colours, rows: noise stays as strong as it was."""
    import numpy as np

    rows = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _whole(values: Array) -> Array:
    import numpy as np

    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
