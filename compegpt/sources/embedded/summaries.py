"""Summaries made of a text's own sentences: five ways to say which sentences carry it.

LexRank (Erkan and Radev 2004), TextRank (Mihalcea and Tarau 2004), latent semantic analysis (Steinberger and Jezek
2004), Luhn (1958), and the centroid of sentence vectors with maximal marginal relevance (Carbonell and Goldstein 1998).
They work on sparse matrices, so that a text of 200,000 characters takes a second and not minutes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded import meaning
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.sentences import sentences
from compegpt.sources.embedded.words import guessed_language, stems, stop_words, words

_TASK = "summarization"
_DEFAULT = 3
_NUMBERS = {word: number for number, word in enumerate(
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1)}
_MOST = 2500
_MOST_ENCODED = 160
_DAMPING, _ROUNDS = 0.85, 60
_LEXRANK_THRESHOLD = 0.1
_TOPICS = 3
_GAP = 4
_RELEVANCE = 0.7

Choose = Callable[[Sequence[str], str, int], list[int]]
"""(sentences, language, count) -> indices of the sentences that make the summary."""


def asked_count(args: Args) -> int:
    """How many sentences the summary should have: a number or an English number word; 3 where nothing is said."""
    asked = str(args.get("sentences") or "").lower()
    digits = re.search(r"\d+", asked)
    word = next((number for name, number in _NUMBERS.items() if re.search(rf"\b{name}\b", asked)), _DEFAULT)
    return max(1, int(digits[0])) if digits else word


def _summarizer(choose: Choose, most: int = _MOST) -> Callable[[Args, Store], Finding]:
    def run(args: Args, store: Store) -> Finding:
        count, found = asked_count(args), sentences(args["text"])
        if len(found) <= count:
            own = f"the text has {len(found)} sentence{'' if len(found) == 1 else 's'}, so it is its own summary"
            return Finding({"text": args["text"].strip()}, empty=not found, note=own if found else None)
        listed = _worth(found, count)
        chosen = meaning.evenly(len(listed), max(most, count))
        note = None if len(chosen) == len(listed) else f"chose among {len(chosen)} of its {len(found)} sentences"
        listed = [listed[index] for index in chosen]
        kept = sorted(choose(listed, guessed_language(args["text"]), count)[:count])
        return Finding({"text": " ".join(listed[index] for index in kept)}, note=note)

    return run


def _worth(found: list[str], count: int) -> list[str]:
    """The sentences without repetitions, and without headings and the like where enough others are left."""
    once = list(dict.fromkeys(found))
    whole = [text for text in once if text[-1] in ".!?。！？।؟\"”»)" or len(text.split()) > 12]
    return next(listed for listed in (whole, once, found) if len(listed) >= count)


def _by_lexrank(listed: Sequence[str], language: str, count: int) -> list[int]:
    """Centrality in the graph of sentences whose TF-IDF cosine is above a threshold."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = _matrix(TfidfVectorizer, listed, language)
    if vectors is None:
        return list(range(count))
    cosine = (vectors @ vectors.T).tocsr()
    cosine.data[cosine.data < _LEXRANK_THRESHOLD] = 0
    cosine.eliminate_zeros()
    cosine.data[:] = 1
    return _central(cosine)


def _by_textrank(listed: Sequence[str], language: str, count: int) -> list[int]:
    """Centrality in the graph weighted by shared words over the logarithms of the lengths."""
    import numpy as np
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import CountVectorizer

    counts = _matrix(CountVectorizer, listed, language)
    if counts is None:
        return list(range(count))
    shared = (counts @ counts.T).tocoo()
    lengths = np.log(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0))
    norm = lengths[shared.row] + lengths[shared.col]
    weights = shared.copy()
    weights.data = np.where(norm > 0, shared.data / np.maximum(norm, 1e-9), shared.data).astype(float)
    weights = weights.tocsr()
    return _central(weights - diags_array(weights.diagonal()))


def _by_lsa(listed: Sequence[str], language: str, count: int) -> list[int]:
    """Length of each sentence's vector in the space of the text's main topics, weighted by their strength."""
    import numpy as np
    from scipy.sparse.linalg import svds
    from sklearn.feature_extraction.text import CountVectorizer

    counts = _matrix(CountVectorizer, listed, language)
    if counts is None:
        return list(range(count))
    topics = min(max(_TOPICS, count), 20)
    if min(counts.shape) > topics + 1:
        _, sigma, topic_sentence = svds(counts.T.astype(float), k=topics, v0=np.ones(min(counts.shape)))
    else:
        _, sigma, topic_sentence = np.linalg.svd(counts.T.toarray().astype(float), full_matrices=False)
    return _best(np.sqrt(((sigma[:, None] * topic_sentence) ** 2).sum(axis=0)))


