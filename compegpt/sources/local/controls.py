"""Control pictures by vision models: depth, normals and regions; a pose is drawn in `controls_pose`.

Canny and line art need no model (`embedded`). The soft edges of HED, the straight lines of M-LSD and the scribbles that
are made from HED's edges come from networks that transformers does not have, so no local model makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save
from compegpt.schema import Finding
from compegpt.sources.local import controls_drawing, controls_pose
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_depth import depth_picture, load_depth, nearness, sees_depth
from compegpt.sources.local.vision_masks import LONGEST, SEMANTIC, class_map, load_segmenter
from compegpt.sources.local.vision_models import built_as, meant_for, picture

BACKGROUND = 0.4
"""Nearness below which a point has no slope: the annotator that ControlNet's normals came from did so."""
ADE20K = bytes.fromhex(
    "787878b4787806e6e650323204c8037878508c8c8ccc05ffe6e6e604fa07e005ffebff0796053d78784608ff33ff06528fff8cccff04"
    "ff3307cc46030066c83de6faff06330b66ffff0747ff09e00907e6dcdcdcff095c7009ff08ffd607ffe0ffb8060aff47ff290a07ffff"
    "e0ff086608ffff3d06ffc207ff7a0800ff14ff0829ff05990633ffeb0cffa0961400a3ff8c8c8cfa0a0f14ff001fff00ff1f00ffe000"
    "99ff000000ffff470000ebff00adff1f00ff0bc8c8ff520000fff5003dff00ff7000ff85ff0000ffa300ff6600c2ff00008fff33ff00"
    "0052ff00ff2900ffad0a00ffadff0000ff99ff5c00ff00ffff00f5ff0066ffad00ff0014ffb8b8001fff00ff3d0047ffff00cc00ffc2"
    "00ff52000aff0070ff3300ff00c2ff007aff00ffa3ff990000ff0aff70008fff005200ffa3ff00ffeb0008b8aa8500ff00ff5cb800ff"
    "ff001f00b8ff00d6ffff00705cff0000e0ff70e0ff46b8a0a300ff9900ff47ff00ff00a3ffcc00ff008f00ffeb85ff00ff00ebf500ff"
    "ff007afff5000abed4d6ff0000ccff1400ffffff000099ff0029ff00ffcc2900ff29ff00ad00ff00f5ff4700ff7a00ff00ffb8005cff"
    "b8ff000085ffffd60019c2c266ff005c00ff")
"""Colours of the 150 classes of ADE20K, 3 bytes each, as the data set's own tools and ControlNet paint them."""


def paint_depth(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    return Finding({"image": save(depth_picture(loaded, args["image"]), store)}, note="bright is near, dark is far")


def normals(near: Array) -> Array:
    """RGB uint8 of the surface's directions, from the slopes of nearness (float32, height x width, in [0, 1]).

    The steepest hundredth of the slopes is taken for 45 degrees, since nearness has no unit.
    """
    import numpy as np

    cv2 = opencv()
    across, down = cv2.Sobel(near, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(near, cv2.CV_32F, 0, 1, ksize=3)
    across[near < BACKGROUND] = 0
    down[near < BACKGROUND] = 0
    towards = np.full_like(near, max(float(np.percentile(np.hypot(across, down), 99)), 1e-4))
    vectors = np.stack([across, down, towards], axis=2)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return (vectors * 127.5 + 127.5).round().clip(0, 255).astype(np.uint8)


def paint_normals(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, factor = picture(args["image"])
    return Finding({"image": save(_enlarged(normals(nearness(loaded, image)), args["image"], factor, smooth=True),
                                  store)}, note="computed from the slopes of an estimated depth map")


def paint_regions(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    import numpy as np

    image, factor = picture(args["image"], LONGEST)
    colours = np.frombuffer(ADE20K, np.uint8).reshape(-1, 3)
    painted = colours[class_map(loaded, image)]
    return Finding({"image": save(_enlarged(painted, args["image"], factor, smooth=False), store)})


def _enlarged(painted: Array, path: str, factor: float, smooth: bool) -> Array:
    """At the size of the picture, if that was shrunk."""
    if factor == 1:
        return painted
    cv2 = opencv()
    height, width = load(path).shape[:2]
    return cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST)


def _knows_ade20k(checkpoint: Checkpoint) -> bool:
    """Whether its classes are those the colours stand for."""
    names = checkpoint.config.get("id2label") or {}
    return (meant_for(checkpoint, "seg-control") and built_as(checkpoint, SEMANTIC, "ForUniversalSegmentation")
            and len(names) == len(ADE20K) // 3 and str(names.get("0", names.get(0))).startswith("wall"))


RUNNERS: tuple[Runner, ...] = (
    Runner("depth-control", lambda checkpoint: meant_for(checkpoint, "depth-control") and sees_depth(checkpoint),
           load_depth, paint_depth),
    Runner("normal-control", lambda checkpoint: meant_for(checkpoint, "normal-control") and sees_depth(checkpoint),
           load_depth, paint_normals),
    Runner("seg-control", _knows_ade20k, load_segmenter, paint_regions),
    *controls_pose.RUNNERS,
    *controls_drawing.RUNNERS,
)
