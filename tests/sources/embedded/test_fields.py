from __future__ import annotations

import pytest

from compegpt.sources.embedded.fields import fields


@pytest.mark.parametrize(("text", "expected"), [
    pytest.param("SUBTOTAL  10.00\nTOTAL  12.40 EUR", [("SUBTOTAL", "10.00"), ("TOTAL", "12.40 EUR")], id="columns"),
    pytest.param("TOTAL........12.40", [("TOTAL", "12.40")], id="dot-leaders"),
    pytest.param("Date 2024-05-01", [("Date", "2024-05-01")], id="one-blank"),
    pytest.param("Invoice No: 123 Date: 2024-05-01", [("Invoice No", "123"), ("Date", "2024-05-01")],
                 id="two-in-a-line"),
    pytest.param("Total:\n$1,234.50", [("Total", "$1,234.50")], id="value-below"),
    pytest.param("Subtotal\nTotal\n10.00\n12.40", [("Subtotal", "10.00"), ("Total", "12.40")], id="columns-read-apart"),
    pytest.param("The tower was built in 1889\nSee http://x.org\nat 12:30 we go", [], id="prose"),
])
def test_fields_of_lines(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(field.key, field.value) for field in fields(text)] == expected
