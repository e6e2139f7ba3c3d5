from __future__ import annotations

import inspect
import math
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded import ocr, ocr_pictures
from compegpt.sources.embedded.engine import Engine

ENGINES = {engine.name: engine for engine in ocr.ENGINES}
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
each_engine = pytest.mark.parametrize("engine", [
    pytest.param(engine, id=engine.name, marks=[needs_tesseract] if engine.programs else []) for engine in ocr.ENGINES])


def drawn(path: Path, text: str, size: tuple[int, int] = (420, 70), ink: Any = "black", paper: Any = "white",
          height: int = 28, corner: tuple[int, int] = (16, 16)) -> Path:
    image = Image.new("RGB", size, paper)
    ImageDraw.Draw(image).multiline_text(corner, text, fill=ink, font=ImageFont.load_default(height))
    image.save(path)
    return path


async def read(engine: Engine, path: Path, **args: Any) -> Finding:
    finding = engine.run({"image": str(path), **args}, Store(path.parent / "made"))
    return await finding if inspect.isawaitable(finding) else finding


@each_engine
@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("white", "black"), ("#204060", "#f0e0c0")])
async def test_a_line_is_read(engine: Engine, ink: str, paper: str, tmp_path: Path) -> None:
    finding = await read(engine, drawn(tmp_path / "line.png", "Invoice 4711 paid", ink=ink, paper=paper))
    assert finding.output["text"].lower().replace(" ", "") == "invoice4711paid"
    assert finding.confidence is not None
    assert 0.8 < finding.confidence <= 1
    assert not finding.empty


@each_engine
async def test_a_blank_page_is_empty_and_no_error(engine: Engine, tmp_path: Path) -> None:
    finding = await read(engine, drawn(tmp_path / "blank.png", ""))
    assert finding == Finding(output={"text": ""}, empty=True)


@each_engine
async def test_lines_come_top_to_bottom(engine: Engine, tmp_path: Path) -> None:
    page = drawn(tmp_path / "page.png", "First line\nSecond line\nThird line", (500, 240), height=36)
    finding = await read(engine, page)
    assert finding.output["text"].splitlines() == ["First line", "Second line", "Third line"]


@pytest.mark.parametrize("name", ["rapidocr", pytest.param("tesseract-enlarged", marks=needs_tesseract)])
async def test_tiny_print_is_read(name: str, tmp_path: Path) -> None:
    tiny = drawn(tmp_path / "tiny.png", "The quick brown fox", (150, 18), height=11, corner=(4, 2))
    assert (await read(ENGINES[name], tiny)).output["text"] == "The quick brown fox"


@pytest.mark.parametrize("name", ["rapidocr", pytest.param("tesseract", marks=needs_tesseract)])
async def test_a_photo_of_12_megapixels_is_read(name: str, tmp_path: Path) -> None:
    photo = drawn(tmp_path / "photo.jpg", "EXIT 42", (4000, 3000), "white", "#807060", height=300, corner=(800, 900))
    assert (await read(ENGINES[name], photo)).output["text"] == "EXIT 42"


@each_engine
async def test_a_picture_of_one_pixel_is_no_error(engine: Engine, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), "white").save(tmp_path / "dot.png")
    assert (await read(engine, tmp_path / "dot.png")).empty


def test_an_engine_does_not_change_the_picture_its_siblings_read(tmp_path: Path) -> None:
    pixels = ocr_pictures.picture(str(drawn(tmp_path / "line.png", "shared")))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


@pytest.mark.parametrize("prepare", [ocr_pictures.as_is, ocr_pictures.median, ocr_pictures.smooth, ocr_pictures.even,
                                     ocr_pictures.sharp, ocr_pictures.cleaned, ocr_pictures.enlarged,
                                     ocr_pictures.denoised, ocr_pictures.stretched, ocr_pictures.otsu])
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (1800, 40, 3), (1200, 1600, 3)])
def test_a_preparation_takes_any_shape_and_stays_within_bounds(prepare: Any, shape: tuple[int, ...]) -> None:
    result = prepare(np.full(shape, 200, np.uint8))
    assert result.dtype == np.uint8
    assert max(result.shape) <= ocr_pictures.MAX_SIDE


def square(x: float, y: float, side: float = 10) -> list[list[float]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def turned(x: float, y: float, angle: float = math.radians(15)) -> list[list[float]]:
    """A box of 100 x 20 on a page that is turned."""
    corners = ((x, y), (x + 100, y), (x + 100, y + 20), (x, y + 20))
    return [[a * math.cos(angle) - b * math.sin(angle), a * math.sin(angle) + b * math.cos(angle)] for a, b in corners]


@pytest.mark.parametrize(("boxes", "texts", "expected"), [
    ([square(0, 30), square(0, 0)], ["below", "above"], ["above", "below"]),
    ([square(50, 2), square(0, 0)], ["right", "left"], ["left right"]),
    ([square(50, 31), square(0, 30), square(30, 0)], ["d", "c", "a"], ["a", "c d"]),
    ([turned(0, 0), turned(200, 0), turned(0, 30), turned(200, 30)], ["a", "b", "c", "d"], ["a b", "c d"]),
], ids=["rows", "one row", "both", "a page that is turned by 15 degrees"])
def test_reading_order(boxes: list[Any], texts: list[str], expected: Sequence[str]) -> None:
    lines = ocr.in_reading_order(boxes, [ocr.Line(text, 0.9, 0.8) for text in texts])
    assert [line.text for line in lines] == expected


def test_confidence_is_weighted_by_length_and_the_weakest_part_is_kept() -> None:
    finding = ocr.finding([ocr.Line("x", 0.0, 0.0), ocr.Line("nine char", 1.0, 0.7)])
    assert finding.confidence == pytest.approx(0.9)
    assert finding.weakest == 0.0


@pytest.mark.parametrize("printed", ["", "Segmentation fault", "level\tpage_num\n", f"{ocr._HEADER}\n5\t1\tbroken"])
def test_what_is_no_table_is_an_error_and_not_an_empty_page(printed: str) -> None:
    with pytest.raises(ExpertError, match="tesseract"):
        ocr.words_of(printed)


@pytest.mark.parametrize("script", ["exit 3", "echo rubbish", "printf '\\377\\376'", "true"])
async def test_a_broken_tesseract_is_an_error(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ExpertError, match="tesseract"):
        await read(ENGINES["tesseract"], drawn(tmp_path / "line.png", "hello"))


@pytest.mark.parametrize(("language", "installed", "expected"), [
    (None, {"eng"}, "eng"), ("de", {"eng", "deu"}, "deu"), ("de", {"eng"}, "eng"), ("xx", {"eng"}, "eng")])
def test_a_language_is_used_where_its_data_is_there(language: str | None, installed: set[str], expected: str,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed_languages", lambda program: frozenset(installed))
    assert ocr._trained_data(language) == expected


def test_the_three_most_promising_are_of_both_families() -> None:
    first = sorted(ocr.ENGINES, key=lambda engine: -engine.prior)[:3]
    assert {engine.family for engine in first} == {"ppocr", "tesseract"}
