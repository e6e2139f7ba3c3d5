"""Pictures as if drawn or painted: the slow half of `styles`. Each takes and gives a uint8 array, RGB or grey."""

from __future__ import annotations

from compegpt.media.render import Array, grey, opencv


def _reach(picture: Array) -> float:
    """Unit of brush size: 1 for a picture of 512 pixels, so that a style looks alike at all sizes."""
    return max(0.25, float(max(picture.shape[:2])) / 512)


def _odd(size: float) -> int:
    return max(3, int(size) // 2 * 2 + 1)


def dodge_sketch(picture: Array) -> Array:
    """Colour dodge of the grey picture by its blurred negative."""
    cv2 = opencv()
    plane = cv2.add(grey(picture) // 8 * 7, 28)  # lifted, for where both are near black their quotient is noise
    light = cv2.divide(plane, cv2.GaussianBlur(plane, (0, 0), 5 * _reach(picture)), scale=250)
    return _darkened(light, 2.2)


def xdog_sketch(picture: Array) -> Array:
    """Extended difference of Gaussians (Winnemöller 2012), dark tones hatched by a softened threshold."""
    import numpy as np

    cv2 = opencv()
    plane, reach = grey(picture).astype(np.float32) / 255, _reach(picture)
    sharp = 13 * cv2.GaussianBlur(plane, (0, 0), 0.8 * reach) - 12 * cv2.GaussianBlur(plane, (0, 0), 1.28 * reach)
    return (255 * np.where(sharp >= 0.55, 1, 1 + np.tanh(1.6 * (sharp - 0.55)))).clip(0, 255).astype(np.uint8)


def strokes_sketch(picture: Array) -> Array:
    """Straight strokes in eight directions along the gradient (Lu, Xu and Jia 2012), over a light tone."""
    import numpy as np

    cv2 = opencv()
    plane, length = grey(picture).astype(np.float32), _odd(11 * _reach(picture))
    slope = cv2.magnitude(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)) / 8
    strokes = []
    for turn in range(8):
        line = np.zeros((length, length), np.uint8)
        reach, angle = length // 2, np.pi * turn / 8
        end = (round(reach * np.cos(angle)), round(reach * np.sin(angle)))
        cv2.line(line, (reach - end[0], reach - end[1]), (reach + end[0], reach + end[1]), 1)
        strokes.append(line.astype(np.float32) / line.sum())
    along = np.stack([cv2.filter2D(slope, -1, stroke) for stroke in strokes])
    first = along.argmax(axis=0)
    drawn = sum(cv2.filter2D(slope * (first == turn), -1, stroke) for turn, stroke in enumerate(strokes))
    tone = 205 + 50 * plane / 255
    return (tone * np.exp(-np.maximum(drawn - 2, 0) / 13)).clip(0, 255).astype(np.uint8)


def bilateral_cartoon(picture: Array) -> Array:
    """Bilateral smoothing, fewer tones, ink where a pixel is darker than its surroundings."""
    import numpy as np

    cv2 = opencv()
    flat = picture
    for _ in range(4):
        flat = cv2.bilateralFilter(flat, 7, 40, 7)
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 2] = (np.floor(hsv[..., 2] / 32) + 0.5) * 32
    hsv[..., 1] *= 1.25
    return _inked(cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB), picture)


def mean_shift_cartoon(picture: Array) -> Array:
    """Mean shift (Comaniciu and Meer 2002) into flat colours, ink on the contours."""
    return _inked(_vivid(opencv().pyrMeanShiftFiltering(picture, 10, 28), 1.3), picture)


