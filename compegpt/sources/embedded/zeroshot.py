"""A text sorted into labels that come with the request: by meaning, or by words of the text that look like a label.

The two that look at words abstain where no word of the text speaks for any label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.embedded import meaning
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.sentences import sentences
from compegpt.sources.embedded.words import bm25, guessed_language, stem, stems, words

_TASK = "zero-shot-classification"
_TEMPLATES = ("This text is about {}.", "{}")
_TEMPERATURE = 0.06
_ALIKE = 0.35


def _by_meaning(args: Args, store: Store) -> Finding:
    """Softmax of the cosine between the text and sentences that name the label; of a long text its parts vote."""
    labels = _labels(args)
    parts, note = meaning.part_vectors(args["text"])
    hypotheses = meaning.encoded([form.format(label) for label in labels for form in _TEMPLATES])
    cosine = (parts @ hypotheses.T).mean(axis=0).reshape(len(labels), len(_TEMPLATES)).mean(axis=1)
    weights = [math.exp(float(value - cosine.max()) / _TEMPERATURE) for value in cosine]
    return _finding(labels, weights, note)


def _by_bm25(args: Args, store: Store) -> Finding:
    """BM25 of each label's words over the sentences of the text."""
    labels = _labels(args)
    language = guessed_language(args["text"])
    passages = [stems(sentence, language) for sentence in sentences(args["text"])]
    return _finding(labels, [sum(bm25([stem(word) for word in words(label)], passages)) for label in labels])


def _by_pieces(args: Args, store: Store) -> Finding:
    """Character TF-IDF: how nearly the words of a label occur among the words of the text ("sport" in "sporting")."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    labels = _labels(args)
    known = sorted(set(stems(args["text"], guessed_language(args["text"]))))
    if not known:
        return _finding(labels, [0.0] * len(labels))
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    text = vectorizer.fit_transform(known)
    scores = []
    for label in labels:
        cosine = (text @ vectorizer.transform([stem(word) for word in words(label)] or [label]).T).toarray()
        best = cosine.max(axis=0)
        scores.append(float(best.mean()) ** 2 if best.max() >= _ALIKE else 0.0)
    return _finding(labels, scores)


def _labels(args: Args) -> list[str]:
    return list(dict.fromkeys(str(label).strip() for label in args["labels"] if str(label).strip()))


def _finding(labels: Sequence[str], weights: Sequence[float], note: str | None = None) -> Finding:
    """Shares of the weights, best first; empty where there is no weight at all."""
    total = sum(weights)
    if not total:
        return Finding({"labels": []}, empty=True, note="no word of the text speaks for any of the labels")
    ranked: list[Label] = [{"label": label, "score": round(weight / total, 4)}
                           for label, weight in sorted(zip(labels, weights, strict=True), key=lambda pair: -pair[1])]
    return Finding({"labels": ranked}, ranked[0]["score"], note=note)


ENGINES: tuple[Engine, ...] = (
    Engine("minilm", _TASK, "minilm", _by_meaning, modules=meaning.MODULES, prior=0.85, licence=meaning.LICENCE,
           install=meaning.INSTALL, about="Label nearest in meaning to the text"),
    Engine("tfidf", _TASK, "tfidf", _by_pieces, modules=("sklearn", "yake"), prior=0.45, licence="BSD-3-Clause",
           install="pip install scikit-learn yake", about="Label that looks like words of the text"),
    Engine("bm25", _TASK, "bm25", _by_bm25, modules=("yake",), prior=0.4, licence="MIT", install="pip install yake",
           about="Label whose words stand in the text"),
)
