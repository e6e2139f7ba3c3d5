"""Dividing a picture into named regions: things and stuff (Mask2Former and its kind), or a class for each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save, with_masks
from compegpt.schema import Finding
from compegpt.sources.local.kinds import made_for
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import (
    Picture,
    answered,
    by_architecture,
    image_processor_of,
    loader,
    named,
    picture,
    processor_of,
)

MOST = 20
"""Regions that are reported, largest first."""
LEAST = 0.002
"""Share of the picture below which a region of a class is left out as a speck."""
LONGEST = 800
"""Pictures are worked at this longer side: a score for each pixel and each of 150 classes takes 300 MB there."""
_SURE = {"threshold": 0.5, "mask_threshold": 0.5, "overlap_mask_area_threshold": 0.5}

Region = tuple[str, float, Array]
"""Label, score in [0, 1], mask (bool, height x width)."""


def regions(loaded: Loaded, image: Picture) -> list[Region]:
    """Largest first, at the picture's size."""
    output, shape = _seen(loaded, image), image.size[::-1]
    found = [*(_of_segments(loaded, output, shape) if "masks_queries_logits" in output or "pred_masks" in output
               else _of_classes(loaded, output, shape))]
    return sorted(found, key=lambda region: -int(region[2].sum()))


def class_map(loaded: Loaded, image: Picture) -> Array:
    """The class of each pixel, int (height, width)."""
    processor = getattr(loaded.processor, "image_processor", loaded.processor)
    found = processor.post_process_semantic_segmentation(_seen(loaded, image), target_sizes=[image.size[::-1]])[0]
    return found.numpy()


def _seen(loaded: Loaded, image: Picture) -> Any:
    told = {"task_inputs": ["panoptic"]} if loaded.model.config.model_type == "oneformer" else {}
    return answered(loaded, loaded.processor(images=image, return_tensors="pt", **told))


def _of_segments(loaded: Loaded, output: Any, shape: tuple[int, int]) -> Iterator[Region]:
    """Of a model that gives a mask for each thing it sees."""
    processor = getattr(loaded.processor, "image_processor", loaded.processor)
    divide = getattr(processor, "post_process_panoptic_segmentation", None)
    divide = divide or processor.post_process_instance_segmentation
    found = divide(output, target_sizes=[shape], **_SURE)[0]
    for segment in found["segments_info"]:
        mask = (found["segmentation"] == segment["id"]).numpy()
        if mask.any():
            yield named(loaded, segment["label_id"]), float(segment["score"]), mask


def _of_classes(loaded: Loaded, output: Any, shape: tuple[int, int]) -> Iterator[Region]:
    """Of a model that gives each pixel a class: its score is its mean probability where it is likeliest."""
    import numpy as np

    classes = loaded.processor.post_process_semantic_segmentation(output, target_sizes=[shape])[0].numpy()
    probability, likeliest = output.logits[0].softmax(0).max(0)
    for index in np.unique(classes):
        mask = classes == index
        if index in named_classes(loaded) and mask.mean() >= LEAST:
            own = probability[likeliest == int(index)]
            yield named(loaded, index), float(own.mean()) if len(own) else 0.0, mask


def named_classes(loaded: Loaded) -> set[int]:
    """Classes but the background, if the model has names for them."""
    return set(loaded.model.config.id2label)


def segment(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, factor = picture(args["image"], LONGEST)
    found = regions(loaded, image)
    if not found:
        return Finding({"data": []}, empty=True, note="no region was sure enough to be named")
    whole, kept = load(args["image"]), found[:MOST]
    masks = [mask if factor == 1 else _enlarged(mask, whole.shape[:2]) for _, _, mask in kept]
    data = [{"label": label, "score": round(score, 4), "image": save(mask.astype("uint8") * 255, store)}
            for (label, score, _), mask in zip(kept, masks, strict=True)]
    left = len(found) - len(kept)
    return Finding({"data": data, "image": save(with_masks(whole, masks), store)},
                   sum(score for _, score, _ in kept) / len(kept),
                   note=f"{left} smaller regions are left out." if left else None)


def _enlarged(mask: Array, shape: tuple[int, int]) -> Array:
    cv2 = opencv()
    return cv2.resize(mask.astype("float32"), shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5


def load_segmenter(checkpoint: Checkpoint, device: str) -> Loaded:
    """By the Auto class of its kind; OneFormer also reads what it is to do."""
    name = checkpoint.architectures[0]
    auto = ("AutoModelForSemanticSegmentation" if name.endswith("ForSemanticSegmentation")
            else "AutoModelForUniversalSegmentation")
    reads = processor_of if name.startswith("OneFormer") else image_processor_of
    return loader(auto, reads)(checkpoint, device)


SEMANTIC = "ForSemanticSegmentation"
RUNNERS: tuple[Runner, ...] = (
    Runner("image-segmentation",
           by_architecture("image-segmentation", SEMANTIC, "ForUniversalSegmentation", "DetrForSegmentation",
                           "MaskFormerForInstanceSegmentation"),
           load_segmenter, segment, made_for("image-segmentation", text=None)),
)
