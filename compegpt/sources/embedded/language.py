"""The language a text is written in: three identifiers with models of their own.

py3langid: naive Bayes over byte n-grams; langdetect: naive Bayes over character n-grams of Wikipedia; lingua: n-gram
models and rules about alphabets, in its low-accuracy mode (the full one takes more than a gigabyte).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.embedded.engine import Args, Engine

_TASK = "language-identification"
_BEST = 5
_CODES = {"iw": "he", "in": "id", "jw": "jv", "nb": "no", "cmn": "zh", "yue": "zh", "wuu": "zh", "arz": "ar",
          "ary": "ar", "uzs": "uz", "gug": "gn"}
"""Codes that identifiers use, and the ISO 639-1 code meant; other codes of three letters have none."""

_loading = {name: threading.Lock() for name in ("py3langid", "langdetect", "lingua")}
"""Each model is loaded once, and the three side by side."""


def _finding(scored: Iterable[tuple[str, float]]) -> Finding:
    """Best languages first, one entry for each ISO 639-1 code."""
    total: dict[str, float] = {}
    for code, score in scored:
        iso = _CODES.get(code.lower(), code.lower().split("-")[0])
        if len(iso) == 2:
            total[iso] = total.get(iso, 0.0) + float(score)
    labels: list[Label] = [{"label": code, "score": round(min(1.0, score), 6)}
                           for code, score in sorted(total.items(), key=lambda item: -item[1])[:_BEST] if score > 1e-6]
    return Finding({"labels": labels}, labels[0]["score"] if labels else None, empty=not labels)


def _identifier(scores: Callable[[str], Iterable[tuple[str, float]]]) -> Callable[[Args, Store], Finding]:
    def run(args: Args, store: Store) -> Finding:
        text = args["text"]
        return _finding(scores(text) if any(character.isalpha() for character in text) else ())

    return run


@functools.cache
def _py3langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _by_py3langid(text: str) -> Iterable[tuple[str, float]]:
    with _loading["py3langid"]:
        identifier = _py3langid()
    ranked = [(str(code), float(score)) for code, score in identifier.rank(text)]
    return () if ranked[0][0] == "zxx" else ranked


def _by_langdetect(text: str) -> Iterable[tuple[str, float]]:
    from langdetect import DetectorFactory, LangDetectException, detect_langs, detector_factory

    with _loading["langdetect"]:
        DetectorFactory.seed = 0  # it samples n-grams: the same text must give the same answer
        detector_factory.init_factory()
    try:
        return [(found.lang, found.prob) for found in detect_langs(text)]
    except LangDetectException:  # no n-gram that it knows, a script it was not trained on
        return ()


def identified(text: str) -> str | None:
    """The ISO 639-1 code of a text's language by py3langid; None where the text has no language."""
    labels = _finding(_by_py3langid(text)).output["labels"]
    return labels[0]["label"] if labels else None


@functools.cache
def _lingua() -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()


def _by_lingua(text: str) -> Iterable[tuple[str, float]]:
    with _loading["lingua"]:
        detector = _lingua()
    return [(found.language.iso_code_639_1.name, found.value)
            for found in detector.compute_language_confidence_values(text)]


ENGINES: tuple[Engine, ...] = (
    Engine("lingua", _TASK, "lingua", _identifier(_by_lingua), modules=("lingua",), prior=0.75, licence="Apache-2.0",
           install="pip install lingua-language-detector", about="n-gram models and alphabet rules, 75 languages"),
    Engine("py3langid", _TASK, "py3langid", _identifier(_by_py3langid), modules=("py3langid",), prior=0.7,
           licence="BSD-3-Clause", install="pip install py3langid", about="Naive Bayes over byte n-grams"),
    Engine("langdetect", _TASK, "langdetect", _identifier(_by_langdetect), modules=("langdetect",), prior=0.65,
           licence="Apache-2.0", install="pip install langdetect",
           about="Naive Bayes over character n-grams of Wikipedia, 55 languages"),
)
