"""Telling what a picture shows, by the classes a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.local.kinds import made_for
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.vision_models import answered, by_architecture, loader, named, picture

MOST = 5
"""Labels that are reported."""


def probabilities(loaded: Loaded, logits: Any) -> Any:
    """Scores in [0, 1] of logits, shape (classes,): each on its own where the classes do not exclude each other."""
    config = loaded.model.config
    several = config.problem_type == "multi_label_classification" or config.num_labels == 1
    return logits.sigmoid() if several else logits.softmax(-1)


def best_labels(loaded: Loaded, logits: Any) -> Finding:
    """The MOST likely labels, best first; the confidence is the best one's score."""
    scores = probabilities(loaded, logits)
    top, order = scores.topk(min(MOST, len(scores)))
    labels: list[Label] = [{"label": named(loaded, index), "score": round(score, 4)}
                           for score, index in zip(top.tolist(), order.tolist(), strict=True)]
    return Finding({"labels": labels}, labels[0]["score"])


def classify(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, _ = picture(args["image"])
    output = answered(loaded, loaded.processor(images=image, return_tensors="pt"))
    return best_labels(loaded, output.logits[0])


RUNNERS: tuple[Runner, ...] = (
    Runner("image-classification", by_architecture("image-classification", "ForImageClassification"),
           loader("AutoModelForImageClassification"), classify, made_for("image-classification", text=None)),
)
