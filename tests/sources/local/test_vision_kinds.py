"""Which checkpoints do which tasks over pictures, told without loading anything."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.media.artifacts import Store
from compegpt.sources.local import vision
from compegpt.sources.local.runner import Checkpoint
from compegpt.sources.local.source import Local
from tests.fakes import settings
from tests.sources.local import tiny_vision

ZOE = {"depth-estimation"} if importlib.util.find_spec("torchvision") else set()
_FACE = {"id2label": {"0": "Face"}}
_EYE = {"vision_config": {}}
_SEQ = "VisionEncoderDecoderModel"
_CHAT = {"image-to-text", "ocr", "visual-question-answering", "document-question-answering"}


@pytest.mark.parametrize(("architecture", "config", "tasks"), [
    ("ViTForImageClassification", {}, {"image-classification"}),
    ("VideoMAEForVideoClassification", {}, set()),
    ("BertForSequenceClassification", {}, set()),
    ("CLIPModel", {}, {"zero-shot-image-classification"}),
    ("CLIPTextModel", {}, set()),
    ("RTDetrForObjectDetection", {"id2label": {"0": "cup"}}, {"object-detection"}),
    ("YolosForObjectDetection", _FACE, {"object-detection", "face-detection"}),
    ("MMGroundingDinoForObjectDetection", {}, {"zero-shot-object-detection"}),
    ("Owlv2ForObjectDetection", _FACE, {"zero-shot-object-detection"}),
    ("OneFormerForUniversalSegmentation", {}, {"image-segmentation"}),
    ("DepthAnythingForDepthEstimation", {}, {"depth-estimation"}),
    ("ZoeDepthForDepthEstimation", {}, ZOE),
    ("Swin2SRForImageSuperResolution", {}, {"image-upscaling"}),
    (_SEQ, {"encoder": {"model_type": "vit"}, "decoder": {"model_type": "gpt2"}}, {"image-to-text"}),
    (_SEQ, {"encoder": {"model_type": "deit"}, "decoder": {"model_type": "trocr"}}, {"ocr"}),
    (_SEQ, {"encoder": {"model_type": "donut-swin"}, "decoder": {"model_type": "mbart"}}, set()),
    ("BlipForConditionalGeneration", _EYE, {"image-to-text"}),
    ("BlipForQuestionAnswering", _EYE, {"visual-question-answering"}),
    ("ViltForQuestionAnswering", {}, {"visual-question-answering"}),
    ("LayoutLMv3ForQuestionAnswering", {}, {"document-question-answering"}),
    ("Qwen3VLForConditionalGeneration", _EYE, _CHAT),
    ("Florence2ForConditionalGeneration", _EYE, {"image-to-text", "ocr"}),
    ("PaliGemmaForConditionalGeneration", _EYE, {"image-to-text", "ocr", "visual-question-answering"}),
    ("InstructBlipForConditionalGeneration", _EYE, set()),
    ("T5ForConditionalGeneration", {}, set()),
], ids=str)
def test_tasks_of_an_architecture(architecture: str, config: dict[str, Any], tasks: set[str]) -> None:
    checkpoint = Checkpoint("org/model", None, (architecture,), config)
    assert {row.task for row in vision.RUNNERS if row.fits(checkpoint)} == tasks
    told = Checkpoint("org/model", None, (architecture,), config, tasks=("summarization",))
    assert not any(row.fits(told) for row in vision.RUNNERS)


@pytest.mark.parametrize(("name", "architecture", "task"), [
    ("org/nsfw-detector", "ViTForImageClassification", "image-classification"),
    ("org/table-detection", "DetrForObjectDetection", "object-detection"),
    ("org/clothes", "SegformerForSemanticSegmentation", "image-segmentation"),
    ("org/manga-ocr", "VisionEncoderDecoderModel", "image-to-text")], ids=str)
def test_what_is_made_for_something_else_is_refused(name: str, architecture: str, task: str) -> None:
    special, general = (Checkpoint(name, None, (architecture,)) for name in (name, "org/general"))
    (refuses,) = [row.refuses for row in vision.RUNNERS if row.task == task and row.fits(special)]
    assert refuses is not None
    assert "not made for" in (refuses(special, {"image": "a.png"}) or "")
    assert refuses(general, {"image": "a.png"}) is None
    assert refuses(replace(special, tasks=(task,)), {"image": "a.png"}) is None


def test_tasks_of_one_model_share_its_load() -> None:
    loads = {(row.task, row.fits(Checkpoint("a", None, ("Qwen3VLForConditionalGeneration",), _EYE))): row.load
             for row in vision.RUNNERS}
    assert len({loads[task, True] for task in _CHAT}) == 1
    assert loads["object-detection", False] is loads["face-detection", False]


async def test_the_source_offers_and_runs_them(tmp_path: Path) -> None:
    checkpoint = tiny_vision.yolos(tmp_path / "yolos")
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(photo)
    local = Local(settings(tmp_path / "data", device="cpu", hf_home=tmp_path), [checkpoint])
    found = {}
    for task in ("object-detection", "face-detection"):
        (expert,) = (await local.offers(task, {"image": str(photo)})).experts
        found[task] = (await local.run(expert, {"image": str(photo)}, Store(tmp_path / "out"))).output["boxes"]
    assert {box["label"] for box in found["object-detection"]} == {"dog", "human face"}
    assert {box["label"] for box in found["face-detection"]} == {"face"}
    assert (await local.offers("image-classification", {"image": str(photo)})).experts == []
