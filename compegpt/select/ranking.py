"""Which k experts compete: the most promising first, different families before siblings."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.schema import Expert


def ranked(experts: Sequence[Expert]) -> list[Expert]:
    """All experts in selection order: the best of each family in the order given, then the siblings.

    Related checkpoints are not independent votes, so a sibling competes only when the families are used up.
    """
    seen: set[str] = set()
    first: list[Expert] = []
    siblings: list[Expert] = []
    for expert in experts:
        (siblings if expert.family in seen else first).append(expert)
        seen.add(expert.family)
    return first + siblings
