from __future__ import annotations

import pytest

from compegpt.schema import Expert
from compegpt.select.ranking import ranked


@pytest.mark.parametrize(("families", "order"), [
    ("abc", "012"), ("aab", "021"), ("aabbc", "02413"), ("", ""), ("aaa", "012"),
], ids=["all different", "sibling last", "best of each first", "none", "only siblings"])
def test_different_families_come_before_siblings(families: str, order: str) -> None:
    experts = [Expert(str(place), "ocr", family) for place, family in enumerate(families)]
    assert "".join(expert.id for expert in ranked(experts)) == order
