from __future__ import annotations

import pytest

from compegpt.sources.embedded.sentences import MAX_LENGTH, sentences, spans, windows


@pytest.mark.parametrize(("text", "expected"), [
    pytest.param("Dr. Smith paid $3.50. He left.", ["Dr. Smith paid $3.50.", "He left."], id="title-and-decimal"),
    pytest.param("We met at 5 p.m. Then J. R. Hill came! Why?", ["We met at 5 p.m.", "Then J. R. Hill came!", "Why?"],
                 id="may-end-a-sentence"),
    pytest.param('"Really?" he asked. Yes.', ['"Really?" he asked.', "Yes."], id="quotation"),
    pytest.param("i like it. it is good.", ["i like it.", "it is good."], id="no-capitals-at-all"),
    pytest.param("Am 3. Mai war es so weit. Das ist z.B. gut.", ["Am 3. Mai war es so weit.", "Das ist z.B. gut."],
                 id="german"),
    pytest.param("今天天气很好。我们去公园吧！", ["今天天气很好。", "我们去公园吧！"], id="chinese"),
    pytest.param("यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"], id="hindi"),
    pytest.param("The fox jumps over the\nlazy dog and runs.\nIt stops.", ["The fox jumps over the lazy dog and runs.",
                                                                        "It stops."], id="wrapped-lines"),
    pytest.param("MILK 1.20\nSUBTOTAL 3.60\nTOTAL 4.00 EUR", ["MILK 1.20", "SUBTOTAL 3.60", "TOTAL 4.00 EUR"],
                 id="receipt-lines"),
    pytest.param("- one thing\n- another thing", ["- one thing", "- another thing"], id="bullets"),
    pytest.param("A heading\n\nSome text", ["A heading", "Some text"], id="paragraphs"),
    pytest.param(" \n ", [], id="blank"),
    pytest.param("", [], id="empty"),
])
def test_a_text_falls_into_its_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_spans_point_into_the_text() -> None:
    text = "One is here.  Two is\nthere. "
    assert [text[start:end] for start, end in spans(text)] == ["One is here.", "Two is\nthere."]


def test_a_run_without_an_end_is_cut() -> None:
    found = sentences("word " * 1000)
    assert max(map(len, found)) <= MAX_LENGTH
    assert " ".join(found).split() == ["word"] * 1000


def test_windows_hold_every_text_once_and_in_order() -> None:
    assert windows(["a" * 30, "b" * 30, "c" * 90, "d"], size=64) == [[0, 1], [2], [3]]
