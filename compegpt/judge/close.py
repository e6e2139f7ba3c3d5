"""Close calls: when an arbiter is asked, and what its ruling changes. Pure; the record stays as it was scored."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.judge.similarity import is_empty
from compegpt.printable import printable, shortened
from compegpt.schema import Candidate, Ruling, Verdict
from compegpt.tasks import OutputKind, TaskType

CLOSE = 0.97
"""A score within 3 % of the best is as good: rounding a confidence or one odd word moves a score that far."""
SAME = 0.75
"""Outputs at least this similar say the same in other words or spelling: whichever wins, the user reads the same."""
READABLE: frozenset[OutputKind] = frozenset({"text", "labels", "spans", "boxes"})
"""Output kinds that a language model can weigh; pictures and sound it cannot see or hear."""


def standing(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The judged candidates that were compared: those the rows and columns of the similarity matrix stand for."""
    return [one for one in candidates if one["score"] is not None]


def is_close(candidates: Sequence[Candidate], similarity: Sequence[Sequence[float]], row: TaskType) -> bool:
    """Whether the best candidate and the best of another family score nearly alike and say different things.

    candidates: `standing`, n of them; similarity: n x n. O(n). Where outputs agree it is never close.
    """
    pair = _pair(candidates) if row.output in READABLE else None
    if pair is None:
        return False
    best, rival = pair
    if _score(candidates[rival]) < CLOSE * _score(candidates[best]) or similarity[best][rival] >= SAME:
        return False
    return not any(is_empty(candidates[index]["output"] or {}) for index in pair)


def _pair(candidates: Sequence[Candidate]) -> tuple[int, int] | None:
    """The best candidate and the best of another family; None where there is no other."""
    order = sorted(range(len(candidates)), key=lambda index: -_score(candidates[index]))
    rivals = [index for index in order if candidates[index]["family"] != candidates[order[0]]["family"]]
    return (order[0], rivals[0]) if rivals else None


def _score(candidate: Candidate) -> float:
    return candidate["score"] or 0.0


def settled(verdict: Verdict, candidates: Sequence[Candidate], ruling: Ruling) -> Verdict:
    """The verdict after a ruling on a close call between `standing` candidates, with a reason that names the judge.

    Only what scores within CLOSE of the best may win. Scores and matrix stay, so that the record tells both: who scored
    highest, and who chose. Agreement becomes that of the new winner.
    """
    best, rival = (_score(candidates[index]) for index in _pair(candidates) or (0, 0))
    close = f"a close call ({best:.2f} against {rival:.2f})"
    why = shortened(printable(ruling.reason).strip().rstrip("."), 200)
    index = ruling.index
    if index is None or not 0 <= index < len(candidates) or _score(candidates[index]) < CLOSE * best:
        outside = "it chose one that is not close" if index is not None else why
        unsettled = f"{close} that the language model did not settle ({outside})"
        return {**verdict, "reason": f"{verdict['reason']}; {unsettled}"}
    winner = candidates[index]
    name = winner["expert"].partition(":")[2] or winner["expert"]
    return {**verdict, "winner": winner["expert"], "agreement": winner["signals"].get("agreement"),
            "confidence": None, "unsure": False,  # how often it is right where scores are close was not measured
            "reason": f"{close}: the language model {ruling.call['model']} chose {name}: {why}"}
