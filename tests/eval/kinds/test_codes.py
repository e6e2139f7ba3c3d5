from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.eval.kinds.codes import MATRIX, _checked, _code, _material, all_read, cases, read


def boxes(*texts: str) -> dict[str, Any]:
    return {"boxes": [{"label": "QR_CODE", "score": 1.0, "box": [0, 0, 9, 9], "text": text} for text in texts]}


@pytest.mark.parametrize(("output", "truth", "f1", "every"), [
    (boxes("a", "b"), ["b", "a"], 1.0, 1.0),
    (boxes("a"), ["a", "b"], 2 / 3, 0.0),
    (boxes("a", "x"), ["a"], 2 / 3, 0.0),
    (boxes("a"), ["a", "a"], 2 / 3, 0.0),
    (boxes("x"), ["a"], 0.0, 0.0),
    (boxes("x"), [], 0.0, 0.0),
    ({"boxes": []}, [], 1.0, 1.0),
    ({"boxes": []}, ["a"], 0.0, 0.0),
    ({"text": "a\nb"}, ["a", "b"], 1.0, 1.0),
    ({}, ["a"], 0.0, 0.0),
], ids=["all", "one of two", "one too many", "once of twice", "another", "invented", "rightly none", "missed",
        "as text", "nothing"])
def test_contents_are_counted(output: Any, truth: list[str], f1: float, every: float) -> None:
    assert read(output, truth) == pytest.approx(f1)
    assert all_read(output, truth) == every


@pytest.mark.parametrize(("digits", "whole"), [("400638133393", "4006381333931"), ("9638507", "96385074")])
def test_the_check_digit_is_that_of_the_standard(digits: str, whole: str) -> None:
    assert _checked(digits) == whole


@pytest.mark.parametrize("symbology", [*MATRIX, "Code128", "Code39", "EAN13"])
def test_an_unspoilt_code_says_what_it_was_made_from(symbology: str) -> None:
    import numpy as np
    import zxingcpp

    content = "4006381333931" if symbology == "EAN13" else "AB 1234"
    picture = _code(symbology, content, np.random.default_rng(5))
    assert [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(picture[..., 0]))] == [content]


def test_the_forms_of_dev_and_test_are_disjoint() -> None:
    dev, test = ({form for forms in _material()[part].values() for form in forms} for part in ("dev", "test"))
    assert not {form for form in dev & test if not set(form) <= set("#")}


def test_some_pictures_hold_no_code_and_others_several(tmp_path: Path) -> None:
    truths = [(case.category, len(case.truth)) for case in cases("dev", tmp_path)]
    assert {count for category, count in truths if category == "no code"} == {0}
    assert {count for category, count in truths if category != "no code"} == {1, 2, 3}
