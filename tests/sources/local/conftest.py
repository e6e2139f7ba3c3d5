"""The Hub's cache of these tests is where each puts it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_other_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
