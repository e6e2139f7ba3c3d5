"""Sentiment of a text: two lexicons with rules of their own, and the meaning of example sentences.

Each sentence is judged by itself; the text's scores are the mean, in which sentences that say something weigh more.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.embedded import meaning
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.sentences import sentences
from compegpt.sources.embedded.words import guessed_language, words

_TASK = "text-classification"
_LABELS = ("positive", "neutral", "negative")
_VADER_NEUTRAL = 0.05
"""Half-way between neutral and not, as its authors advise; TextBlob's scale is wider."""
_TEXTBLOB_NEUTRAL = 0.1
_NEUTRAL_WEIGHT = 0.15
_TEMPERATURE = 0.07
_MOST_SENTENCES = 120
_lock = threading.Lock()

ANCHORS: dict[str, tuple[str, ...]] = {
    "positive": (
        "I love this, it is wonderful.", "What a great and enjoyable experience.", "I am very happy with it.",
        "Excellent quality, highly recommended.", "This made my day, thank you so much!", "It works perfectly.",
        "The staff were friendly and helpful.", "The best film I have seen this year.",
        "Delicious food, we will come back.", "Good news: we won!", "I'm delighted and proud."),
    "negative": (
        "I hate this, it is terrible.", "What an awful and disappointing experience.", "I am very unhappy with it.",
        "Poor quality, do not buy it.", "This ruined my day.", "It broke after one day and does not work.",
        "The staff were rude and unhelpful.", "The worst film I have seen, a waste of time.",
        "The food was cold and disgusting.", "Bad news: we lost.", "I'm angry and I want my money back."),
    "neutral": (
        "The meeting takes place on Tuesday.", "The book has 300 pages.",
        "The train leaves at nine from platform four.", "He lives in a town in the north.",
        "The report describes the method and the data.", "The box contains a cable.",
        "The document was sent to the office.", "Water consists of hydrogen and oxygen.",
        "The shop is on the second floor.", "She bought a ticket and got on the bus."),
}


def _from_polarity(polarity: float, halfway: float) -> list[float]:
    """Scores of positive, neutral, negative for a polarity in [-1, 1]; neutral has half of it at `halfway`."""
    neutral = halfway / (halfway + abs(polarity))
    return [1 - neutral if polarity > 0 else 0.0, neutral, 1 - neutral if polarity < 0 else 0.0]


def _finding(scores: Sequence[Sequence[float]], note: str | None = None) -> Finding:
    weights = [_NEUTRAL_WEIGHT + (1 - row[1]) for row in scores]
    mean = [sum(row[column] * weight for row, weight in zip(scores, weights, strict=True)) / sum(weights)
            for column in range(len(_LABELS))]
    labels: list[Label] = [{"label": label, "score": round(score / sum(mean), 4)}
                           for score, label in sorted(zip(mean, _LABELS, strict=True), key=lambda pair: -pair[0])]
    return Finding({"labels": labels}, labels[0]["score"], note=note)


def _by_lexicon(polarity: Callable[[str], float], halfway: float) -> Callable[[Args, Store], Finding]:
    def run(args: Args, store: Store) -> Finding:
        found = sentences(args["text"])
        if not found:
            return Finding({"labels": []}, empty=True)
        return _finding([_from_polarity(polarity(sentence), halfway) for sentence in found])

    return run


@functools.cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _vader(sentence: str) -> float:
    return float(_analyzer().polarity_scores(sentence)["compound"])


def _textblob(sentence: str) -> float:
    from textblob.en import sentiment

    with _lock:  # it fills its lexicon on the first call, without a lock of its own
        return float(sentiment(sentence)[0])


def _by_meaning(args: Args, store: Store) -> Finding:
    """Softmax of how near each sentence is to the nearest anchors of each label."""
    import numpy as np

    found = sentences(args["text"])
    if not found:
        return Finding({"labels": []}, empty=True)
    chosen = meaning.evenly(len(found), _MOST_SENTENCES)
    note = None if len(chosen) == len(found) else f"judged {len(chosen)} of {len(found)} sentences, evenly spaced"
    vectors = meaning.encoded([found[index] for index in chosen])
    nearest = np.stack([np.sort(vectors @ meaning.encoded(ANCHORS[label]).T, axis=1)[:, -3:].mean(axis=1)
                        for label in _LABELS], axis=1)
    scores = []
    for row in nearest:
        weights = [math.exp(float(value - row.max()) / _TEMPERATURE) for value in row]
        scores.append([weight / sum(weights) for weight in weights])
    return _finding(scores, note)


def _english_only(name: str) -> Callable[[Args], str | None]:
    def fits(args: Args) -> str | None:
        if len(words(args["text"])) < 5 or guessed_language(args["text"]) == "en":
            return None
        return f"{name} knows English words only"

    return fits


_ENGLISH = frozenset({"en"})

ENGINES: tuple[Engine, ...] = (
    Engine("vader", _TASK, "vader", _by_lexicon(_vader, _VADER_NEUTRAL), modules=("vaderSentiment", "yake"), prior=0.8,
           licence="MIT", install="pip install vaderSentiment", languages=_ENGLISH, fits=_english_only("vader"),
           about="Lexicon with rules for negation, emphasis and emoji"),
    Engine("minilm-anchors", _TASK, "minilm", _by_meaning, modules=meaning.MODULES, prior=0.7, licence=meaning.LICENCE,
           install=meaning.INSTALL, about="Nearness in meaning to example sentences"),
    Engine("textblob", _TASK, "textblob", _by_lexicon(_textblob, _TEXTBLOB_NEUTRAL), modules=("textblob", "yake"),
           prior=0.6, licence="MIT", install="pip install textblob", languages=_ENGLISH, fits=_english_only("textblob"),
           about="Lexicon of adjectives from the pattern library"),
)
