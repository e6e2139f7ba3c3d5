"""Which k experts compete: the most promising first, different families before siblings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from compegpt.schema import Expert


def mixed(offers: Sequence[Sequence[Expert]]) -> list[Expert]:
    """The experts of several sources in one order: the best of each source in turn, in the order of the sources."""
    turns = zip_longest(*offers)
    return [expert for turn in turns for expert in turn if expert is not None]


def ranked(experts: Sequence[Expert], team: Sequence[str] = ()) -> list[Expert]:
    """All experts in selection order: the best of each family in the order given, then the siblings.

    Related checkpoints are not independent votes, so a sibling competes only when the families are used up. But what
    was measured counts more: those of the `team` (ids) keep the places they have among all, in the team's order, and
    are no siblings of each other.
    """
    known = sorted((expert for expert in experts if expert.id in team), key=lambda expert: team.index(expert.id))
    placed = iter(known)
    seen: set[str] = set()
    first: list[Expert] = []
    siblings: list[Expert] = []
    for expert in experts:
        member = expert.id in team
        one = next(placed) if member else expert
        (siblings if one.family in seen and not member else first).append(one)
        seen.add(one.family)
    return first + siblings
