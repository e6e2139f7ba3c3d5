"""Reading the text in a picture: PP-OCR in this process, and the system's tesseract, each on several preparations.

Preparations of one engine are siblings: they share weights, so they share a family and a vote. A median filter rescues
salt-and-pepper noise, enlarging small print (`eval competition`). PP-OCR: arXiv:2009.09941. Tesseract's LSTM: Smith,
github.com/tesseract-ocr/tesseract.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import shutil
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import opencv
from compegpt.programs import asked, decoded, run_program
from compegpt.schema import Finding
from compegpt.sources.embedded import ocr_pictures as prepared
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.ocr_lines import Line, in_reading_order, joined
from compegpt.sources.embedded.ocr_pictures import Picture, framed, picture
from compegpt.threads import in_thread

LINE_SHAPE = 3.0
"""A picture at least this many times as wide as high may be a single line of text."""
LEAST_SIDE = 96
"""Pictures are enlarged to this shorter side for the detector. Its default, 736, takes a line of text to 6,000 pixels:
20 times slower, four times the memory, and twice the errors."""


def finding(lines: Sequence[Line]) -> Finding:
    """The text of the lines in order; its confidence is their mean, weighted by length, and its weakest that of all."""
    kept = [line for line in lines if line.text.strip()]
    if not kept:
        return Finding(output={"text": ""}, empty=True)
    weight = [len(line.text) for line in kept]
    confidence = sum(line.score * n for line, n in zip(kept, weight, strict=True)) / sum(weight)
    return Finding(output={"text": "\n".join(line.text.strip() for line in kept)}, confidence=confidence,
                   weakest=min(line.least for line in kept))


# PP-OCR

_reading = threading.Lock()
"""One instance, one reading at a time: its switches stick to the instance, and two runs would double the memory."""


@functools.cache
def _rapidocr() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={
        "Global.log_level": "critical", "Global.max_side_len": 1600,
        "Det.limit_type": "min", "Det.limit_side_len": LEAST_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": False})


def _rapidocr_reads(original: Picture, prepare: Callable[[Picture], Picture]) -> list[Line]:
    """Lines found by the detector; where it finds none in a picture of the shape of a line, that is read as one."""
    with _reading:
        try:
            return _detected(prepare(original))
        finally:
            _trim()


def _detected(image: Picture) -> list[Line]:
    found = _rapidocr()(_bgr(framed(image)), use_det=True, use_cls=True, use_rec=True, text_score=0.3,
                        return_word_box=True, return_single_char_box=True)
    if found.txts:
        return in_reading_order(found.boxes, _lines(found.txts, found.scores, found.word_results))
    if image.shape[1] < LINE_SHAPE * image.shape[0]:
        return []
    whole = _rapidocr()(_bgr(image), use_det=False, use_cls=False, use_rec=True, return_word_box=False)
    return [line for line in _lines(whole.txts or (), whole.scores or (), ()) if line.score >= 0.5]


def _lines(texts: Sequence[str], scores: Sequence[float], letters: Sequence[Any]) -> list[Line]:
    """letters: per line its (letter, score, box), where the library has worked them out."""
    sure = [[each[1] for each in line if each and each[0]] for line in letters if isinstance(line, tuple)]
    known = sure if len(sure) == len(texts) else [[]] * len(texts)
    told = zip(texts, scores, known, strict=True)
    return [Line(text, score, min(each, default=score)) for text, score, each in told]


def _trim() -> None:
    """Hand freed memory back: each thread's heap would keep up to 350 MB of it. Only glibc needs and has this."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _bgr(image: Picture) -> Picture:
    return np.ascontiguousarray(image[:, :, ::-1] if image.ndim == 3 else np.stack([image] * 3, axis=-1))


def _by_rapidocr(prepare: Callable[[Picture], Picture]) -> Callable[[Args, Store], Finding]:
    def read(args: Args, store: Store) -> Finding:
        return finding(_rapidocr_reads(picture(args["image"]), prepare))

    return read


# tesseract

TESSERACT_NAMES = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "nl": "nld", "pl": "pol", "ru": "rus",
    "uk": "ukr", "cs": "ces", "sv": "swe", "da": "dan", "no": "nor", "fi": "fin", "tr": "tur", "el": "ell", "hu": "hun",
    "ro": "ron", "ar": "ara", "he": "heb", "hi": "hin", "ja": "jpn", "ko": "kor", "zh": "chi_sim", "ca": "cat",
    "bg": "bul", "hr": "hrv", "vi": "vie", "th": "tha"}
"""Tesseract's names of languages, by ISO 639-1 code."""
_HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"


