from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from compegpt.errors import InputError
from compegpt.eval.report import Table, bars, between, figure, written


def test_a_table_is_markdown() -> None:
    table = Table("Fruit", ("", "mean"), [("apple", "0.5"), ("pear", "-")], "Two fruits.")
    assert table.markdown() == "### Fruit\n\n|  | mean |\n|---|--:|\n| apple | 0.5 |\n| pear | - |\n\nTwo fruits.\n"


@pytest.mark.parametrize(("value", "expected"), [(None, "-"), (float("nan"), "-"), (0.12345, "0.123"), (0.0, "0.000")])
def test_figure(value: float | None, expected: str) -> None:
    assert figure(value) == expected


def test_an_interval_shows_its_signs_where_it_is_a_difference() -> None:
    assert between((-0.1, 0.25), signed=True) == "-0.100 to +0.250"
    assert between((0.1, 0.25), 2) == "0.10 to 0.25"


def test_bars_are_a_picture(tmp_path: Path) -> None:
    path = bars(tmp_path / "a" / "plot.png", "Title", ["x", "y"], {"one": [0.5, None], "two": [0.1, 0.2]},
                {"one": [(0.4, 0.6), (0.0, 0.0)]})
    with Image.open(path) as image:
        assert image.width > 500


def test_a_result_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        written(path / "below a file", "x")
