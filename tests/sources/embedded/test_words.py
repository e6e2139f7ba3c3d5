from __future__ import annotations

import pytest

from compegpt.sources.embedded.words import bm25, guessed_language, stem, stop_words, words


def test_words_of_scripts_without_blanks_are_pairs_of_characters() -> None:
    assert words("It's 3 o'clock, 天气好") == ["it's", "3", "o'clock", "天气", "气好"]


@pytest.mark.parametrize("forms", [("city", "cities"), ("found", "founded", "founding"), ("total", "totals")])
def test_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize("language", ["en", "de", "sk", "lt", "pt"])
def test_stop_words_are_there(language: str) -> None:
    assert len(stop_words(language)) > 50


def test_a_language_without_a_list_has_no_stop_words() -> None:
    assert stop_words("xx") == frozenset()


@pytest.mark.parametrize(("text", "language"), [
    ("The dog and the cat are in the house", "en"), ("Der Hund und die Katze sind im Haus", "de"),
    ("Le chien et le chat sont dans la maison", "fr"), ("", "en")])
def test_function_words_tell_the_language(text: str, language: str) -> None:
    assert guessed_language(text) == language


def test_bm25_prefers_the_rare_word_in_the_short_passage() -> None:
    scores = bm25(["total"], [["total"], ["total", "of", "all", "things"], ["subtotal"]])
    assert scores[0] > scores[1] > scores[2] == 0.0
