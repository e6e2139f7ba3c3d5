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
    if row.output not in READABLE or len(candidates) < 2:
        return False
    scores = [one["score"] or 0.0 for one in candidates]
    best = max(range(len(scores)), key=lambda index: scores[index])
    rivals = [index for index, one in enumerate(candidates) if one["family"] != candidates[best]["family"]]
    rival = max(rivals, key=lambda index: scores[index], default=None)
    if rival is None or scores[rival] < CLOSE * scores[best] or similarity[best][rival] >= SAME:
        return False
    return not any(is_empty(candidates[index]["output"] or {}) for index in (best, rival))


def settled(verdict: Verdict, candidates: Sequence[Candidate], ruling: Ruling) -> Verdict:
    """The verdict after a ruling on `standing` candidates: its winner where it may win, and a reason that names the judge.

    Only what scores within CLOSE of the best may win. Scores and matrix stay, so that the record tells both: who had
    the highest score, and that the arbiter chose. Agreement becomes that of the new winner.
    """
    scores = [one["score"] or 0.0 for one in candidates]
    ranked = sorted(scores, reverse=True)
    call = f"a close call ({ranked[0]:.2f} against {ranked[1]:.2f})"
    why = shortened(printable(ruling.reason).strip().rstrip("."), 200)
    index = ruling.index
    if index is None or not 0 <= index < len(candidates) or scores[index] < CLOSE * ranked[0]:
        outside = "it chose one that is not close" if index is not None else why
        return {**verdict, "reason": f"{verdict['reason']}; {call} that the language model did not settle ({outside})"}
    winner = candidates[index]
    name = winner["expert"].partition(":")[2] or winner["expert"]
    return {**verdict, "winner": winner["expert"], "agreement": winner["signals"].get("agreement"),
            "reason": f"{call}: the language model {ruling.call['model']} chose {name}: {why}"}
