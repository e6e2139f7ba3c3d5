from __future__ import annotations

from typing import Any

import pytest

from compegpt.web.shown.outputs import Maker, output
from tests.web.shown.markup import Element, read

SHARP = Maker("image-upscaling", "lanczos")


def drawn(given: dict[str, Any], maker: Maker = SHARP) -> Element:
    return read(output(given, maker, lambda path: f"/file={path}"))  # type: ignore[arg-type]


def test_media_have_a_name_for_those_who_cannot_see_them() -> None:
    page = drawn({"image": "/a/b.png", "audio": "/a/b.wav", "video": "/a/b.mp4"})
    assert page.one("img").attributes["alt"] == "Picture by lanczos, enlarging and sharpening a picture"
    assert page.one("img").attributes["src"] == "/file=/a/b.png"
    assert page.one("audio").attributes["aria-label"] == "Sound by lanczos, enlarging and sharpening a picture"
    assert "controls" in page.one("audio").attributes
    assert "controls" in page.one("video").attributes


def test_a_file_without_an_address_is_named() -> None:
    page = read(output({"image": "/secret/b.png"}, SHARP, lambda path: None))
    assert page.text == "Image b.png cannot be shown here."


@pytest.mark.parametrize(("length", "seen", "folded", "told"), [
    (1_200, 1_200, 0, None), (1_201, 1_200, 1, "… 1 more characters"), (3_000, 1_200, 1_800, "… 1,800 more characters"),
    (90_000, 1_200, 20_000, "… 88,800 more characters")])
def test_a_long_text_is_folded(length: int, seen: int, folded: int, told: str | None) -> None:
    page = drawn({"text": "x" * length})
    blocks = [len(one.text) for one in page.all("div", "cg-text")]
    assert blocks == ([seen, folded] if folded else [seen])
    assert [one.text for one in page.all("summary")] == ([told] if told else [])
    assert ("68,800 more characters are not shown here" in page.text) == (length == 90_000)


def test_labels_are_bars_and_languages_have_names() -> None:
    page = drawn({"labels": [{"label": "de", "score": 0.75}]}, Maker("language-identification", "lingua"))
    assert page.one("span", "cg-label").text == "German (de)"
    assert page.one("span", "cg-value").text == "0.75"
    assert page.one("span", "cg-bar").attributes["style"] == "--v:0.75"


def test_a_long_list_is_folded_and_cut() -> None:
    page = drawn({"labels": [{"label": f"l{one}", "score": 0.0} for one in range(250)]})
    assert len(list(page.all("li"))) == 200
    assert len(list(page.one("details").all("li"))) == 194
    assert "50 more are not shown here" in page.text


@pytest.mark.parametrize(("given", "task", "heads", "cells"), [
    ({"boxes": [{"label": "face", "score": 0.5, "box": [1.0, 2.4, 30.0, 1040.6]}]}, "face-detection",
     ["label", "score", "box (pixels)"], ["face", "0.50", "1, 2 – 30, 1041"]),
    ({"data": [{"label": "speech", "start": 0.25, "end": 1.5, "score": 1.0}]}, "voice-activity-detection",
     ["label", "score", "seconds"], ["speech", "1.00", "0.25–1.50"]),
    ({"data": [{"text": "Anna", "start": 1000, "end": 1004}]}, "keyword-extraction",
     ["text", "characters"], ["Anna", "1000–1004"]),
], ids=["boxes", "seconds", "characters"])
def test_finds_are_a_table_of_what_is_known(given: dict[str, Any], task: str, heads: list[str],
                                            cells: list[str]) -> None:
    page = drawn(given, Maker(task, "x"))
    assert [one.text for one in page.all("th")] == heads
    assert all(one.attributes["scope"] == "col" for one in page.all("th"))
    assert [one.text for one in page.all("td")] == cells


def test_masks_are_pictures_with_their_names() -> None:
    page = drawn({"data": [{"label": "sky", "score": 0.5, "image": "/m.png"}]}, Maker("image-segmentation", "kmeans"))
    assert page.one("img").attributes["alt"] == "Picture by kmeans, sky"
    assert page.one("figcaption").text == "sky 0.50"


@pytest.mark.parametrize(("given", "told"), [
    ({"data": [0.5] * 384}, "384 numbers: 0.500; 0.500; 0.500; 0.500; 0.500; 0.500; …"),
    ({"data": [[0.25, -1.0]]}, "2 numbers: 0.250; -1.000"), ({"scores": [0.875]}, "score0.88"),
    ({"data": {"rows": 3}}, "{'rows': 3}"), ({"data": [{"odd": 1}]}, "[{'odd': 1}]"),
    ({"labels": [{"label": "x", "score": float("nan")}]}, "x–"), ({}, "It gave nothing."),
    ({"text": " "}, "It gave nothing."),
], ids=["vector", "matrix", "similarity", "map", "strange rows", "no number", "nothing", "blank"])
def test_other_outputs(given: dict[str, Any], told: str) -> None:
    assert drawn(given).text == told
