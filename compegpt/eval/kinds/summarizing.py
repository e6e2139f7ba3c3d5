"""Articles (news, science, letters, reports) with two summaries each, written by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import articles, lines, seeded
from compegpt.schema import Output

LENGTHS = (2, 3)
"""Sentences asked for: drawn for each article."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    random = seeded("summarization", part)
    for kind, listed in articles(part).items():
        for number, article in enumerate(listed):
            asked = str(random.choice(LENGTHS))
            yield Case(f"{kind}-{number:02}", kind, {"text": article["text"].strip(), "sentences": asked},
                       lines(article["summaries"]), f"{asked} sentences")


def rouge_l(output: Output, truth: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words (Lin 2004), against the better of the references."""
    from rapidfuzz.distance import LCSseq

    given = _words(output.get("text", ""))
    return max(_f1(LCSseq.similarity(given, wanted), given, wanted) for wanted in map(_words, truth))


def rouge_1(output: Output, truth: Sequence[str]) -> float:
    """F1 of the words in common (Lin 2004), against the better of the references."""
    given = _words(output.get("text", ""))
    return max(_f1(sum((Counter(given) & Counter(wanted)).values()), given, wanted) for wanted in map(_words, truth))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _f1(shared: int, given: Sequence[str], wanted: Sequence[str]) -> float:
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


KIND = Kind("summarization", cases, {"ROUGE-L": rouge_l, "ROUGE-1": rouge_1},
            "articles of eight to ten sentences against two summaries of about two sentences, written by hand")
