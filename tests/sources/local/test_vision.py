"""Local vision models: each gives what the library's own pipeline gives for the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import vision, vision_boxes, vision_models
from compegpt.sources.local.runner import Checkpoint, Loaded
from tests.sources.local import tiny_vision as tiny

LABELS = ["cat", "red house", "river"]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def run(task: str, checkpoint: Checkpoint, photo: Path, folder: Path, **args: Any) -> tuple[Finding, Loaded]:
    (row,) = [row for row in vision.RUNNERS if row.task == task and row.fits(checkpoint)]
    loaded = row.load(checkpoint, "cpu")
    return row.run(loaded, {"image": str(photo), **args}, Store(folder / "out")), loaded


def library(task: str, checkpoint: Checkpoint) -> Any:
    import transformers

    return transformers.pipeline(task, model=str(checkpoint.folder), device="cpu")


def scores(rows: Any) -> list[float]:
    return [row["score"] for row in rows]


def pixels(path: str) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize(("settings", "total"), [({}, 1.0), ({"problem_type": "multi_label_classification"}, None)],
                         ids=["one class", "several at once"])
def test_a_classifier_names_what_it_sees(settings: dict[str, Any], total: float | None, photo: Path,
                                         tmp_path: Path) -> None:
    checkpoint = tiny.classifier(tmp_path, **settings)
    found, _ = run("image-classification", checkpoint, photo, tmp_path)
    theirs = library("image-classification", checkpoint)(str(photo))
    assert [label["label"] for label in found.output["labels"]] == [label["label"] for label in theirs]
    assert scores(found.output["labels"]) == pytest.approx(scores(theirs), abs=1e-4)
    assert found.confidence == found.output["labels"][0]["score"]
    if total:
        assert sum(label["score"] for label in found.output["labels"]) == pytest.approx(total, abs=1e-3)


@pytest.mark.parametrize("maker", [tiny.clip, tiny.siglip], ids=["clip", "siglip"])
def test_labels_never_seen_in_training_are_ranked(maker: Any, photo: Path, tmp_path: Path) -> None:
    checkpoint = maker(tmp_path)
    found, _ = run("zero-shot-image-classification", checkpoint, photo, tmp_path, labels=[*LABELS, "cat", " "])
    theirs = library("zero-shot-image-classification", checkpoint)(str(photo), candidate_labels=LABELS)
    assert [label["label"] for label in found.output["labels"]] == [row["label"] for row in theirs]
    assert scores(found.output["labels"]) == pytest.approx(scores(theirs), abs=1e-4)


@pytest.mark.parametrize("maker", [tiny.detr, tiny.yolos], ids=["detr", "yolos"])
def test_a_detector_boxes_objects(maker: Any, photo: Path, tmp_path: Path) -> None:
    checkpoint = maker(tmp_path)
    found, _ = run("object-detection", checkpoint, photo, tmp_path)
    theirs = sorted(library("object-detection", checkpoint)(str(photo)), key=lambda row: -row["score"])
    assert len(theirs) >= 2
    assert [box["label"] for box in found.output["boxes"]] == [row["label"] for row in theirs]
    assert scores(found.output["boxes"]) == pytest.approx(scores(theirs), abs=1e-4)
    for box, row in zip(found.output["boxes"], theirs, strict=True):
        inside = np.clip([*row["box"].values()], 0, [80, 60, 80, 60])
        assert box["box"] == pytest.approx(list(inside), abs=1.0)
    assert pixels(found.output["image"]).shape == (60, 80, 3)
    assert found.confidence == pytest.approx(np.mean([box["score"] for box in found.output["boxes"]]))


def test_of_what_a_detector_sees_faces_are_kept(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.yolos(tmp_path)
    faces, _ = run("face-detection", checkpoint, photo, tmp_path)
    objects, _ = run("object-detection", checkpoint, photo, tmp_path)
    human = [box for box in objects.output["boxes"] if box["label"] == "human face"]
    assert 0 < len(human) < len(objects.output["boxes"])
    assert faces.output["boxes"] == [{**box, "label": "face"} for box in human]


def test_no_box_is_a_finding_of_nothing(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_boxes, "LEAST", 1.1)
    found, _ = run("object-detection", tiny.yolos(tmp_path), photo, tmp_path)
    assert (found.output, found.empty, found.confidence) == ({"boxes": []}, True, None)


def test_boxes_are_scaled_back_clipped_and_sorted() -> None:
    import torch

    seen = {"scores": torch.tensor([0.6, 0.9, 0.8]),
            "boxes": torch.tensor([[-5.0, 10, 40, 20], [10, 10, 120, 60], [99, 5, 130, 9]])}
    boxes = vision_boxes.boxes_of(seen, ["a", "b", "outside"], Image.new("RGB", (80, 50)), 0.5)
    assert boxes == [{"label": "b", "score": 0.9, "box": [20.0, 20.0, 160.0, 100.0]},
                     {"label": "a", "score": 0.6, "box": [0.0, 20.0, 80.0, 40.0]}]


def test_a_large_picture_is_shrunk(photo: Path) -> None:
    image, factor = vision_models.picture(str(photo), 40)
    assert (image.size, factor) == ((40, 30), 0.5)


def test_named_things_are_found(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.owlvit(tmp_path)
    found, _ = run("zero-shot-object-detection", checkpoint, photo, tmp_path, labels=LABELS)
    theirs = library("zero-shot-object-detection", checkpoint)(str(photo), candidate_labels=LABELS)
    # the library asks for one label at a time and so may find a place twice
    known = {(row["label"], round(row["score"], 3)) for row in theirs}
    assert found.output["boxes"]
    assert {(box["label"], round(box["score"], 3)) for box in found.output["boxes"]} <= known


def test_phrases_of_grounding_dino_are_traced_to_the_labels(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.grounding_dino(tmp_path)
    found, loaded = run("zero-shot-object-detection", checkpoint, photo, tmp_path, labels=["Red house", "cat"])
    with Image.open(photo) as image:
        inputs = loaded.processor(images=image, text=[["red house", "cat"]], return_tensors="pt")
    theirs = loaded.processor.post_process_grounded_object_detection(
        loaded.model(**inputs), inputs["input_ids"], threshold=0.3, text_threshold=0.3, target_sizes=[(60, 80)])[0]
    assert {box["label"] for box in found.output["boxes"]} <= {"Red house", "cat"}
    assert [box["score"] for box in found.output["boxes"]] == pytest.approx(
        sorted(theirs["scores"].tolist(), reverse=True), abs=1e-4)


@pytest.mark.parametrize("maker", [tiny.segformer, tiny.mask2former], ids=["classes", "segments"])
def test_a_picture_is_divided_into_named_regions(maker: Any, photo: Path, tmp_path: Path) -> None:
    checkpoint = maker(tmp_path)
    found, _ = run("image-segmentation", checkpoint, photo, tmp_path)
    theirs = library("image-segmentation", checkpoint)(str(photo), threshold=0.5)
    theirs = sorted((row for row in theirs if np.asarray(row["mask"]).any()),
                    key=lambda row: -int((np.asarray(row["mask"]) > 0).sum()))
    assert theirs
    assert [region["label"] for region in found.output["data"]] == [row["label"] for row in theirs]
    for region, row in zip(found.output["data"], theirs, strict=True):
        assert (pixels(region["image"]) == np.asarray(row["mask"])).all()
        assert 0 < region["score"] <= 1
    assert pixels(found.output["image"]).shape == (60, 80, 3)


def test_near_is_bright(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.dpt(tmp_path)
    found, _ = run("depth-estimation", checkpoint, photo, tmp_path)
    theirs = np.asarray(library("depth-estimation", checkpoint)(str(photo))["depth"]).astype(int)
    ours = pixels(found.output["image"])
    assert ours.shape == (60, 80)
    assert np.abs(ours - theirs).max() <= 1
    assert "bright is near" in (found.note or "")


@pytest.mark.parametrize("metric", ["glpn", "dpt-nyu"])
def test_distances_are_turned_round(metric: str, photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny.glpn(tmp_path) if metric == "glpn" else tiny.dpt(tmp_path, name="org/dpt-nyu")
    found, _ = run("depth-estimation", checkpoint, photo, tmp_path)
    distance = library("depth-estimation", checkpoint)(str(photo))["predicted_depth"].numpy()
    ours = pixels(found.output["image"])
    assert ours.flat[distance.argmin()] == 255
    assert ours.flat[distance.argmax()] == 0


def test_a_picture_is_enlarged(photo: Path, tmp_path: Path) -> None:
    import torch

    found, loaded = run("image-upscaling", tiny.swin2sr(tmp_path), photo, tmp_path)
    with Image.open(photo) as image, torch.no_grad():
        theirs = loaded.model(**loaded.processor(image, return_tensors="pt")).reconstruction[0].clamp(0, 1)
    wanted = (theirs.permute(1, 2, 0).numpy() * 255).round()[:120, :160]
    assert (pixels(found.output["image"]) == wanted).all()


def test_a_model_without_the_layer_that_answers_is_refused(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ExpertGone, match="no weights for its classifier"):
        run("image-classification", tiny.headless(tmp_path), photo, tmp_path)


def test_parts_are_absent_where_none_of_their_weights_came() -> None:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
            self.register_buffer("places", torch.zeros(2))

    assert vision_models.absent_parts(Model(), {"body.bias", "places"}) == []
    assert vision_models.absent_parts(Model(), {"body.bias", "head.weight", "head.bias"}) == ["head"]


def test_an_accelerators_half_precision_gives_nearly_the_same(photo: Path, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    checkpoint = tiny.clip(tmp_path)
    whole, _ = run("zero-shot-image-classification", checkpoint, photo, tmp_path, labels=LABELS)
    monkeypatch.setattr(vision_models, "number_type", lambda device, config: torch.float16)
    half, loaded = run("zero-shot-image-classification", checkpoint, photo, tmp_path, labels=LABELS)
    assert loaded.model.dtype is torch.float16
    assert scores(half.output["labels"]) == pytest.approx(scores(whole.output["labels"]), abs=5e-3)


def test_pickled_weights_are_not_loaded(photo: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    checkpoint = tiny.classifier(tmp_path)
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(OSError, match="safetensors"):
        run("image-classification", checkpoint, photo, tmp_path)