@functools.cache
def installed_languages(program: str) -> frozenset[str]:
    """Names of the trained data that tesseract has; empty where it does not say."""
    return frozenset(line.strip() for line in asked([program, "--list-langs"]).splitlines()[1:])


def _trained_data(language: str | None) -> str:
    wanted = TESSERACT_NAMES.get(language or "en", "eng")
    if wanted == "eng":
        return wanted
    return wanted if wanted in installed_languages(shutil.which("tesseract") or "tesseract") else "eng"


def words_of(tsv: str) -> list[Line]:
    """Lines of tesseract's tab-separated output, in its reading order. Raises ExpertError where it is none."""
    rows = tsv.splitlines()
    if not rows or rows[0] != _HEADER:
        raise ExpertError(f"tesseract printed {rows[0][:60]!r}, no table" if rows else "tesseract printed nothing")
    lines: dict[tuple[str, ...], list[Line]] = {}
    for row in rows[1:]:
        cells = row.split("\t", 11)
        try:
            sure = max(0.0, min(1.0, float(cells[10]) / 100))
            word = Line(cells[11].strip(), sure, sure)
        except (IndexError, ValueError) as error:
            raise ExpertError(f"tesseract printed a broken row: {row[:60]!r}") from error
        if cells[0] == "5" and word.text:
            lines.setdefault(tuple(cells[1:5]), []).append(word)
    return [joined(words) for words in lines.values()]


def _encoded(prepare: Callable[[Picture], Picture], path: str) -> tuple[bytes, str]:
    """The prepared picture as PNG, and tesseract's page segmentation mode: 6, one block, for what is no page."""
    cv2 = opencv()

    image = picture(path)
    _, png = cv2.imencode(".png", _bgr(framed(prepare(image))), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return png.tobytes(), "6" if image.shape[1] >= LINE_SHAPE * image.shape[0] else "3"


_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


def _turn() -> asyncio.Semaphore:
    """Two run at a time in one event loop: each takes up to 150 MB for a large photo."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(2))


def _by_tesseract(prepare: Callable[[Picture], Picture]) -> Callable[[Args, Store], Awaitable[Finding]]:
    async def read(args: Args, store: Store) -> Finding:
        data = await in_thread(_trained_data, args.get("language"))
        async with _turn():
            png, mode = await in_thread(_encoded, prepare, args["image"])
            command = ["tesseract", "stdin", "stdout", "-l", data, "--psm", mode, "--dpi", "150", "tsv"]
            out = await run_program(command, stdin=png)
        return finding(words_of(decoded(out, "tesseract")))

    return read


def _ppocr(name: str, prepare: Callable[[Picture], Picture], prior: float, about: str) -> Engine:
    return Engine(name, "ocr", "ppocr", _by_rapidocr(prepare), modules=("rapidocr", "onnxruntime", "cv2"), prior=prior,
                  licence="Apache-2.0", install="pip install rapidocr onnxruntime", about=f"PP-OCR, {about}")


def _tesseract(name: str, prepare: Callable[[Picture], Picture], prior: float, about: str) -> Engine:
    return Engine(name, "ocr", "tesseract", _by_tesseract(prepare), modules=("cv2",), programs=("tesseract",),
                  prior=prior, licence="Apache-2.0", install="apt-get install tesseract-ocr",
                  about=f"Tesseract, {about}")


ENGINES: tuple[Engine, ...] = (
    _ppocr("rapidocr", prepared.as_is, 0.9, "the picture as it is"),
    _ppocr("rapidocr-cleaned", prepared.cleaned, 0.75, "median-filtered and enlarged"),
    _ppocr("rapidocr-even", prepared.even, 0.7, "lighting and contrast evened out"),
    _ppocr("rapidocr-sharp", prepared.sharp, 0.65, "sharpened"),
    _ppocr("rapidocr-smooth", prepared.smooth, 0.6, "smoothed and stretched to full contrast"),
    _ppocr("rapidocr-median", prepared.median, 0.55, "median-filtered"),
    _tesseract("tesseract", prepared.as_is, 0.8, "the picture as it is"),
    _tesseract("tesseract-otsu", prepared.otsu, 0.5, "evened out, black and white"),
    _tesseract("tesseract-denoised", prepared.denoised, 0.45, "median-filtered, enlarged and smoothed"),
    _tesseract("tesseract-stretched", prepared.stretched, 0.4, "smoothed, stretched and enlarged"),
    _tesseract("tesseract-enlarged", prepared.enlarged, 0.35, "enlarged"),
)
"""Priors: the order in which experts joined the best teams on the development pictures, both families first."""
