"""What speaks for one output: how others agree, how sure its engine is, whether it is sound for its task.

To add a signal: write it here, fill it in `verdict.judge`, name it in `eval.fitting.SIGNALS`, and let the fit give it
the weight it earns on measured inputs (docs/judge.md). Signals are in [0, 1], None where they do not apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from compegpt.embed import folded
from compegpt.judge.similarity import is_empty
from compegpt.learned import Curve, worth
from compegpt.schema import Output

Matrix = NDArray[np.float64]

SAME = 0.999
"""Outputs this similar are the same."""
DOUBT = 3.0
"""How steeply a vote loses weight with the confidence of the engine that casts it."""
CREDIBLE = 0.95
"""Worth from which on a reading's length is believed."""
SUBSTANTIAL = 8
"""Letters and digits: readers that see text in shapes and noise see one to three (pictures without text)."""
THIN, EVIDENCE = 0.5, 0.5
"""Powers that say how much less a reading of few letters is worth, and how much a doubtful one is evidence."""


def agreement(matrix: Matrix, families: Sequence[str], index: int) -> float | None:
    """Mean similarity of output `index` to the other families' outputs, in [0, 1]; None where there is no other family.

    matrix: n x n similarities. Each family has one vote: the mean over its members, however many it sent.
    """
    votes = [float(np.mean([matrix[index, j] for j, member in enumerate(families) if member == family]))
             for family in dict.fromkeys(families) if family != families[index]]
    return sum(votes) / len(votes) if votes else None


def support(matrix: Matrix, families: Sequence[str], worths: Sequence[float | None], index: int) -> float:
    """How like the truth output `index` is if every output is the truth as often as its confidence is worth, in [0, 1].

    The expected utility of minimum Bayes risk decoding. matrix: n x n similarities; worths: `confidences`, None for 1.
    Each family, the output's own too, has one vote: the mean over its members weighted by their worth to the power of
    DOUBT. The vote weighs as much as its surest member, so that an engine that says it is guessing is hardly heard.
    """
    weight = [1.0 if value is None else max(value, 1e-3) ** DOUBT for value in worths]
    total = heard = 0.0
    for family in dict.fromkeys(families):
        members = [j for j, member in enumerate(families) if member == family]
        vote = sum(weight[j] * float(matrix[index, j]) for j in members) / sum(weight[j] for j in members)
        surest = max(weight[j] for j in members)
        total, heard = total + surest * vote, heard + surest
    return total / heard


def echo(matrix: Matrix, families: Sequence[str], worths: Sequence[float | None], index: int) -> float:
    """`support` where only the very same counts as like: how probable output `index` is to the letter, in [0, 1]."""
    return support((matrix >= SAME).astype(float), families, worths, index)


def confidences(given: Sequence[float | None], families: Sequence[str], substance: Sequence[float],
                curves: Mapping[str, Curve]) -> list[float | None]:
    """Own confidences made comparable, each in [0, 1] or None where an engine has none.

    - A family with a curve: what its confidence is worth, comparable between families. All are worth less for less
      substance, as substance ** THIN.
    - Any other family: the share of its best member's confidence, comparable inside the family only, where 1 is what
      those with a curve are worth on average; but as it is where somebody found nothing, since what speaks against
      nothing is how sure the finder is.
    - "Nothing there" (substance 0) is as credible as the evidence for something is weak: 1 - the greatest
      substance x confidence ** EVIDENCE. A lone letter is weak evidence, a line of text a strong one, even if misread.
    """
    known = [calibrated(value, curves.get(family)) * much**THIN if value is not None and much > 0 else None
             for value, family, much in zip(given, families, substance, strict=True)]
    evidence = [much * value**EVIDENCE for value, much in zip(known, substance, strict=True) if value is not None]
    best = {family: max((value for value, member in zip(known, families, strict=True)
                         if member == family and value is not None), default=0.0) for family in families}
    measured = [value for value, family in zip(known, families, strict=True) if value is not None and family in curves]
    usual = sum(measured) / len(measured) if measured else 1.0
    comparable: list[float | None] = []
    for value, family, much in zip(known, families, substance, strict=True):
        if much == 0:
            comparable.append(1 - max(evidence) if evidence else None)
        elif value is None or family in curves or len(best) == 1 or 0 in substance:
            comparable.append(value)
        else:
            comparable.append(usual * (value / best[family] if best[family] > 0 else 1.0))
    return comparable


def calibrated(confidence: float, curve: Curve | None) -> float:
    """What an engine's confidence is worth by its family's curve; as given without one."""
    return worth(confidence, curve) if curve else min(1.0, max(0.0, confidence))


def substance(output: Output) -> float:
    """How much an output says, in [0, 1]: 1 from SUBSTANTIAL letters and digits on, or for no text; 0 for nothing."""
    if is_empty(output):
        return 0.0
    text = output.get("text", "")
    if not text or output.get("boxes"):
        return 1.0
    return min(1.0, max(1, sum(map(str.isalnum, text[: 10 * SUBSTANTIAL]))) / SUBSTANTIAL)


def completeness(sizes: Sequence[int], worths: Sequence[float | None]) -> list[float | None]:
    """Size of each output as a share of the largest credible one's, at most 1: some miss more than they invent.

    sizes: letters of a reading, or number of things found. Credible is what is worth at least CREDIBLE, or everything
    where nothing is; None for an empty output.
    """
    credible = [size for size, value in zip(sizes, worths, strict=True) if size and (value or 0.0) >= CREDIBLE]
    largest = max(credible or sizes, default=0)
    return [min(1.0, size / largest) if size else None for size in sizes]


def size(output: Output) -> int:
    """How much an output holds: things found, or letters."""
    found = output.get("boxes") or output.get("data")
    return len(found) if isinstance(found, list) else len(folded(output.get("text", "")))


def alignment(vectors: Mapping[str, NDArray[np.float32]], request: str, answer: str) -> float:
    """Cosine between the embeddings of what was asked and what was answered, in [0, 1]."""
    return float(np.clip(vectors[request] @ vectors[answer], 0.0, 1.0))
