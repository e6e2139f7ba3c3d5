"""barcode-detection: QR, Data Matrix, Aztec, PDF417 and one-dimensional codes, found and read.

OpenCV's two QR detectors differ in how they find a code but share the decoder: one family.
"""

from __future__ import annotations

import ctypes.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array, grey, load, opencv, save, with_boxes, within
from compegpt.schema import Box, Finding
from compegpt.sources.embedded.engine import Args, Engine

SMALL, MIDDLE = 900, 1600
"""Sides in pixels: a picture below the first is enlarged for a second look, one above the other is first shrunk."""
NAMES = {"QRCODE": "QR_CODE", "MICROQRCODE": "MICRO_QR_CODE", "DATAMATRIX": "DATA_MATRIX", "AZTECCODE": "AZTEC",
         "EAN13": "EAN_13", "EAN8": "EAN_8", "UPCA": "UPC_A", "UPCE": "UPC_E", "CODE128": "CODE_128",
         "CODE39": "CODE_39", "CODE93": "CODE_93", "I25": "ITF", "DATABAREXP": "DATABAR_EXPANDED"}
Reader = Callable[[Array], "list[Code]"]


class Code(Box):
    """Label: the symbology, in one spelling for all engines. Score: 1.0, for what was decoded passed its checksum."""

    text: str


def _code(kind: str, content: bytes | str, corners: Any) -> Code:
    """corners: n points (x, y)."""
    import numpy as np

    points = np.asarray(corners, dtype=float).reshape(-1, 2)
    key = "".join(letter for letter in kind.upper() if letter.isalnum())
    box = [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
    return {"label": NAMES.get(key, key), "score": 1.0, "box": box, "text": _text(content)}


def _text(content: bytes | str) -> str:
    """Bytes that are not UTF-8 are read as Latin-1, which QR codes were first made for."""
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def zxing(picture: Array) -> list[Code]:
    """ZXing; turns, shrinks and inverts by itself."""
    import zxingcpp

    found = zxingcpp.read_barcodes(grey(picture), text_mode=zxingcpp.TextMode.Plain)
    return [_code(str(code.format), code.text or code.bytes,
                  [(point.x, point.y) for point in (code.position.top_left, code.position.top_right,
                                                    code.position.bottom_right, code.position.bottom_left)])
            for code in found]


def zbar(picture: Array) -> list[Code]:
    """ZBar scans along lines; it may take Latin-1 for Big5. Raises ExpertError where its library is not installed."""
    try:
        from pyzbar import pyzbar
    except ImportError as error:
        raise ExpertError("The ZBar library is missing; install it (apt-get install libzbar0).") from error
    plane = grey(picture)
    # its PDF417 decoder is unfinished and prints assertions
    kinds = [kind for kind in pyzbar.ZBarSymbol if kind.name not in ("PDF417", "NONE", "PARTIAL")]
    return [_code(code.type, code.data, code.polygon or [code.rect[:2]])
            for code in pyzbar.decode((plane.tobytes(), plane.shape[1], plane.shape[0]), symbols=kinds)]


def _opencv(detector: str, picture: Array) -> list[Code]:
    """OpenCV's QR detector of that name, and its reader of EAN and UPC."""
    cv2 = opencv()
    plane, found = grey(picture), []
    if min(plane.shape) < 20:
        return []
    try:
        ok, contents, corners, _ = getattr(cv2, detector)().detectAndDecodeBytesMulti(plane)
    except cv2.error:  # what it raises on a symbol too damaged to decode ("mode 11"): not read, as by an empty content
        ok, contents, corners = False, (), ()
    if ok:
        found += [_code("QR_CODE", content, four) for content, four in zip(contents, corners, strict=True) if content]
    for view in (plane, cv2.GaussianBlur(plane, (0, 0), 1)):  # sharp bars are lost to it more often than soft ones
        ok, texts, kinds, corners = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(view)
        if ok:
            read = zip(kinds, texts, corners, strict=True)
            return found + [_code(kind, text, four) for kind, text, four in read if text]
    return found


def views(picture: Array) -> Iterator[tuple[Array, float]]:
    """The looks at a picture with their factors of size: of middling size, then whole or enlarged, then inverted."""
    cv2 = opencv()
    first, factor = within(picture, MIDDLE)
    yield first, factor
    if factor < 1:
        yield picture, 1.0
    elif max(picture.shape[:2]) < SMALL:
        yield cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 2.0
    yield 255 - first, factor


def detect(read: Reader, args: Args, store: Store) -> Finding:
    picture = load(args["image"])
    codes = next((_unique(found, factor) for view, factor in views(picture) if (found := read(view))), [])
    if not codes:
        return Finding(output={"boxes": []}, empty=True)
    drawn = save(with_boxes(picture, codes), store)
    return Finding(output={"boxes": [*codes], "text": "\n".join(code["text"] for code in codes), "image": drawn},
                   confidence=1.0)


def _unique(codes: list[Code], factor: float) -> list[Code]:
    """Codes in pixels of the whole picture, in reading order, each once."""
    scaled: dict[tuple[str, str, int, int], Code] = {}
    for code in codes:
        box = [round(value / factor, 1) for value in code["box"]]
        place = (round(box[0] / 20), round(box[1] / 20))
        scaled.setdefault((code["label"], code["text"], *place), {**code, "box": box})
    return sorted(scaled.values(), key=lambda code: (code["box"][1], code["box"][0]))


def _without_zbar(args: Args) -> str | None:
    return None if ctypes.util.find_library("zbar") else "The ZBar library is missing (apt-get install libzbar0)."


ENGINES: tuple[Engine, ...] = (
    Engine("zxing", "barcode-detection", "zxing", partial(detect, zxing), modules=("zxingcpp", "cv2"), prior=0.9,
           licence="Apache-2.0", install="pip install zxing-cpp", about="ZXing: matrix and line codes of all kinds"),
    Engine("zbar", "barcode-detection", "zbar", partial(detect, zbar), modules=("pyzbar", "cv2"), fits=_without_zbar,
           prior=0.6, licence="LGPL-2.1", install="pip install pyzbar; apt-get install libzbar0",
           about="ZBar: QR and line codes"),
    Engine("opencv-aruco", "barcode-detection", "opencv-qr", partial(detect, partial(_opencv, "QRCodeDetectorAruco")),
           modules=("cv2",), prior=0.55, licence="Apache-2.0", install="pip install opencv-python-headless",
           about="OpenCV, finder patterns as ArUco markers: QR, EAN, UPC"),
    Engine("opencv", "barcode-detection", "opencv-qr", partial(detect, partial(_opencv, "QRCodeDetector")),
           modules=("cv2",), prior=0.5, licence="Apache-2.0", install="pip install opencv-python-headless",
           about="OpenCV, finder patterns by line scan: QR, EAN, UPC"),
)
