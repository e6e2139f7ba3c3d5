"""Templates: strict about names, indifferent to what values hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from compegpt import prompts


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greet.md").write_text('Hi {{who}}, {"json": $1} {{what}}!')
    monkeypatch.setattr(prompts, "FOLDER", tmp_path)
    prompts._read.cache_clear()


def test_names_are_filled_and_braces_and_dollars_stay() -> None:
    assert prompts.render("greet", who="Ann", what="x") == 'Hi Ann, {"json": $1} x!'


def test_a_value_that_looks_like_a_name_is_not_filled_again() -> None:
    assert prompts.render("greet", who="{{what}} \\1 $what", what="x") == 'Hi {{what}} \\1 $what, {"json": $1} x!'


@pytest.mark.parametrize(("values", "said"), [
    ({"who": "Ann"}, "what is missing"),
    ({"who": "Ann", "what": "x", "why": "y"}, "why is surplus"),
], ids=["missing", "surplus"])
def test_a_missing_and_a_surplus_name_are_errors(values: dict[str, str], said: str) -> None:
    with pytest.raises(KeyError, match=said):
        prompts.render("greet", **values)
