"""Every task that transformers' vision models do here."""

from __future__ import annotations

from compegpt.sources.local import (
    vision_boxes,
    vision_chat,
    vision_depth,
    vision_documents,
    vision_labels,
    vision_masks,
    vision_prompted,
    vision_upscaling,
    vision_words,
    vision_zeroshot,
)
from compegpt.sources.local.runner import Runner

RUNNERS: tuple[Runner, ...] = (
    *vision_labels.RUNNERS, *vision_zeroshot.RUNNERS, *vision_boxes.RUNNERS, *vision_masks.RUNNERS,
    *vision_words.RUNNERS, *vision_prompted.RUNNERS, *vision_chat.RUNNERS, *vision_documents.RUNNERS,
    *vision_depth.RUNNERS, *vision_upscaling.RUNNERS,
)
