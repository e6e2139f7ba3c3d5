"""image-segmentation: regions of one colour or texture, without names (no network here knows what it sees).

Regions are found at no more than 480 pixels a side and enlarged. `score` is the region's share of the picture; the own
confidence is the share of the variance of colour that the regions explain.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save, skimage, with_masks, within
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine

SIDE = 480
MOST = 8
"""Masks given; what is smaller is left out and the note says so."""
LEAST = 0.005
"""Smallest share of the picture that makes a region."""


def _lab(picture: Array) -> Array:
    """CIE Lab, float32 (height, width, 3), slightly smoothed."""
    cv2 = opencv()
    return cv2.cvtColor(cv2.bilateralFilter(picture, 5, 25, 3).astype("float32") / 255, cv2.COLOR_RGB2LAB)


def kmeans(picture: Array) -> Array:
    """k-means of colour, k (2 to 6) where one colour more explains less than 4 % of the variance."""
    import numpy as np

    cv2 = opencv()
    lab = _lab(picture)
    points = lab.reshape(-1, 3)
    whole = max(float(((points - points.mean(axis=0)) ** 2).sum()), 1e-6)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    regions, left = np.zeros(len(points), np.int32), 1.0
    for k in range(2, min(6, len(np.unique(points, axis=0))) + 1):
        cv2.setRNGSeed(k)
        spread, found, _ = cv2.kmeans(points, k, None, stop, 2, cv2.KMEANS_PP_CENTERS)
        if left - spread / whole < 0.04:
            break
        regions, left = found.ravel(), spread / whole
    return _calmed(regions.reshape(lab.shape[:2]))


def felzenszwalb(picture: Array) -> Array:
    """Graph cuts by the difference between and within regions (Felzenszwalb and Huttenlocher 2004)."""
    height, width = picture.shape[:2]
    return skimage("segmentation").felzenszwalb(picture, scale=400, sigma=0.8, min_size=max(1, height * width // 150))


def superpixels(picture: Array) -> Array:
    """SLIC superpixels (Achanta 2012), neighbours merged by Ward's criterion (1963) over the adjacency graph."""
    import numpy as np

    lab = _lab(picture)
    cells = skimage("segmentation").slic(picture, n_segments=300, compactness=10, sigma=1, start_label=0)
    count = int(cells.max()) + 1
    sizes = np.bincount(cells.ravel(), minlength=count)
    means = np.stack([np.bincount(cells.ravel(), lab[..., c].ravel(), count) for c in range(3)], 1) / sizes[:, None]
    return _merged(_neighbours(cells), means, sizes)[cells]


def watershed(picture: Array) -> Array:
    """Watershed (Meyer 1992) of the colour gradient, flooded from where it is flat."""
    import numpy as np

    cv2 = opencv()
    lab = cv2.GaussianBlur(_lab(picture), (0, 0), 2.0)
    gradient = np.sqrt((cv2.Sobel(lab, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1) ** 2).sum(2))
    flat = (gradient <= max(float(np.percentile(gradient, 60)), 1e-3)).astype(np.uint8)
    count, seeds, stats, _ = cv2.connectedComponentsWithStats(cv2.erode(flat, np.ones((3, 3), np.uint8)))
    small = stats[:, cv2.CC_STAT_AREA] < max(4, LEAST * gradient.size)
    seeds[np.isin(seeds, np.flatnonzero(small))] = 0
    if count < 2 or not seeds.any():
        return np.zeros(gradient.shape, np.int32)
    return skimage("segmentation").watershed(gradient, seeds)


def _neighbours(cells: Array) -> set[tuple[int, int]]:
    """Pairs (smaller, larger) of cells that touch."""
    import numpy as np

    across = np.stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()], 1)
    down = np.stack([cells[:-1].ravel(), cells[1:].ravel()], 1)
    pairs = np.concatenate([across, down])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return {(int(a), int(b)) for a, b in pairs}