def domain_transform_cartoon(picture: Array) -> Array:
    """Domain transform (Gastal and Oliveira 2011), fewer colours by k-means, ink on the contours."""
    import numpy as np

    cv2 = opencv()
    if picture[..., 0].size < 64:
        return picture  # too small for a palette
    smooth = cv2.edgePreservingFilter(picture, flags=cv2.RECURS_FILTER, sigma_s=40, sigma_r=0.4)
    points = smooth.reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(1)
    k = min(12, len(np.unique(points[:: max(1, len(points) // 5000)], axis=0)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    _, _, colours = cv2.kmeans(points[:: max(1, len(points) // 20000)], k, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    nearest = ((points**2).sum(1)[:, None] - 2 * points @ colours.T + (colours**2).sum(1)).argmin(1)
    return _inked(_vivid(colours[nearest].reshape(smooth.shape).astype(np.uint8), 1.2), picture)


def domain_transform_watercolor(picture: Array) -> Array:
    """Domain transform (Gastal and Oliveira 2011), thinned and on paper."""
    cv2 = opencv()
    return _on_paper(cv2.edgePreservingFilter(picture, flags=cv2.NORMCONV_FILTER, sigma_s=40, sigma_r=0.5))


def kuwahara_watercolor(picture: Array) -> Array:
    """Kuwahara filter (1976), twice, thinned and on paper."""
    reach = _reach(picture)
    return _on_paper(_kuwahara(_kuwahara(picture, round(3 * reach)), round(2 * reach)))


def median_watercolor(picture: Array) -> Array:
    """Repeated median and bilateral filters, thinned and on paper."""
    cv2 = opencv()
    wash = cv2.medianBlur(picture, _odd(5 * _reach(picture)))
    for _ in range(3):
        wash = cv2.bilateralFilter(wash, 9, 30, 7)
    return _on_paper(wash)


def kuwahara_oil(picture: Array) -> Array:
    """Kuwahara filter (1976) with broad windows, colours strengthened, lit as relief."""
    return _relief(_vivid(_kuwahara(picture, max(1, round(4 * _reach(picture)))), 1.35))


def histogram_oil(picture: Array) -> Array:
    """Each pixel takes the mean colour of the commonest tone around it."""
    import numpy as np

    cv2 = opencv()
    size = _odd(8 * _reach(picture))
    tone, best = grey(picture) // 32, np.zeros(picture.shape[:2], np.float32)
    paint = picture.astype(np.float32)
    for level in range(8):
        here = (tone == level).astype(np.float32)
        count = cv2.boxFilter(here, -1, (size, size), normalize=False)
        colour = cv2.boxFilter(picture * here[..., None], -1, (size, size), normalize=False)
        wins = count > best
        paint[wins] = colour[wins] / count[wins][:, None]
        best = np.maximum(best, count)
    return _relief(_vivid(paint.clip(0, 255).astype(np.uint8), 1.3))


def strokes_oil(picture: Array) -> Array:
    """Colours smeared along the contours: line integral over noise-broken cells following the structure tensor."""
    import numpy as np

    cv2 = opencv()
    height, width = picture.shape[:2]
    reach = _reach(picture)
    plane = cv2.GaussianBlur(grey(picture).astype(np.float32), (0, 0), 1.5)
    across, down = cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(part, (0, 0), 5 * reach) for part in (across**2, down**2, across * down))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    right, downward = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 34, (height, width)).astype(np.float32)
    rough = cv2.medianBlur(picture, _odd(3 * reach)) + cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    smeared, length = np.zeros_like(rough), max(2, round(7 * reach))
    for distance in range(-length, length + 1):
        smeared += cv2.remap(rough, x + distance * right, y + distance * downward, cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_REFLECT)
    return _relief(_vivid((smeared / (2 * length + 1)).clip(0, 255).astype(np.uint8), 1.35))


def _kuwahara(picture: Array, radius: int) -> Array:
    """Each pixel takes the mean of the calmest of the four quadrants around it, (radius + 1) pixels square."""
    import numpy as np

    if radius < 1:
        return picture
    cv2 = opencv()
    size, plane = radius + 1, grey(picture).astype(np.float32)
    mean, least = picture.astype(np.float32), np.full(plane.shape, np.inf, np.float32)
    for anchor in ((0, 0), (radius, 0), (0, radius), (radius, radius)):
        level = cv2.boxFilter(plane, -1, (size, size), anchor=anchor)
        spread = cv2.boxFilter(plane**2, -1, (size, size), anchor=anchor) - level**2
        calmer = spread < least
        mean[calmer] = cv2.boxFilter(picture.astype(np.float32), -1, (size, size), anchor=anchor)[calmer]
        least = np.minimum(least, spread)
    return mean.clip(0, 255).astype(np.uint8)


def _inked(colours: Array, picture: Array) -> Array:
    """The colours with dark lines where the picture is darker than its surroundings."""
    cv2 = opencv()
    plane = cv2.medianBlur(grey(picture), 5)
    size = _odd(9 * _reach(picture))
    paper = cv2.adaptiveThreshold(plane, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, size, 6)
    paper = cv2.GaussianBlur(cv2.medianBlur(paper, 3), (0, 0), 0.6)
    return cv2.multiply(colours, cv2.merge([paper] * 3), scale=1 / 255)


def _on_paper(wash: Array) -> Array:
    """The colours lightened, grained like paper, with the darker rims that drying leaves."""
    import numpy as np

    cv2 = opencv()
    height, width = wash.shape[:2]
    thin = 255 - (255 - _vivid(wash, 1.25).astype(np.float32)) * 0.82
    plane = grey(wash).astype(np.float32)
    rim = np.clip(np.abs(cv2.Laplacian(cv2.GaussianBlur(plane, (0, 0), 1.5), cv2.CV_32F)) * 2.5, 0, 22)
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 14, (height, width)).astype(np.float32), (0, 0), 1.1)
    return (thin - rim[..., None] + grain[..., None]).clip(0, 255).astype(np.uint8)


def _relief(paint: Array) -> Array:
    """Light from the upper left on the ridges of the paint."""
    import numpy as np

    cv2 = opencv()
    plane = grey(paint).astype(np.float32)
    slope = cv2.Sobel(plane, cv2.CV_32F, 1, 0) + cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    return (paint + np.clip(slope * 0.10, -18, 18)[..., None]).clip(0, 255).astype(np.uint8)


def _vivid(picture: Array, factor: float) -> Array:
    """Saturation times `factor`."""
    import numpy as np

    cv2 = opencv()
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] *= factor
    return cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _darkened(plane: Array, power: float) -> Array:
    import numpy as np

    table = (255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return table[plane]

