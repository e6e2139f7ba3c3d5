"""document-question-answering: the text is read off the picture, then the question is answered from it.

Each engine is a pair of an OCR engine and a reader, and a family of its own, for either half can fail by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded import ocr, questions
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.threads import in_thread

PAIRS: dict[tuple[str, str], float] = {
    ("rapidocr", "minilm"): 0.8, ("tesseract", "bm25"): 0.75, ("rapidocr-median", "tfidf"): 0.7,
    ("tesseract-enlarged", "minilm"): 0.65, ("rapidocr", "bm25"): 0.6,
}
"""OCR engine, reader, and the prior; both halves change from one to the next, so that no half outvotes the others."""

_SIGHT = {engine.name: engine for engine in ocr.ENGINES}
_MIND = {engine.name: engine for engine in questions.ENGINES}


def _answering(sight: Engine, reader: str) -> Callable[[Args, Store], Awaitable[Finding]]:
    async def answer(args: Args, store: Store) -> Finding:
        """Confidence: the reader's times the OCR's. Raises ExpertError where the text does not answer the question."""
        page = {key: value for key, value in args.items() if key != "text"}
        if inspect.iscoroutinefunction(sight.run):
            read = await sight.run(page, store)
        else:
            read = await in_thread(sight.run, page, store)
        text = read.output.get("text", "")
        if not text.strip():
            return Finding(output={"text": ""}, empty=True, note=f"{sight.name} found no text in the picture.")
        found, sure = await in_thread(questions.READERS[reader], args["text"], text)
        if not found:
            raise ExpertError(f"The text that {sight.name} read ({len(text)} characters) does not answer the question.")
        return Finding(output={"text": found}, confidence=sure * (read.confidence or 1.0),
                       note=f"{reader} over the text that {sight.name} read.")

    return answer


def _engine(sight: Engine, mind: Engine, prior: float) -> Engine:
    return Engine(
        f"{sight.name}+{mind.name}", "document-question-answering", f"{sight.family}+{mind.family}",
        _answering(sight, mind.name), modules=(*sight.modules, *mind.modules), programs=sight.programs,
        prior=prior, licence=" and ".join(dict.fromkeys((sight.licence, mind.licence))),
        install="; ".join(way for way in (sight.install, mind.install) if way),
        about=f"{sight.about}, then: {mind.about}")


ENGINES: tuple[Engine, ...] = tuple(
    _engine(_SIGHT[sight], _MIND[mind], prior) for (sight, mind), prior in PAIRS.items())
