from __future__ import annotations

import pytest

from compegpt.languages import LANGUAGES, LONG, code_of


@pytest.mark.parametrize(("said", "code"), [
    ("French", "fr"), ("fr", "fr"), ("FR", "fr"), ("fr-FR", "fr"), ("fr_XX", "fr"), ("fra", "fr"), ("français", "fr"),
    ("Mandarin", "zh"), ("zh-Hans", "zh"), (" german ", "de"), ("Klingon", None), ("", None),
])
def test_a_language_is_known_however_it_is_named(said: str, code: str | None) -> None:
    assert code_of(said) == code


def test_every_long_code_leads_to_a_short_one() -> None:
    assert set(LONG.values()) <= set(LANGUAGES)
