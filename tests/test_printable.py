"""What is shown holds no command for a terminal."""

from __future__ import annotations

import pytest

from compegpt.printable import printable, shortened


@pytest.mark.parametrize(("text", "shown"), [
    ("plain Grüße 你好 👍", "plain Grüße 你好 👍"), ("a\tb\nc", "a\tb\nc"), ("a\r\nb\rc", "a\nb\nc"),
    ("\x1b[31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x9b2Jx", "x"), ("a\x00b\x08c\x7f", "abc"), ("\u202egnp.exe", "gnp.exe"), ("\x1b(Bx", "x"), ("\udcffx", "?x"),
    ("\x1b]0;never closed", ""),
], ids=ascii)
def test_escapes_and_controls_are_taken_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(("text", "line"), [
    ("short", "short"), ("two\n lines", "two lines"), ("several words are too long", "several words…"),
    ("x" * 30, "x" * 14 + "…"),
])
def test_a_long_text_is_cut_at_a_word(text: str, line: str) -> None:
    assert shortened(text, 15) == line
