from __future__ import annotations

import pytest

from compegpt.board import Race
from compegpt.execute.guard import within_race
from compegpt.schema import Finding

TEXT, NOTHING = Finding({"text": "Sheep"}), Finding({"text": ""}, empty=True)


@pytest.mark.parametrize(("finding", "empty_counts", "hurries"), [
    (TEXT, False, True), (NOTHING, False, False), (NOTHING, True, True),
], ids=["an answer", "nothing, where that is no answer", "nothing, where that is an answer"])
async def test_only_answers_hurry_the_others(finding: Finding, empty_counts: bool, hurries: bool) -> None:
    async def call() -> Finding:
        return finding

    race = Race(quorum=1)
    assert await within_race(race, call, empty_counts) is finding
    assert race.hurried is hurries
