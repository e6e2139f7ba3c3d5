"""Answering a question about a document: LayoutLM on the words that tesseract reads, or Donut, which reads by itself.

LayoutLM (arXiv:1912.13318) and its like take words and where they stand; they were trained on tesseract's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partialmethod
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.programs import asked
from compegpt.schema import Finding
from compegpt.sources.local.loading import library, processor
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import (
    Picture,
    built_as,
    by_architecture,
    image_processor_of,
    meant_for,
    model_of,
    picture,
)
from compegpt.sources.local.vision_words import part

TASK = "document-question-answering"
SECONDS = 60.0
"""Longest that tesseract may read."""
LEAST = 20.0
"""Words of which tesseract is less sure, in per cent, are specks and lines."""
_V3 = "LayoutLMv3ForQuestionAnswering"
Word = tuple[str, list[int]]
"""A word and its box, x0, y0, x1, y1 in thousandths of the page."""


def words_of(tsv: str, size: tuple[int, int]) -> list[Word]:
    """The words in tesseract's tab-separated output on a page of this width and height."""
    words: list[Word] = []
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t", 11)
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip() and float(cells[10]) >= LEAST:
            left, top, width, height = (int(cell) for cell in cells[6:10])
            corners = zip((left, top, left + width, top + height), (*size, *size), strict=True)
            words.append((cells[11].strip(), [min(1000, 1000 * at // side) for at, side in corners]))
    return words


def _words(image: Picture, store: Store) -> list[Word]:
    program = shutil.which("tesseract")
    if program is None:
        raise ExpertError("This model needs the words of the document; install tesseract (apt install tesseract-ocr).")
    page = store.new(".png")
    image.save(page, compress_level=1)
    try:
        words = words_of(asked([program, str(page), "stdout", "tsv"], SECONDS), image.size)
    finally:
        page.unlink()
    if not words:
        raise ExpertError("tesseract read no words in the document")
    return words


def _pipeline(checkpoint: Checkpoint, auto: str, device: str, image_processor: Any = None) -> Loaded:
    kind = library().pipelines.DocumentQuestionAnsweringPipeline
    if built_as(checkpoint, _V3):
        kind = type(kind.__name__, (kind,), {"_forward": partialmethod(_with_picture, kind._forward)})
    model = model_of(auto, checkpoint, device)
    return Loaded(kind(model=model, tokenizer=processor(checkpoint), image_processor=image_processor, device=device),
                  None, device, checkpoint)


def _with_picture(self: Any, forward: Callable[..., Any], inputs: Any, **settings: Any) -> Any:
    """LayoutLMv3's picture under the name its model knows it by, and the words' part of what comes out."""
    words = len(inputs["word_ids"])
    inputs["pixel_values"] = inputs.pop("image")
    output = forward(self, inputs, **settings)
    return {name: value[:, :words] if name.endswith("_logits") else value for name, value in output.items()}


def load_layout(checkpoint: Checkpoint, device: str) -> Loaded:
    processor = None
    if built_as(checkpoint, _V3):
        processor = image_processor_of(checkpoint)
        processor.apply_ocr = False  # by pytesseract, which need not be there
    return _pipeline(checkpoint, "AutoModelForDocumentQuestionAnswering", device, processor)


def load_donut(checkpoint: Checkpoint, device: str) -> Loaded:
    return _pipeline(checkpoint, "AutoModelForImageTextToText", device, image_processor_of(checkpoint))


def ask(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """The words of the document between the likeliest start and end; the confidence is the product of the two."""
    image, _ = picture(args["image"])
    found = loaded.model(image=image, question=args["text"], word_boxes=_words(image, store))
    if not found:
        return Finding({"text": ""}, empty=True)
    return Finding({"text": found[0]["answer"]}, float(found[0]["score"]))


def ask_donut(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, _ = picture(args["image"])
    text = (loaded.model(image=image, question=args["text"])[0]["answer"] or "").strip()
    return Finding({"text": text}, empty=not text)


def _donut(checkpoint: Checkpoint) -> bool:
    """Donut reads many things; which, only its name and card say."""
    told = TASK in checkpoint.tasks or TASK in checkpoint.tags or "docvqa" in checkpoint.name.lower()
    return (told and meant_for(checkpoint, TASK) and built_as(checkpoint, "VisionEncoderDecoderModel")
            and part(checkpoint, "encoder") == "donut-swin")


RUNNERS: tuple[Runner, ...] = (
    Runner(TASK, by_architecture(TASK, "LayoutLMForQuestionAnswering", _V3), load_layout, ask),
    Runner(TASK, _donut, load_donut, ask_donut),
)
