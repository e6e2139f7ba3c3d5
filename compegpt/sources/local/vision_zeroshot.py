"""Pictures and labels that a model never saw before: CLIP and SigLIP rank labels, OWL-ViT and Grounding DINO find them.

CLIP: arXiv:2103.00020. SigLIP: 2303.15343. OWL-ViT: 2205.06230. Grounding DINO: 2303.05499.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.vision_boxes import boxes_of, finding
from compegpt.sources.local.vision_models import answered, by_architecture, loader, picture, processor_of

SENTENCE = "This is a photo of {}."
"""How a label is put to a model that was trained on captions; the library's pipeline does so too."""
OWL_LEAST, GROUNDED_LEAST = 0.1, 0.3
"""Detections below these scores are left out: OWL-ViT is modest about what it finds."""


def offered(args: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(label).strip() for label in args["labels"] if str(label).strip()))


def rank(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """Labels by likelihood: shares that add up to 1 (CLIP), or each on its own (SigLIP)."""
    labels, (image, _) = offered(args), picture(args["image"])
    alone = "siglip" in loaded.model.config.model_type
    padding = {"padding": "max_length", "max_length": 64} if alone else {"padding": True}
    inputs = loaded.processor(text=[SENTENCE.format(label) for label in labels], images=image, truncation=True,
                              return_tensors="pt", **padding)
    logits = answered(loaded, inputs).logits_per_image[0]
    scores = (logits.sigmoid() if alone else logits.softmax(-1)).tolist()
    ranked: list[Label] = [{"label": label, "score": round(score, 4)}
                           for label, score in sorted(zip(labels, scores, strict=True), key=lambda pair: -pair[1])]
    return Finding({"labels": ranked}, ranked[0]["score"])


def search(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """What OWL-ViT finds of the labels."""
    labels, (image, factor) = offered(args), picture(args["image"])
    output = answered(loaded, loaded.processor(text=[labels], images=image, truncation=True, return_tensors="pt"))
    found = loaded.processor.post_process_grounded_object_detection(
        output, threshold=OWL_LEAST, target_sizes=[image.size[::-1]], text_labels=[labels])[0]
    return finding(boxes_of(found, found["text_labels"], image, factor), args["image"], store)


def ground(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """What Grounding DINO finds of the labels; it names a find by words of them, and those are traced back."""
    labels, (image, factor) = offered(args), picture(args["image"])
    inputs = loaded.processor(text=[[label.lower() for label in labels]], images=image, return_tensors="pt")
    found = loaded.processor.post_process_grounded_object_detection(
        answered(loaded, inputs), inputs["input_ids"], threshold=GROUNDED_LEAST, text_threshold=GROUNDED_LEAST,
        target_sizes=[image.size[::-1]])[0]
    names = [_traced(phrase, labels) for phrase in found["text_labels"]]
    boxes = [box for box in boxes_of(found, names, image, factor) if box["label"]]
    return finding(boxes, args["image"], store)


def _traced(phrase: str, labels: Sequence[str]) -> str:
    """The label that shares most of its words with a phrase; "" where none shares any."""
    said = _words(phrase)
    shares = {label: len(said & _words(label)) / max(len(_words(label)), 1) for label in labels}
    best = max(labels, key=lambda label: shares[label])
    return best if shares[best] else ""


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


load_searcher = loader("AutoModelForZeroShotObjectDetection", processor_of)

_BOXES = "zero-shot-object-detection"
_LABELS = "zero-shot-image-classification"
RUNNERS: tuple[Runner, ...] = (
    Runner(_LABELS, by_architecture(_LABELS, "CLIPModel", "AltCLIPModel", "ChineseCLIPModel", "SiglipModel",
                                    "Siglip2Model", "AlignModel", "MetaClip2Model"),
           loader("AutoModelForZeroShotImageClassification", processor_of), rank),
    Runner(_BOXES, by_architecture(_BOXES, "OwlViTForObjectDetection", "Owlv2ForObjectDetection"),
           load_searcher, search),
    Runner(_BOXES, by_architecture(_BOXES, "GroundingDinoForObjectDetection", "MMGroundingDinoForObjectDetection"),
           load_searcher, ground),
)
