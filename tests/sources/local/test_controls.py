"""Control pictures: depth, normals, regions, poses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import controls, controls_pose, vision
from compegpt.sources.local.runner import Checkpoint, Runner
from tests.sources.local import tiny, tiny_vision


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def runner(task: str, checkpoint: Checkpoint) -> Runner:
    (only,) = [row for row in controls.RUNNERS if row.task == task and row.fits(checkpoint)]
    return only


def run(task: str, checkpoint: Checkpoint, folder: Path, **args: Any) -> Finding:
    row = runner(task, checkpoint)
    return row.run(row.load(checkpoint, "cpu"), args, Store(folder / "out"))


def pixels(finding: Finding) -> Any:
    with Image.open(finding.output["image"]) as image:
        return np.asarray(image)


def test_the_depth_control_is_the_depth_picture(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny_vision.dpt(tmp_path)
    (estimator,) = [row for row in vision.RUNNERS if row.fits(checkpoint)]
    loaded = estimator.load(checkpoint, "cpu")
    depth = estimator.run(loaded, {"image": str(photo)}, Store(tmp_path / "out"))
    assert (pixels(run("depth-control", checkpoint, tmp_path, image=str(photo))) == pixels(depth)).all()


def test_a_plane_faces_the_viewer_and_a_slope_is_turned() -> None:
    near = np.full((20, 40), 0.6, np.float32)
    near[:, 20:] += np.linspace(0, 0.4, 20, dtype=np.float32)
    drawn = controls.normals(near)
    assert drawn.shape == (20, 40, 3)
    assert drawn[10, 5].tolist() == [128, 128, 255]
    assert drawn[10, 30, 0] > 200
    assert abs(int(drawn[10, 30, 1]) - 128) <= 1


def test_the_background_has_no_slope() -> None:
    near = np.linspace(0, 0.39, 40, dtype=np.float32)[None].repeat(10, 0)
    assert (controls.normals(near) == [128, 128, 255]).all()


def test_normals_are_made_from_a_depth_model(photo: Path, tmp_path: Path) -> None:
    found = run("normal-control", tiny_vision.dpt(tmp_path), tmp_path, image=str(photo))
    length = np.linalg.norm(pixels(found) / 127.5 - 1, axis=2)
    assert pixels(found).shape == (60, 80, 3)
    assert np.abs(length - 1).max() < 0.02
    assert "depth map" in (found.note or "")


def test_regions_are_painted_in_the_colours_of_their_classes(photo: Path, tmp_path: Path) -> None:
    checkpoint = tiny_vision.segformer(tmp_path, ("wall", *(f"class {at}" for at in range(1, 150))))
    import transformers

    theirs = transformers.pipeline("image-segmentation", model=str(tmp_path), device="cpu")(str(photo))
    drawn = pixels(run("seg-control", checkpoint, tmp_path, image=str(photo)))
    assert len(theirs) > 1
    for region in theirs:
        index = checkpoint.config["label2id"][region["label"]]
        colour = list(controls.ADE20K[3 * index : 3 * index + 3])
        assert (drawn[np.asarray(region["mask"]) > 0] == colour).all()


def test_the_colours_are_those_of_ade20k() -> None:
    colours = [tuple(controls.ADE20K[at : at + 3]) for at in range(0, len(controls.ADE20K), 3)]
    assert len(colours) == 150
    wall, sky, person, flag = ((120, 120, 120), (6, 230, 230), (150, 5, 61), (92, 0, 255))
    assert (colours[0], colours[2], colours[12], colours[149]) == (wall, sky, person, flag)


def test_other_classes_have_no_such_colours(tmp_path: Path) -> None:
    config = {"id2label": {str(at): f"thing {at}" for at in range(150)}}
    assert not [row for row in controls.RUNNERS
                if row.fits(Checkpoint("a", None, ("SegformerForSemanticSegmentation",), config))]


def test_a_person_is_drawn_as_openpose_does(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls_pose, "LEAST", -1.0)
    checkpoint = tiny_vision.vitpose(tmp_path)
    found = run("openpose-control", checkpoint, tmp_path, image=str(photo))
    drawn = pixels(found)
    assert drawn.shape == (60, 80, 3)
    assert (drawn == 0).all(axis=2).any()
    assert {tuple(pixel) for pixel in drawn.reshape(-1, 3)} & set(controls_pose.COLOURS)
    assert found.note == "the whole picture was taken for one person"


def test_poses_are_the_librarys(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(controls_pose, "LEAST", -1.0)
    loaded = runner("openpose-control", tiny_vision.vitpose(tmp_path)).load(tiny.described(tmp_path), "cpu")
    boxes = [[0.0, 0.0, 40.0, 60.0], [40.0, 0.0, 40.0, 60.0]]
    processor = loaded.processor.image_processor
    with Image.open(photo) as image, torch.no_grad():
        picture = image.convert("RGB")
        output = loaded.model(**processor(picture, boxes=[boxes], return_tensors="pt"))
    theirs = processor.post_process_pose_estimation(output, boxes=[boxes])[0]
    for ours, person in zip(controls_pose.poses(loaded, picture, boxes), theirs, strict=True):
        assert ours[0] == pytest.approx(person["keypoints"][0].tolist())
        assert ours[1] == pytest.approx(((person["keypoints"][5] + person["keypoints"][6]) / 2).tolist())
        assert ours[4] == pytest.approx(person["keypoints"][10].tolist())


@pytest.mark.parametrize(("label", "people"), [("person", 2), ("dog", 0)], ids=["people", "nobody"])
def test_people_are_found_by_the_detector_beside(label: str, people: int, photo: Path, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_vision.detr(tmp_path / "detector")
    checkpoint = replace(tiny_vision.vitpose(tmp_path / "pose"), beside={"detector": str(tmp_path / "detector")})
    monkeypatch.setattr(controls_pose, "LEAST", -1.0)
    monkeypatch.setattr(controls_pose, "detected", lambda loaded, path: [
        {"label": label, "score": 0.9, "box": [0.0, 0.0, 40.0, 60.0]},
        {"label": label, "score": 0.8, "box": [40.0, 0.0, 80.0, 60.0]}])
    drawn: list[int] = []

    def skeletons(shown: Any, shape: Any) -> Any:
        drawn.append(len(shown))
        return np.zeros((2, 2, 3), np.uint8)

    monkeypatch.setattr(controls_pose, "skeletons", skeletons)
    if people:
        assert run("openpose-control", checkpoint, tmp_path, image=str(photo)).note is None
        assert drawn == [people]
    else:
        with pytest.raises(ExpertError, match="no person"):
            run("openpose-control", checkpoint, tmp_path, image=str(photo))


def test_joints_that_are_not_seen_are_left_out() -> None:
    points = [[float(at), 0.0] for at in range(17)]
    joints = controls_pose.as_openpose(points, [0.9] * 6 + [0.1] + [0.9] * 10)
    assert joints[0] == (0.0, 0.0)
    assert joints[1] is joints[2] is None  # neither the right shoulder nor the neck between the two
    assert joints[5] == (5.0, 0.0)
