"""Keywords of a text: YAKE (statistics of each word), RAKE (phrases between stop words), TextRank (a graph of words
that stand together), and phrases nearest in meaning to the whole.

RAKE: Rose et al. 2010; TextRank: Mihalcea and Tarau 2004; by meaning: as in KeyBERT, Grootendorst 2020.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded import meaning
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.words import guessed_language, stem, stop_words, words

_TASK = "keyword-extraction"
_BEST = 10
_LONGEST = 3
_WINDOW = 3
_DAMPING, _ROUNDS = 0.85, 40
_CANDIDATES = 80
_DIVERSITY = 0.35
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_BREAK = re.compile(r"[^\w\s'’\-]|\n\s*\n")

_GAP = r"(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*)"
"""Between the words of one phrase: blanks or a line's end, but no empty line (a heading is no part of what follows)."""

Scored = Iterable[tuple[str, float]]
"""Phrases and their scores, higher is better."""
Score = Callable[[str, frozenset[str], str], tuple[Scored, str | None]]
"""(text, stop words, language) -> scored phrases and a note."""


def _extractor(score: Score) -> Callable[[Args, Store], Finding]:
    def run(args: Args, store: Store) -> Finding:
        text = args["text"]
        language = guessed_language(text)
        scored, note = score(text, stop_words(language), language)
        data = _spans(text, sorted(scored, key=lambda pair: (-pair[1], pair[0])))[: _asked(args)]
        return Finding({"data": data}, empty=not data, note=note)

    return run


def _asked(args: Args) -> int:
    """How many keywords are wanted, at most and by default 10."""
    digits = re.search(r"\d+", str(args.get("count") or ""))
    return min(max(int(digits[0]), 1), _BEST) if digits else _BEST


def _spans(text: str, ranked: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """The best phrases where they first stand in the text, without near duplicates; scores relative to the best."""
    spans: list[dict[str, Any]] = []
    taken: list[frozenset[str]] = []
    for phrase, score in ranked:
        own = frozenset(stem(word) for word in words(phrase))
        place = _place(text, phrase) if own and not any(own <= other or other <= own for other in taken) else None
        if place is None:
            continue
        taken.append(own)
        spans.append({"text": text[place[0] : place[1]], "start": place[0], "end": place[1],
                      "score": round(min(1.0, max(0.0, score / ranked[0][1])), 4) if ranked[0][1] > 0 else 0.0})
        if len(spans) == _BEST:
            break
    return spans


def _place(text: str, phrase: str) -> tuple[int, int] | None:
    pattern = _GAP.join(re.escape(word) for word in phrase.split())
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) or re.search(pattern, text, re.IGNORECASE)
    return match.span() if match else None


def _by_yake(text: str, skip: frozenset[str], language: str) -> tuple[Scored, str | None]:
    import yake

    extractor = yake.KeywordExtractor(lan=language, n=_LONGEST, dedup_lim=0.8, top=3 * _BEST)
    return [(str(phrase), 1 / (1 + 20 * float(score))) for phrase, score in extractor.extract_keywords(text)], None


def _by_rake(text: str, skip: frozenset[str], language: str) -> tuple[Scored, str | None]:
    """Sum over a phrase's words of how many words they stand with, over how often they occur."""
    phrases = Counter(tuple(run) for run in _runs(text, skip) if len(run) <= _LONGEST)
    frequency: Counter[str] = Counter()
    degree: Counter[str] = Counter()
    for phrase, count in phrases.items():
        for word in phrase:
            frequency[word] += count
            degree[word] += count * len(phrase)
    weight = {phrase: sum(degree[word] / frequency[word] for word in phrase) for phrase in phrases}
    return [(" ".join(phrase), weight[phrase] * (1 + phrases[phrase]) ** 0.5) for phrase in phrases], None


def _by_textrank(text: str, skip: frozenset[str], language: str) -> tuple[Scored, str | None]:
    """PageRank of words by what stands within two words of them; phrases are runs of words, scored by their mean."""
    runs = list(_runs(text, skip))
    flow = [word for run in runs for word in run]
    near: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for index, word in enumerate(flow):
        for other in flow[index + 1 : index + _WINDOW]:
            if other != word:
                near[word][other] += 1
                near[other][word] += 1
    rank = dict.fromkeys(near, 1.0)
    total = {word: sum(others.values()) for word, others in near.items()}
    for _ in range(_ROUNDS):
        share = {word: _DAMPING * rank[word] / total[word] for word in near}
        rank = {word: 1 - _DAMPING + sum(share[other] * count for other, count in others.items())
                for word, others in near.items()}
    phrases = {tuple(run) for run in runs if len(run) <= _LONGEST} | {(word,) for word in flow}
    return [(" ".join(phrase), sum(rank.get(word, 0.0) for word in phrase) / len(phrase) ** 0.5)
            for phrase in phrases], None


def _by_meaning(text: str, skip: frozenset[str], language: str) -> tuple[Scored, str | None]:
    """Cosine of a phrase and the whole text, less what resembles phrases that were chosen before."""
    import numpy as np

    counts = Counter(" ".join(run[start : start + length]) for run in _runs(text, skip)
                     for length in range(1, _LONGEST + 1) for start in range(len(run) - length + 1))
    phrases = sorted(counts, key=lambda phrase: (-counts[phrase] * len(phrase.split()), phrase))[:_CANDIDATES]
    if not phrases:
        return (), None
    whole, note = meaning.document_vector(text)
    vectors = meaning.encoded(phrases)
    relevance = vectors @ whole
    chosen: list[int] = []
    while len(chosen) < min(2 * _BEST, len(phrases)):
        repeated = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(phrases))
        score = (1 - _DIVERSITY) * relevance - _DIVERSITY * repeated
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
    best = sorted((float(relevance[index]) for index in chosen), reverse=True)
    return [(phrases[index], score) for index, score in zip(chosen, best, strict=True)], note


def _runs(text: str, skip: frozenset[str]) -> Iterator[list[str]]:
    """Runs of words in lower case, with no stop word, number or punctuation inside."""
    for piece in _BREAK.split(text):
        run: list[str] = []
        for word in _WORD.findall(piece):
            lowered = word.lower().replace("’", "'")
            if lowered in skip or len(lowered) < 2 or lowered[0].isdigit():
                if run:
                    yield run
                run = []
            else:
                run.append(word.lower())
        if run:
            yield run


ENGINES: tuple[Engine, ...] = (
    Engine("minilm", _TASK, "minilm", _extractor(_by_meaning), modules=(*meaning.MODULES, "yake"), prior=0.75,
           licence=meaning.LICENCE, install=meaning.INSTALL, about="Phrases nearest in meaning to the whole text"),
    Engine("yake", _TASK, "yake", _extractor(_by_yake), modules=("yake",), prior=0.75, licence="LGPL-3.0",
           install="pip install yake", about="Phrases by place, case, frequency and neighbours of their words"),
    Engine("textrank", _TASK, "textrank", _extractor(_by_textrank), modules=("yake",), prior=0.65, licence="MIT",
           install="pip install yake", about="Phrases central in the graph of words that stand together"),
    Engine("rake", _TASK, "rake", _extractor(_by_rake), modules=("yake",), prior=0.55, licence="MIT",
           install="pip install yake", about="Phrases between stop words, by the company of their words"),
)
