"""Pictures, sound and video that models give."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.hub import pictures, recordings
from tests.loopback.canned import bomb, clip, mask, picture, tone

NAN = math.nan


@pytest.fixture
def image(tmp_path: Path) -> str:
    (tmp_path / "p.png").write_bytes(picture())
    return str(tmp_path / "p.png")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def boxed(*corners: Any, score: Any = 0.5, label: str = "cat") -> dict[str, Any]:
    return {"label": label, "score": score, "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))}


@pytest.mark.parametrize(("given", "box"), [
    (boxed(10, 10, 20, 20), [10, 10, 20, 20]), (boxed(-50, -1, 20, 999), [0, 0, 20, 64]),
    (boxed(20, 30, 10, 5), [10, 5, 20, 30]), (boxed(0.25, 0.25, 0.5, 0.5), [24, 16, 48, 32]),
    ({"label": "cat", "score": 0.5, "box": [1, 2, 3, 4]}, [1, 2, 3, 4]), (boxed(0, 0, 1, 1), [0, 0, 1, 1]),
], ids=["as is", "clipped", "turned", "shares", "list", "one pixel"])
def test_boxes_are_pixels_of_the_picture(given: Any, box: list[float], image: str, store: Store) -> None:
    finding = pictures.boxes([given], image, store)
    assert finding.output["boxes"] == [{"label": "cat", "score": 0.5, "box": box}]
    assert np.asarray(Image.open(io.BytesIO(Path(finding.output["image"]).read_bytes()))).shape == (64, 96, 3)


@pytest.mark.parametrize("given", [
    boxed(500, 500, 600, 600), boxed(NAN, 0, 5, 5), boxed(5, 5, 5, 9), boxed(1, 1, 9, 9, score=NAN),
    boxed("a", 0, 5, 5), boxed(None, 0, 5, 5), {"label": "cat", "score": 0.5, "box": None},
], ids=["outside", "nan", "no width", "nan score", "text", "null", "none"])
def test_what_is_no_box_is_left_out(given: Any, image: str, store: Store) -> None:
    assert len(pictures.boxes([given, boxed(1, 1, 9, 9)], image, store).output["boxes"]) == 1
    with pytest.raises(ExpertError):
        pictures.boxes([given], image, store)


def test_ten_thousand_boxes_are_cut_to_the_best(image: str, store: Store) -> None:
    finding = pictures.boxes([boxed(1, 1, 9, 9, score=n / 10_000) for n in range(10_000)], image, store)
    assert len(finding.output["boxes"]) == pictures.MOST_BOXES
    assert finding.output["boxes"][0]["score"] == 0.9999
    assert finding.note == "9,900 further boxes are left out."


def test_no_boxes_are_an_empty_finding(image: str, store: Store) -> None:
    assert pictures.boxes([], image, store).empty


def test_a_finder_of_other_things_says_nothing_about_faces(image: str, store: Store) -> None:
    with pytest.raises(ExpertError, match="does not look for faces"):
        pictures.faces([boxed(1, 1, 9, 9), boxed(1, 1, 9, 9, label="dog")], image, store)
    for label in ("Face", "LABEL_0"):
        finding = pictures.faces([boxed(1, 1, 9, 9, label=label)], image, store)
        assert finding.output["boxes"][0]["label"] == "face"
    assert pictures.faces([], image, store).empty


@pytest.mark.parametrize("size", [(96, 64), (48, 32)], ids=["as large", "smaller"])
def test_masks_become_files_of_the_pictures_size(size: tuple[int, int], image: str, store: Store) -> None:
    finding = pictures.masks([{"label": "left", "score": None, "mask": mask(*size)},
                              {"label": "right", "score": 0.9, "mask": mask(*size, right=True)}], image, store)
    assert [(one["label"], one["score"]) for one in finding.output["data"]] == [("right", 0.9), ("left", 0.5)]
    left = np.asarray(Image.open(io.BytesIO(Path(finding.output["data"][1]["image"]).read_bytes())))
    assert left.shape == (64, 96)
    assert (left[:, :48] == 255).all()
    assert not left[:, 48:].any()


@pytest.mark.parametrize("given", [
    b"", b"{}", b"<html>", picture()[:60], bomb(), base64.b64encode(bomb()).decode(), "not base64!", None, 7,
], ids=["empty", "json", "page", "half", "bomb", "bomb64", "text", "null", "number"])
def test_what_is_no_picture_is_an_error(given: Any, store: Store) -> None:
    with pytest.raises(ExpertError):
        pictures.made(given, store)
    assert store.made == []


@pytest.mark.parametrize("given", [picture(), {"depth": base64.b64encode(picture()).decode()},
                                   {"predicted_depth": [[[0.1, 2.0], [0.4, 9.0]]]}, [{"depth": mask()}]],
                         ids=["picture", "base64", "numbers", "list"])
def test_depth_comes_in_several_forms(given: Any, store: Store) -> None:
    with Image.open(pictures.depth(given, store).output["image"]) as made:
        assert made.format == "PNG"


@pytest.mark.parametrize(("given", "kind", "suffix"), [
    (tone(), "audio", ".wav"), (b"fLaC" + b"\0" * 40, "audio", ".flac"), (b"OggS" + b"\0" * 40, "audio", ".ogg"),
    (b"ID3" + b"\0" * 40, "audio", ".mp3"), (clip(), "video", ".mp4"),
    (b"\x1aE\xdf\xa3" + b"\0" * 40, "video", ".webm"),
], ids=["wav", "flac", "ogg", "mp3", "mp4", "webm"])
def test_files_are_named_by_their_bytes(given: bytes, kind: Any, suffix: str, store: Store) -> None:
    output: dict[str, Any] = {**recordings.kept(given, kind, store).output}
    assert Path(output[kind]).suffix == suffix
    assert Path(output[kind]).read_bytes() == given


def test_of_several_tracks_the_first_is_taken(store: Store) -> None:
    finding = recordings.track([{"blob": tone(), "label": "voice"}, {"blob": tone(), "label": "rest"}], store)
    assert Path(finding.output["audio"]).read_bytes() == tone()
    assert finding.note == "The first of 2 recordings."