def _merged(pairs: set[tuple[int, int]], means: Array, sizes: Array, most: int = 12, loss: float = 0.01) -> Array:
    """The region of each cell: neighbours whose merging loses least of the variance are merged first, until at most
    `most` are left and each further step would lose `loss` of it.

    At most a few hundred cells, so the cheapest pair is searched anew each time: O(cells x pairs).
    """
    import numpy as np

    owner, sizes = np.arange(len(means)), sizes.astype(np.float64)
    centre = (means * sizes[:, None]).sum(axis=0) / sizes.sum()
    whole = max(float((((means - centre) ** 2).sum(axis=1) * sizes).sum()), 1e-6)
    count = len(means)
    while pairs:
        edges = np.array(sorted(pairs))
        one, other = edges.T
        cost = ((means[one] - means[other]) ** 2).sum(axis=1) * sizes[one] * sizes[other] / (sizes[one] + sizes[other])
        if count <= most and cost.min() >= loss * whole:
            break
        keep, gone = (int(cell) for cell in edges[cost.argmin()])
        share = sizes[gone] / (sizes[keep] + sizes[gone])
        means[keep] = means[keep] * (1 - share) + means[gone] * share
        sizes[keep] += sizes[gone]
        owner[owner == gone] = keep
        count -= 1
        renamed = ((keep if a == gone else a, keep if b == gone else b) for a, b in pairs)
        pairs = {(min(pair), max(pair)) for pair in renamed if pair[0] != pair[1]}
    return owner


def _calmed(regions: Array) -> Array:
    """Without specks: each pixel takes the median of its surroundings."""
    import numpy as np

    return opencv().medianBlur(regions.astype(np.uint8), 9) if min(regions.shape) >= 9 else regions


def explained(picture: Array, regions: Array) -> float:
    """Share of the variance of colour that lies between regions, in [0, 1]; 1 for a picture of one colour."""
    import numpy as np

    points, ids = picture.reshape(-1, 3).astype(np.float64), np.unique(regions, return_inverse=True)[1].ravel()
    whole = ((points - points.mean(axis=0)) ** 2).sum()
    if whole < 1e-9:
        return 1.0
    sizes = np.bincount(ids)
    means = np.stack([np.bincount(ids, points[:, c]) for c in range(3)], 1) / sizes[:, None]
    return float(np.clip(1 - ((points - means[ids]) ** 2).sum() / whole, 0, 1))


def segment(divide: Callable[[Array], Array], args: Args, store: Store) -> Finding:
    import numpy as np

    picture = load(args["image"])
    small, _ = within(picture, SIDE)
    regions = divide(small)
    ids, sizes = np.unique(regions, return_counts=True)
    order = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= LEAST * regions.size]
    masks = [_enlarged(regions == ids[i], picture.shape[:2]) for i in order[:MOST]]
    data = [{"label": f"region-{number}", "score": round(float(mask.mean()), 4),
             "image": save(mask.astype(np.uint8) * 255, store)} for number, mask in enumerate(masks, 1)]
    left = len(ids) - len(masks)
    return Finding(output={"data": data, "image": save(with_masks(picture, masks), store)},
                   confidence=explained(small, regions),
                   note=f"{left} smaller regions are left out." if left else None)


def _enlarged(mask: Array, shape: tuple[int, int]) -> Array:
    """Boolean mask at `shape`, with smooth borders."""
    if mask.shape == shape:
        return mask
    cv2 = opencv()
    return cv2.resize(mask.astype("float32"), shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5


def _engine(name: str, divide: Callable[[Array], Array], prior: float, about: str, modules: tuple[str, ...]) -> Engine:
    return Engine(name, "image-segmentation", name, partial(segment, divide), modules, prior=prior, about=about,
                  licence="BSD-3-Clause" if "skimage" in modules else "Apache-2.0",
                  install="pip install opencv-python-headless scikit-image")


ENGINES: tuple[Engine, ...] = (
    _engine("superpixels", superpixels, 0.75, "SLIC superpixels, like neighbours merged", ("cv2", "skimage")),
    _engine("felzenszwalb", felzenszwalb, 0.7, "Graph-based regions", ("cv2", "skimage")),
    _engine("kmeans", kmeans, 0.65, "k-means of colour", ("cv2",)),
    _engine("watershed", watershed, 0.55, "Watershed of the colour gradient", ("cv2", "skimage")),
)
