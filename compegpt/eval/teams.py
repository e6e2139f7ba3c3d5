"""Which experts are best together: the order in which they join a team, and the headroom there is for a judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compegpt.embed import Encoder
from compegpt.eval.case import Kind
from compegpt.eval.collecting import Row
from compegpt.eval.ways import contest
from compegpt.learned import Learned

TEAM, ENOUGH = 4, 400
"""So many experts are chosen as a team, on at most so many competitions."""


def headroom(rows: Sequence[Row], kind: Kind, measure: str) -> float:
    """What the oracle gains over the best single expert; .01 at least, as it is a unit."""
    names = {name for row in rows for name in row["quality"][measure]}
    table = np.array([[row["quality"][measure].get(name, 0.0) for name in sorted(names)] for row in rows
                      if row["category"] not in kind.unjudged])
    return max(float(table.max(axis=1).mean() - table.mean(axis=0).max()), 0.01)



def team_of(rows: Sequence[Row], kind: Kind, known: Learned, encoder: Encoder) -> list[str]:
    """The best expert, then each time the one with whom the judge's choice is best; beyond TEAM by their records."""
    scale = {measure: headroom(rows, kind, measure) for measure in kind.weighed}
    some = rows[:: -(-len(rows) // ENOUGH)]
    names = sorted({one["expert"] for row in some for one in row["candidates"]})

    def worth(team: Sequence[str]) -> float:
        chosen = [contest(row, encoder, team, known) for row in some]
        return float(np.mean([sum(one.quality(one.verdict["winner"], measure) / unit for measure, unit in scale.items())
                              for one in chosen]))

    team: list[str] = []
    while len(team) < min(TEAM, len(names)):
        team.append(max((name for name in names if name not in team), key=lambda name: worth([*team, name])))
    return team + sorted((name for name in names if name not in team), key=lambda name: -known.record[name])
