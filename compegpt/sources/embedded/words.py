"""Words of a text and what is known of them: stop words, a light stem, and BM25 over short passages."""

from __future__ import annotations

import functools
import importlib.util
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_LISTS = {"cs": "cz", "pt": "pt", "nb": "no", "nn": "no"}
_ENDINGS = (("ies", "y", 3), ("sses", "ss", 2), ("ing", "", 4), ("ed", "", 4), ("es", "e", 3), ("s", "", 3))
_GUESSED = "ar bg cs da de el en es et fa fi fr hi hr hu hy id it lt lv nl no pl pt ro ru sk sl sv tr uk"
_K1, _B = 1.2, 0.75


def words(text: str) -> list[str]:
    """Words in lower case; scripts without blanks (Chinese, Japanese, Thai ...) give pairs of characters."""
    found: list[str] = []
    for word in _WORD.findall(text.lower().replace("’", "'")):
        pieces = _UNSPACED.findall(word)
        if not pieces:
            found.append(word)
        for piece in pieces:
            found.extend(piece[i : i + 2] for i in range(max(1, len(piece) - 1)))
    return found


def stem(word: str) -> str:
    """A light stem that lets plural, -ed and -ing forms meet ("cities" and "city", "founded" and "founding")."""
    if word.endswith("'s"):
        word = word[:-2]
    for ending, rest, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: -len(ending)] + rest
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def stems(text: str, language: str = "en") -> list[str]:
    """Stems of the words that are not stop words."""
    skip = stop_words(language)
    return [stem(word) for word in words(text) if word not in skip]


@functools.cache
def stop_words(language: str) -> frozenset[str]:
    """Function words of an ISO 639-1 language, from the lists that yake carries; empty where it has none."""
    spec = importlib.util.find_spec("yake")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the package yake with the stop words is not installed")
    path = Path(spec.origin).parent / "core" / "StopwordsList" / f"stopwords_{_LISTS.get(language, language)}.txt"
    if not path.is_file():
        return frozenset()
    content = path.read_bytes()
    try:
        return frozenset(content.decode("utf-8").lower().split())
    except UnicodeDecodeError:  # the Slovak and the Lithuanian list are in an older encoding
        return frozenset(content.decode("latin-1").lower().split())


def bm25(query: Sequence[str], passages: Sequence[Sequence[str]]) -> list[float]:
    """Score of each passage for the query's terms, at least 0 (Robertson and Zaragoza 2009, idf as in Lucene)."""
    counts = [Counter(passage) for passage in passages]
    average = sum(map(len, passages)) / max(1, len(passages)) or 1.0
    scores = [0.0] * len(passages)
    for term in dict.fromkeys(query):
        holding = [index for index, count in enumerate(counts) if term in count]
        idf = math.log(1 + (len(passages) - len(holding) + 0.5) / (len(holding) + 0.5))
        for index in holding:
            frequency, length = counts[index][term], len(passages[index])
            scores[index] += idf * frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * length / average))
    return scores


@functools.cache
def _listed() -> dict[str, frozenset[str]]:
    return {code: stop_words(code) for code in _GUESSED.split()}


def guessed_language(text: str) -> str:
    """ISO 639-1 code of the language whose function words cover most of the text; "en" where none do.

    Only good for choosing a list of stop words: it needs no model and no time.
    """
    sample = words(text[:8000])
    covered = {code: sum(word in listed for word in sample) for code, listed in _listed().items()}
    best = max(covered, key=lambda code: (covered[code], code == "en"))
    return best if covered[best] else "en"