def _by_luhn(listed: Sequence[str], language: str, count: int) -> list[int]:
    """Density of the densest run of significant words, those that the text repeats."""
    skip = stop_words(language)
    stemmed = [stems(text, language) for text in listed]
    frequency = Counter(word for sentence in stemmed for word in sentence)
    kept = [[word not in skip for word in words(text)] for text in listed]
    scores = []
    for flags, sentence in zip(kept, stemmed, strict=True):
        rest = iter(sentence)
        scores.append(_densest([flag and frequency[next(rest)] > 1 for flag in flags]))
    return _best(scores)


def _densest(significant: Sequence[bool]) -> float:
    """Highest (significant words)^2 / length of a run with gaps of at most four words between them."""
    best, run = 0.0, list[int]()
    for place in [index for index, flag in enumerate(significant) if flag]:
        run = [*run, place] if run and place - run[-1] <= _GAP else [place]
        best = max(best, len(run) ** 2 / (run[-1] - run[0] + 1) if len(run) > 1 else 0.0)
    return best


def _by_centroid(listed: Sequence[str], language: str, count: int) -> list[int]:
    """Nearest to the mean of all sentence vectors, and not too near to what was chosen before."""
    import numpy as np

    vectors = meaning.encoded(listed)
    relevance = vectors @ vectors.mean(axis=0)
    chosen: list[int] = []
    for _ in range(count):
        repeated = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(listed))
        score = _RELEVANCE * relevance - (1 - _RELEVANCE) * repeated
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
    return chosen


def _matrix(vectorizer: Any, listed: Sequence[str], language: str) -> Any:
    """Sentences x stems, sparse; None where the text has nothing but stop words."""
    stemmed = [stems(text, language) for text in listed]
    return vectorizer(analyzer=lambda row: row).fit_transform(stemmed) if any(stemmed) else None


def _central(weights: Any) -> list[int]:
    """Indices by PageRank over the rows of a sparse, symmetric weight matrix, best first."""
    import numpy as np

    size = weights.shape[0]
    out = np.asarray(weights.sum(axis=1)).ravel()
    rank = np.full(size, 1 / size)
    for _ in range(_ROUNDS):
        share = np.where(out > 0, rank / np.where(out > 0, out, 1), 0.0)
        lost = float(rank[out <= 0].sum())
        rank = (1 - _DAMPING) / size + _DAMPING * (weights.T @ share + lost / size)
    return _best(rank)


def _best(scores: Any) -> list[int]:
    """Indices by score, best first, the earlier one of equals first."""
    return sorted(range(len(scores)), key=lambda index: (-round(float(scores[index]), 12), index))


ENGINES: tuple[Engine, ...] = (
    Engine("minilm-centroid", _TASK, "minilm", _summarizer(_by_centroid, _MOST_ENCODED), prior=0.8,
           modules=(*meaning.MODULES, "yake"), licence=meaning.LICENCE, install=meaning.INSTALL,
           about="Sentences nearest to the meaning of the whole, without repetition"),
    Engine("lexrank", _TASK, "sentence-graph", _summarizer(_by_lexrank), modules=("sklearn", "yake"), prior=0.75,
           licence="MIT", install="pip install scikit-learn yake", about="Sentences that many others resemble"),
    Engine("lsa", _TASK, "lsa", _summarizer(_by_lsa), modules=("sklearn", "scipy", "yake"), prior=0.65, licence="MIT",
           install="pip install scikit-learn yake", about="Sentences that hold the main topics"),
    Engine("textrank", _TASK, "sentence-graph", _summarizer(_by_textrank), prior=0.6, licence="MIT",
           modules=("sklearn", "scipy", "yake"), install="pip install scikit-learn yake",
           about="Sentences that share words with many others"),
    Engine("luhn", _TASK, "luhn", _summarizer(_by_luhn), modules=("yake",), prior=0.55, licence="MIT",
           install="pip install yake", about="Sentences dense in the words the text repeats"),
)
