from __future__ import annotations

import pytest

from compegpt.schema import Expert
from compegpt.select.ranking import mixed, ranked


@pytest.mark.parametrize(("families", "order"), [
    ("abc", "012"), ("aab", "021"), ("aabbc", "02413"), ("", ""), ("aaa", "012"),
], ids=["all different", "sibling last", "best of each first", "none", "only siblings"])
def test_different_families_come_before_siblings(families: str, order: str) -> None:
    experts = [Expert(str(place), "ocr", family) for place, family in enumerate(families)]
    assert "".join(expert.id for expert in ranked(experts)) == order


def test_sources_mix_the_best_of_each_in_turn() -> None:
    offers = [[Expert(name, "ocr", name) for name in names] for names in (["h1", "h2", "h3"], [], ["e1"])]
    assert [expert.id for expert in mixed(offers)] == ["h1", "e1", "h2", "h3"]
