"""Finding objects and faces with detectors of the DETR kind: DETR, YOLOS, RT-DETR, D-FINE and others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import load, save, with_boxes
from compegpt.schema import Box, Finding
from compegpt.sources.local.kinds import made_for
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import (
    Picture,
    answered,
    built_as,
    loader,
    meant_for,
    named,
    picture,
)

LEAST = 0.5
"""Detections below this score are left out."""
OPEN_VOCABULARY = ("OwlViTForObjectDetection", "Owlv2ForObjectDetection", "GroundingDinoForObjectDetection",
                   "MMGroundingDinoForObjectDetection", "OmDetTurboForObjectDetection")
"""Detectors that look for what they are told."""


def boxes_of(found: Mapping[str, Any], names: Sequence[str], image: Picture, factor: float) -> list[Box]:
    """Boxes in pixels of the whole picture, surest first, from a post-processor's `scores` and `boxes` and their names.

    Clipped to the picture. `image` is what the model saw, `factor` of the picture's size.
    """
    limits = (*image.size, *image.size)
    boxes: list[Box] = []
    for name, score, corners in zip(names, found["scores"].tolist(), found["boxes"].tolist(), strict=True):
        box = [round(min(max(corner, 0.0), limit) / factor, 1) for corner, limit in zip(corners, limits, strict=True)]
        if box[2] > box[0] and box[3] > box[1]:
            boxes.append({"label": name, "score": round(score, 4), "box": box})
    return sorted(boxes, key=lambda box: -box["score"])


def finding(boxes: list[Box], path: str, store: Store) -> Finding:
    """Boxes and the picture with them drawn; the confidence is their mean score."""
    if not boxes:
        return Finding({"boxes": []}, empty=True)
    return Finding({"boxes": boxes, "image": save(with_boxes(load(path), boxes), store)},
                   sum(box["score"] for box in boxes) / len(boxes))


def detected(loaded: Loaded, path: str) -> list[Box]:
    """What a detector sees in a picture, surest first."""
    image, factor = picture(path)
    output = answered(loaded, loaded.processor(images=image, return_tensors="pt"))
    found = loaded.processor.post_process_object_detection(output, LEAST, target_sizes=[image.size[::-1]])[0]
    return boxes_of(found, [named(loaded, label) for label in found["labels"]], image, factor)


def detect(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    return finding(detected(loaded, args["image"]), args["image"], store)


def detect_faces(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    faces = [box for box in detected(loaded, args["image"]) if "face" in box["label"].lower()]
    return finding([{**box, "label": "face"} for box in faces], args["image"], store)


def _closed(checkpoint: Checkpoint) -> bool:
    """Detectors of the classes they were trained on."""
    return built_as(checkpoint, "ForObjectDetection") and not built_as(checkpoint, *OPEN_VOCABULARY)


def _knows_faces(checkpoint: Checkpoint) -> bool:
    names = checkpoint.config.get("id2label") or {}
    return _closed(checkpoint) and any("face" in str(name).lower() for name in names.values())


load_detector = loader("AutoModelForObjectDetection")

RUNNERS: tuple[Runner, ...] = (
    Runner("object-detection", lambda checkpoint: meant_for(checkpoint, "object-detection") and _closed(checkpoint),
           load_detector, detect, made_for("object-detection", text=None)),
    Runner("face-detection", lambda checkpoint: meant_for(checkpoint, "face-detection") and _knows_faces(checkpoint),
           load_detector, detect_faces),
)
