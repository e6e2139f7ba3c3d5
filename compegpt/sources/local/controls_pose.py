"""openpose-control: the skeletons of the people in a picture, by ViTPose (arXiv:2204.12484), painted as OpenPose does.

ViTPose poses one person in a box. The boxes come from a detector `beside` it under "detector"; without one the whole
picture is taken for one person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save
from compegpt.schema import Box, Finding
from compegpt.sources.local.controls_drawing import folder_of
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_boxes import detected, load_detector
from compegpt.sources.local.vision_models import (
    Picture,
    answered,
    by_architecture,
    image_processor_of,
    model_of,
    picture,
)

TASK = "openpose-control"
LEAST = 0.3
"""Joints of which the model is less sure are left out."""
MOST = 12
"""People that are posed, the surest first."""
JOINTS = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""OpenPose's 18 joints in COCO's order of 17; the neck (None) lies between COCO's shoulders, 5 and 6."""
LIMBS = ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
         (0, 14), (14, 16), (0, 15), (15, 17))
COLOURS = ((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0),
           (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255),
           (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85))
"""Of the joints, and, three fifths as bright, of the limbs."""

Joint = tuple[float, float] | None
"""x and y in pixels; None where it is not seen."""


@dataclass(frozen=True)
class Poser:
    """What goes before a pose model."""

    image_processor: Any
    detector: Loaded | None


def load_pose(checkpoint: Checkpoint, device: str) -> Loaded:
    beside = checkpoint.beside.get("detector")
    detector = None
    if beside:
        detector = load_detector(Checkpoint(beside, folder_of(beside)), device)
    poser = Poser(image_processor_of(checkpoint), detector)
    return Loaded(model_of("AutoModelForPoseEstimation", checkpoint, device), poser, device, checkpoint)


def paint_pose(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """Raises ExpertError where nobody is seen."""
    image, factor = picture(args["image"])
    boxes = _people(loaded, args["image"], image, factor)
    found = [_scaled(joints, factor) for joints in poses(loaded, image, boxes)]
    shown = [joints for joints in found if any(joints)]
    if not shown:
        raise ExpertError("no person was found in the picture")
    note = None if loaded.processor.detector else "the whole picture was taken for one person"
    return Finding({"image": save(skeletons(shown, load(args["image"]).shape[:2]), store)}, note=note)


def _people(loaded: Loaded, path: str, image: Picture, factor: float) -> list[list[float]]:
    """Left, top, width and height of each person, in pixels of `image`."""
    if loaded.processor.detector is None:
        return [[0.0, 0.0, float(image.width), float(image.height)]]
    people: list[Box] = [box for box in detected(loaded.processor.detector, path) if box["label"] == "person"][:MOST]
    corners = [[value * factor for value in box["box"]] for box in people]
    return [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in corners]


def poses(loaded: Loaded, image: Picture, boxes: Sequence[Sequence[float]]) -> list[list[Joint]]:
    """OpenPose's 18 joints of the person in each box, in pixels of the picture."""
    import torch

    if not boxes:
        return []
    processor = loaded.processor.image_processor
    inputs = dict(processor(image, boxes=[boxes], return_tensors="pt"))
    if getattr(loaded.model.config.backbone_config, "num_experts", 1) > 1:
        inputs["dataset_index"] = torch.zeros(len(boxes), dtype=torch.long)  # COCO, the first it was trained on
    found = processor.post_process_pose_estimation(answered(loaded, inputs), boxes=[boxes])[0]
    return [as_openpose(person["keypoints"].tolist(), person["scores"].tolist()) for person in found]


def as_openpose(points: Sequence[Sequence[float]], scores: Sequence[float]) -> list[Joint]:
    """COCO's 17 joints as OpenPose's 18."""
    seen: list[Joint] = [(x, y) if score >= LEAST else None for (x, y), score in zip(points, scores, strict=True)]
    left, right = seen[5], seen[6]
    neck = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2) if left and right else None
    return [neck if joint is None else seen[joint] for joint in JOINTS]


def _scaled(joints: Sequence[Joint], factor: float) -> list[Joint]:
    return [joint and (joint[0] / factor, joint[1] / factor) for joint in joints]


def skeletons(people: Sequence[Sequence[Joint]], shape: tuple[int, int]) -> Array:
    """RGB uint8 (height, width, 3): coloured limbs and joints on black."""
    import numpy as np

    cv2 = opencv()
    canvas = np.zeros((*shape, 3), np.uint8)
    thick = max(2, round(max(shape) / 128))
    for joints in people:
        for (start, end), colour in zip(LIMBS, COLOURS, strict=False):
            one, other = joints[start], joints[end]
            if one and other:
                cv2.line(canvas, _pixel(one), _pixel(other), [int(0.6 * part) for part in colour], thick)
        for joint, colour in zip(joints, COLOURS, strict=True):
            if joint:
                cv2.circle(canvas, _pixel(joint), thick, colour, -1)
    return canvas


def _pixel(joint: tuple[float, float]) -> tuple[int, int]:
    return round(joint[0]), round(joint[1])


RUNNERS: tuple[Runner, ...] = (
    Runner(TASK, by_architecture(TASK, "VitPoseForPoseEstimation"), load_pose, paint_pose),
)
