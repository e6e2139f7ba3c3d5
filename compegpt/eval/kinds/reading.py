"""Questions about articles, with the answers a reader would accept; in half of them a second article stands beside."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.texts import articles, lines, seeded
from compegpt.schema import Output

_MARKS = string.punctuation + "“”‘’"


def cases(part: Part, folder: Path) -> Iterator[Case]:
    random = seeded("question-answering", part)
    every = [(kind, article) for kind, listed in articles(part).items() for article in listed]
    for number, (kind, article) in enumerate(every):
        for place, line in enumerate(lines(article["questions"])):
            question, *answers = (cell.strip() for cell in line.split("|"))
            passages = [article["text"].strip()]
            if random.random() < 0.5:
                other = (number + int(random.integers(1, len(every)))) % len(every)
                passages.insert(int(random.integers(0, 2)), every[other][1]["text"].strip())
            yield Case(f"{kind}-{number:02}-{place}", kind, {"question": question, "context": "\n\n".join(passages)},
                       answers, "two articles" if len(passages) == 2 else "one article")


def normalised(text: str) -> list[str]:
    """Words as SQuAD's evaluation compares them: lower case, without punctuation and articles."""
    bare = "".join(mark for mark in text.lower() if mark not in _MARKS)
    return re.sub(r"\b(?:a|an|the)\b", " ", bare).split()


def token_f1(output: Output, truth: Sequence[str]) -> float:
    """F1 over words against the best of the accepted answers (Rajpurkar et al. 2016)."""
    given = normalised(output.get("text", ""))
    return max(_f1(given, normalised(answer)) for answer in truth)


def _f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(given) & Counter(wanted)).values())
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


def exact(output: Output, truth: Sequence[str]) -> float:
    given = normalised(output.get("text", ""))
    return float(any(given == normalised(answer) for answer in truth))


def half_right(output: Output, truth: Sequence[str]) -> float:
    return float(token_f1(output, truth) >= 0.5)


KIND = Kind("question-answering", cases, {"token F1": token_f1, "exact match": exact, "F1 of a half": half_right},
            "questions about articles of eight to ten sentences, half of them beside a second article",
            right="F1 of a half")
