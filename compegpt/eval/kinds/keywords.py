"""The articles that are summarized, with the words and phrases a reader would file them under."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import articles, seeded
from compegpt.schema import Output

COUNT = 8
"""Keywords asked for, and counted."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """Each article without one sentence that is drawn (never the first)."""
    random = seeded("keyword-extraction", part)
    for kind, listed in articles(part).items():
        for number, article in enumerate(listed):
            sentences = re.split(r"(?<=[.!?]) (?=[A-Z“])", article["text"].strip())
            del sentences[int(random.integers(1, len(sentences)))]
            text = " ".join(sentences)
            yield Case(f"{kind}-{number:02}", kind, {"text": text, "count": str(COUNT)},
                       _standing(article["keywords"].split(";"), text))


def _standing(keywords: Sequence[str], text: str) -> list[str]:
    """Those of whose words one still stands in the text."""
    present = _words(text)
    return [keyword.strip() for keyword in keywords if _words(keyword) & present]


def soft_f1(output: Output, truth: Sequence[str]) -> float:
    """F1 over the first COUNT keywords; each counts as far as its words are those of its best counterpart."""
    given = _given(output)
    if not given:
        return 0.0
    wanted = [_words(keyword) for keyword in truth]
    precision = sum(max(_overlap(one, other) for other in wanted) for one in given) / len(given)
    recall = sum(max(_overlap(one, other) for other in given) for one in wanted) / len(wanted)
    return 2 * precision * recall / (precision + recall) if precision else 0.0


def exact_f1(output: Output, truth: Sequence[str]) -> float:
    """F1 over the first COUNT keywords, of which only the same words count."""
    given, wanted = set(_given(output)), {_words(keyword) for keyword in truth}
    return 2 * len(given & wanted) / (len(given) + len(wanted))


def _given(output: Output) -> list[frozenset[str]]:
    phrases = [_words(str(span.get("text", ""))) for span in (output.get("data") or [])[:COUNT]]
    return [phrase for phrase in phrases if phrase]


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Dice coefficient of two sets of words."""
    return 2 * len(one & other) / (len(one) + len(other))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))


KIND = Kind("keyword-extraction", cases, {"F1 with partial credit": soft_f1, "exact F1": exact_f1},
            "articles of seven to nine sentences with about eight keywords, chosen by hand")
