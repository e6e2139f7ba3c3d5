from __future__ import annotations

import sys
import types

import pytest

from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Engine


def engine(*modules: str) -> Engine:
    return Engine("e", "ocr", "e", lambda args, store: Finding({}), modules=modules, programs=("sh",))


def test_what_is_not_installed_is_missing_and_the_rest_is_not() -> None:
    assert engine("json", "no_such_module").missing() == ["no_such_module"]


def test_a_module_that_is_half_loaded_by_another_thread_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    half = types.ModuleType("half_loaded")
    half.__spec__ = None
    monkeypatch.setitem(sys.modules, "half_loaded", half)
    assert engine("half_loaded").missing() == []
