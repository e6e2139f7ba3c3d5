"""What follows from the league for the next competition: who competes, how many begin, how many more are sent out.

Pure functions. With nothing recorded they give the sources' own order and the usual k.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from compegpt.league.form import Form, Record, doubt
from compegpt.league.strength import Array, bradley_terry, wilson
from compegpt.schema import Candidate, Expert, Verdict

RANK = 0.15
"""What one place in the sources' order is worth before anything is known, in log-strength."""
TRUST = 30.0
"""Competitions of a task between several after which the noise has half its full size: nobody gambles on nothing."""
BOLD = 0.5
"""How much of what is not known is drawn: less than all of it wins more in as few competitions as a person has."""
KIN = 6.0
"""What a sibling of a chosen expert is worth less, in log-strength, unless it wins where that one does not."""
SLOW, SLOWEST = 0.1, 10.0
"""What an expert that takes e times as long is worth less, in log-strength, up to this many times the usual."""
COST = 0.1
"""What an expert of cost c is worth less per log(1 + c), in log-strength."""
HOPELESS = 0.6
"""An expert that fails at least so often, as far as is sure, rests: it stands behind all others until that fades."""
KNOWN = 10.0
"""Competitions of a task from which on fewer than k may begin."""
NEARLY = 0.82
"""An expert that gives the winning answer at least so often, as far as is sure, may begin alone."""
EASY = 0.2
"""Where at least so many first rounds leave no doubt, two begin."""
EVEN = 0.5
"""A verdict below this confidence is doubted whatever the league says."""
WIDER = 2
"""So many more than the usual k are called at most."""


def ordered(experts: Sequence[Expert], form: Form, chance: random.Random) -> list[Expert]:
    """The experts in selection order, by Thompson sampling: each as strong as one draw from what is known of it.

    experts: in the order without a league, which is the prior and, with nothing recorded, the result. `chance` makes
    the draws. O(n^3).
    """
    if not form.competitions or not experts:
        return list(experts)
    worth = _draw(experts, form, chance)
    rests = [resting(form.records.get(expert.id)) for expert in experts]
    waiting, seen = set(range(len(experts))), set[str]()
    order: list[Expert] = []
    while waiting:
        best = min(waiting, key=lambda i: (rests[i], _kinship(experts[i], form, seen) - worth[i], i))
        waiting.remove(best)
        seen.add(experts[best].family)
        order.append(experts[best])
    return order


def _draw(experts: Sequence[Expert], form: Form, chance: random.Random) -> Array:
    """One draw of every expert's log-strength, less what its failures, its slowness and its price take off; (n)."""
    n = len(experts)
    beats = np.array([[form.beats.get((one.id, other.id), 0.0) for other in experts] for one in experts])
    strength, covariance = bradley_terry(beats, -RANK * np.arange(n, dtype=float))
    noise = np.linalg.cholesky(covariance) @ np.array([chance.gauss(0.0, 1.0) for _ in experts])
    records = [form.records.get(expert.id) for expert in experts]
    known = [record.seconds for record in records if record and record.seconds]
    usual = float(np.median(known)) if known else 0.0
    drag = np.array([_drag(expert, record, usual) for expert, record in zip(experts, records, strict=True)])
    return np.asarray(strength - drag + BOLD * noise * form.compared / (form.compared + TRUST))


def _drag(expert: Expert, record: Record | None, usual: float) -> float:
    """What an expert is worth less for failing, being slow and costing, in log-strength."""
    stands = 1.0 if record is None else (record.calls - record.failed + 4.5) / (record.calls + 5.0)
    seconds = record.seconds if record else None
    slower = min(max(seconds / usual, 1 / SLOWEST), SLOWEST) if seconds and usual else 1.0
    return SLOW * math.log(slower) + COST * math.log1p(expert.cost) - math.log(stands / 0.9 if record else 1.0)


def _kinship(expert: Expert, form: Form, seen: set[str]) -> float:
    """What being of a family that competes already takes off: all of KIN, less where it is known to win on its own."""
    if expert.family not in seen:
        return 0.0
    record = form.records.get(expert.id)
    share = record.added / (record.beside + 1.0) if record else 0.0
    return KIN * max(0.0, 1 - 4 * share)


def resting(record: Record | None) -> bool:
    """Whether it fails so surely that it had better not be called for a while."""
    return record is not None and wilson(record.failed, record.calls)[0] >= HOPELESS


def nearly_always(record: Record | None) -> bool:
    """Whether an expert gives the winning answer so surely that nobody need compete with it."""
    return record is not None and wilson(record.backed, record.played)[0] >= NEARLY


def width(form: Form, first: Expert, k: int) -> int:
    """How many begin, at most k: 1 where the first in order gives nearly every winning answer, 2 where most verdicts
    are sure at once, else k."""
    if form.competitions < KNOWN:
        return k
    if nearly_always(form.records.get(first.id)):
        return 1
    return min(k, 2) if form.easy >= EASY * form.competitions else k


def widening(verdict: Verdict, task: str, candidates: Sequence[Candidate], k: int, trusted: bool) -> int:
    """How many more are sent out after a verdict: none where it is in no doubt; else up to k, then WIDER more.

    candidates: all that were called, judged; k: the usual number, WIDER more are the most. `trusted`: whether the
    league says that whoever began alone gives nearly every winning answer.
    """
    confidence, called = verdict.get("confidence"), len(candidates)
    families = {one["family"] for one in candidates if one["score"] is not None}
    if not doubt(task, confidence, verdict["agreement"], len(families)):
        return 0
    if trusted and called == 1 and (confidence is None or confidence >= EVEN):
        return 0
    return k - called if called < k else max(0, k + WIDER - called)


def lately(record: Record | None) -> str:
    """What the league says of an expert, in a phrase; empty where it knows nothing."""
    if record is None or round(record.calls) < 1:
        return ""
    parts = [f"won {round(record.won)} of {round(record.played)} lately"] if round(record.played) else []
    if round(record.failed):
        parts.append(f"failed {round(record.failed)} of {round(record.calls)}")
    return ", ".join(parts)
