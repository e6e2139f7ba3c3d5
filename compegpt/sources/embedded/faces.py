"""face-detection: boosted cascades (Viola and Jones 2001) over sliding windows.

The search is the same for all, the trained weights are not, and an error lies in the weights. So families follow the
training: `haar-default` (discrete AdaBoost, 24 x 24), `haar-alt` and `haar-alt2` (gentle AdaBoost on the same 20 x 20
faces by the same author, stumps and trees: one family), `lbp` (local binary patterns instead of Haar features, other
faces). Measured on 100 faces and 100 other patches of Labeled Faces in the Wild: all find 94 to 98 faces and take no
other patch for one; on pictures without faces `haar-alt` stays clean, `haar-default` and `lbp` see one now and then.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array, grey, load, opencv, save, skimage, with_boxes, within
from compegpt.schema import Box, Finding
from compegpt.sources.embedded.engine import Args, Engine

SIDE = 1280
"""Longest side that is searched, in pixels; a face must be 24 pixels wide there."""
SMALL = 400
"""A picture with a shorter longest side is enlarged first."""


@dataclass(frozen=True)
class Cascade:
    name: str
    family: str
    file: str
    half: float
    """Weight of the last stage at which the score is one half, from the weights of known faces."""
    spread: float
    """Weight that takes the score from .5 to .73."""
    least: float
    """Weight below which a hit is dropped."""
    prior: float


CASCADES = (
    Cascade("haar-alt", "haar-alt", "haarcascade_frontalface_alt.xml", 107.7, 0.6, 0.0, 0.9),
    Cascade("haar-default", "haar-default", "haarcascade_frontalface_default.xml", 4.0, 2.0, 1.0, 0.7),
    Cascade("lbp", "lbp", "lbpcascade_frontalface_opencv.xml", 2.0, 0.8, 1.5, 0.65),
    Cascade("haar-alt2", "haar-alt", "haarcascade_frontalface_alt2.xml", 55.9, 0.4, 0.0, 0.6),
)


@functools.cache
def _weights(file: str) -> str:
    """The cascade as XML. scikit-image's carries a misspelt tag that keeps OpenCV from reading it."""
    if file.startswith("haar"):
        return Path(opencv().data.haarcascades, file).read_text(encoding="utf-8")
    path = Path(skimage("data").lbp_frontal_face_cascade_filename())
    return path.read_text(encoding="utf-8").replace("featuhreParams", "featureParams")


def _classifier(file: str) -> Any:
    """A classifier of its own for each call: one must not search two pictures at once. Raises ExpertError."""
    cv2 = opencv()
    xml = cv2.FileStorage(_weights(file), cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    classifier = cv2.CascadeClassifier()
    if not classifier.read(xml.getFirstTopLevelNode()):
        raise ExpertError(f"OpenCV cannot read the cascade {file}; install opencv-python-headless below version 5.")
    return classifier


def faces(cascade: Cascade, picture: Array) -> list[Box]:
    """Faces in an RGB picture, surest first."""
    import numpy as np

    small, factor = within(picture, SIDE)
    if max(small.shape[:2]) < SMALL:
        small, factor = opencv().resize(small, None, fx=2, fy=2, interpolation=opencv().INTER_CUBIC), 2.0
    if min(small.shape[:2]) < 24:
        return []
    plane = opencv().equalizeHist(grey(small))
    found, _, weights = _classifier(cascade.file).detectMultiScale3(plane, 1.1, 5, 0, (24, 24), outputRejectLevels=True)
    boxes: list[Box] = []
    for (x, y, width, height), weight in zip(found, np.ravel(weights), strict=True):
        if weight >= cascade.least:
            corners = [float(value) / factor for value in (x, y, x + width, y + height)]
            score = 1 / (1 + np.exp((cascade.half - float(weight)) / cascade.spread))
            box = [round(value, 1) for value in corners]
            boxes.append({"label": "face", "score": round(float(score), 4), "box": box})
    return sorted(boxes, key=lambda box: -box["score"])


def detect(cascade: Cascade, args: Args, store: Store) -> Finding:
    picture = load(args["image"])
    boxes = faces(cascade, picture)
    if not boxes:
        return Finding(output={"boxes": []}, empty=True)
    drawn = save(with_boxes(picture, boxes), store)
    return Finding(output={"boxes": boxes, "image": drawn}, confidence=sum(box["score"] for box in boxes) / len(boxes))


ENGINES: tuple[Engine, ...] = tuple(
    Engine(row.name, "face-detection", row.family, partial(detect, row), modules=("cv2", "skimage"), prior=row.prior,
           licence="BSD-3-Clause" if row.name == "lbp" else "Intel-OSL",
           about=f"Boosted cascade {row.file[:-4]}, frontal faces",
           install="pip install 'opencv-python-headless<5' scikit-image")
    for row in CASCADES
)
