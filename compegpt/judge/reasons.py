"""The verdict's reason, in one plain sentence: which signal decided, against whom, and who shared a vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compegpt.judge.similarity import is_empty
from compegpt.learned import odds
from compegpt.schema import Candidate


def reason(compared: Sequence[Candidate], best: int, weights: Mapping[str, float]) -> str:
    """Why the candidate at `best` won."""
    if len(compared) == 1:
        nothing = is_empty(compared[0]["output"] or {})
        return f"only one expert {'looked, and found nothing' if nothing else 'answered'}; nothing to compare"
    if all(is_empty(one["output"] or {}) for one in compared):
        return f"{'both' if len(compared) == 2 else f'all {len(compared)}'} found nothing"
    decided = _decided(compared, best, weights)
    return f"highest score {compared[best]['score']:.2f} of {len(compared)}: {decided}{_kin(compared)}"


_SAID = {"weakest": "its weakest part", "record": "its record", "precedent": "its precedents"}
"""Signals whose names alone would not be understood."""


def _decided(compared: Sequence[Candidate], best: int, weights: Mapping[str, float]) -> str:
    """The signal that sets the winner apart from the runner-up most."""
    others = [one for index, one in enumerate(compared) if index != best]
    winner, second = compared[best], max(others, key=lambda one: one["score"] or 0.0)
    if (winner["score"] or 0.0) - (second["score"] or 0.0) < 1e-9:
        same = "the same" if winner["output"] == second["output"] else "an equally good"
        return f"{second['expert']} gave {same} answer, and the first in order of selection wins"
    gains = {name: weight * (odds(winner["signals"][name]) - odds(second["signals"][name]))
             for name, weight in weights.items() if name in winner["signals"] and name in second["signals"]}
    lead = max(gains, key=lambda name: gains[name], default="")
    if not lead or gains[lead] <= 0:
        return f"ahead of {second['expert']} {second['score']:.2f}"
    return (f"decided by {_SAID.get(lead, lead)} ({winner['signals'][lead]:.2f}; runner-up {second['expert']} "
            f"{second['signals'][lead]:.2f})")


def _kin(compared: Sequence[Candidate]) -> str:
    """Says which candidates share a vote."""
    families: dict[str, list[str]] = {}
    for one in compared:
        families.setdefault(one["family"], []).append(one["expert"].partition(":")[2] or one["expert"])
    shared = [f"{', '.join(names[:-1])} and {names[-1]} are one family and count as one vote"
              for names in families.values() if len(names) > 1]
    return "".join(f"; {sentence}" for sentence in shared)


def why_none(candidates: Sequence[Candidate]) -> str:
    """What became of each candidate where none stands."""
    if not candidates:
        return "no expert took part"
    return "; ".join(f"{one['expert']} {_HOW[one['status']]}{': ' + one['error'][:160] if one['error'] else ''}"
                     for one in candidates)


_HOW = {"empty": "found nothing", "ok": "gave an empty answer", "abstained": "could not tell", "failed": "failed",
        "timeout": "ran out of time", "cancelled": "was not waited for"}
