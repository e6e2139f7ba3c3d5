from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.codes import ENGINES, zxing
from compegpt.sources.embedded.engine import Engine

View = Callable[[np.ndarray], np.ndarray]
CONTENT = "Meet at 9, gate B. Café: 5"


def usable(engine: Engine) -> bool:
    return not engine.missing() and (engine.fits is None or engine.fits({}) is None)


each = pytest.mark.parametrize("engine", [
    pytest.param(engine, id=engine.name, marks=pytest.mark.skipif(not usable(engine), reason=f"needs {engine.install}"))
    for engine in ENGINES])


def code(content: str | bytes, kind: zxingcpp.BarcodeFormat, pixels: int = 6) -> np.ndarray:
    """The code on a white sheet, pixels per module."""
    drawn = np.asarray(zxingcpp.create_barcode(content, kind).to_image(scale=pixels))
    return np.pad(drawn, 40, constant_values=255)


def run(engine: Engine, array: np.ndarray, folder: Path) -> Finding:
    Image.fromarray(array).save(folder / "code.png")
    return engine.run({"image": str(folder / "code.png")}, Store(folder / "out"))


def turned(array: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Image.fromarray(array).rotate(degrees, expand=True, fillcolor=255))


@each
@pytest.mark.parametrize("view", [
    lambda array: array, lambda array: turned(array, 12), lambda array: turned(array, 180), lambda array: 255 - array,
    lambda array: np.pad(array, 900, constant_values=255),
], ids=["plain", "tilted", "upside-down", "inverted", "far-away"])
def test_a_qr_code_is_read_in_any_view(engine: Engine, view: View, tmp_path: Path) -> None:
    finding = run(engine, view(code(CONTENT, zxingcpp.BarcodeFormat.QRCode)), tmp_path)
    assert finding.output["text"] == CONTENT
    assert [(box["label"], box["text"]) for box in finding.output["boxes"]] == [("QR_CODE", CONTENT)]


@each
def test_the_box_lies_on_the_code(engine: Engine, tmp_path: Path) -> None:
    sheet = np.full((700, 900), 255, np.uint8)
    drawn = code(CONTENT, zxingcpp.BarcodeFormat.QRCode)
    sheet[300 : 300 + len(drawn), 500 : 500 + len(drawn)] = drawn
    dark = np.argwhere(sheet < 128)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0)
    box = run(engine, sheet, tmp_path).output["boxes"][0]["box"]
    assert box == pytest.approx([x0, y0, x1, y1], abs=12)


@each
def test_an_ean_is_read(engine: Engine, tmp_path: Path) -> None:
    finding = run(engine, code("4006381333931", zxingcpp.BarcodeFormat.EAN13, 4), tmp_path)
    assert finding.output["boxes"][0]["label"] == "EAN_13"
    assert finding.output["text"] == "4006381333931"


@each
def test_bytes_that_are_no_text_do_not_break_it(engine: Engine, tmp_path: Path) -> None:
    finding = run(engine, code(b"\xff\xfe\x80 caf\xe9 \x00\x81", zxingcpp.BarcodeFormat.QRCode), tmp_path)
    assert finding.output["text"].encode("utf-8")


@each
@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (300, 300)], ids=["pixel", "row", "blank"])
def test_no_code_is_empty(engine: Engine, shape: tuple[int, int], tmp_path: Path) -> None:
    finding = run(engine, np.full(shape, 200, np.uint8), tmp_path)
    assert finding.empty
    assert finding.output == {"boxes": []}


@each
def test_the_sample_is_read(engine: Engine, examples: Path, tmp_path: Path) -> None:
    finding = engine.run({"image": str(examples / "code.png")}, Store(tmp_path))
    assert finding.output["text"].startswith("Trail 7, Alder Ridge")
    with Image.open(finding.output["image"]) as drawn, Image.open(examples / "code.png") as given:
        assert drawn.size == given.size


def test_zxing_reads_all_scripts(tmp_path: Path) -> None:
    finding = run(ENGINES[0], code("日本語, Größe, 5 €", zxingcpp.BarcodeFormat.QRCode), tmp_path)
    assert finding.output["text"] == "日本語, Größe, 5 €"


def test_several_codes_come_in_reading_order() -> None:
    one, two = (cv2.resize(code(text, zxingcpp.BarcodeFormat.QRCode), (300, 300)) for text in ("first", "second"))
    assert {found["text"] for found in zxing(np.dstack([np.hstack([one, two])] * 3))} == {"first", "second"}


def test_a_qr_code_that_opencv_chokes_on_does_not_hide_the_ean_beside_it(tmp_path: Path,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    class Choking:
        def detectAndDecodeBytesMulti(self, plane: np.ndarray) -> None:
            raise cv2.error("(-213) mode 11 in function 'decodeSymbols'")

    monkeypatch.setattr(cv2, "QRCodeDetector", Choking)
    engine = next(engine for engine in ENGINES if engine.name == "opencv")
    finding = run(engine, code("4006381333931", zxingcpp.BarcodeFormat.EAN13, 4), tmp_path)
    assert finding.output["text"] == "4006381333931"
