from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.eval.kinds.faces import BACKGROUNDS, FACES, OTHERS, PORTRAITS, cases, found, placed

FACE = [10.0, 10.0, 50.0, 50.0]
NEARLY, FAR = [10.0, 10.0, 50.0, 40.0], [200.0, 200.0, 240.0, 240.0]


def boxes(*given: list[float]) -> dict[str, Any]:
    return {"boxes": [{"label": "face", "score": 0.9, "box": box} for box in given]}


@pytest.mark.parametrize(("output", "truth", "f1", "mean"), [
    (boxes(FACE), [FACE], 1.0, 1.0),
    (boxes(NEARLY), [FACE], 1.0, 0.75),
    (boxes([30.0, 10.0, 70.0, 50.0]), [FACE], 0.0, 1 / 3),
    (boxes(FACE, FACE), [FACE], 2 / 3, 0.5),
    (boxes(FAR, FACE), [FACE, FAR], 1.0, 1.0),
    (boxes(FACE), [FACE, FAR], 2 / 3, 0.5),
    (boxes(FAR), [], 0.0, 0.0),
    ({"boxes": []}, [], 1.0, 1.0),
    ({"boxes": []}, [FACE], 0.0, 0.0),
    ({}, [FACE], 0.0, 0.0),
], ids=["the same", "nearly", "beside", "twice", "in another order", "one of two", "invented", "rightly none", "missed",
        "nothing"])
def test_faces_are_paired_by_overlap(output: Any, truth: Any, f1: float, mean: float) -> None:
    assert found(output, truth) == pytest.approx(f1)
    assert placed(output, truth) == pytest.approx(mean)


def test_dev_and_test_have_no_face_patch_or_background_in_common() -> None:
    for material in (FACES, OTHERS, BACKGROUNDS):
        assert not set(material["dev"]) & set(material["test"])
    assert PORTRAITS["dev"].name != PORTRAITS["test"].name


def test_faces_lie_in_the_picture_and_do_not_overlap(tmp_path: Path) -> None:
    from PIL import Image

    from compegpt.judge.similarity import overlap

    counts = set()
    for case in cases("test", tmp_path):
        with Image.open(case.args["image"]) as picture:
            width, height = picture.size
        counts.add(len(case.truth))
        assert (case.category == "no face") == (case.truth == [])
        assert all(-2 <= x0 < x1 <= width + 2 and -2 <= y0 < y1 <= height + 2 for x0, y0, x1, y1 in case.truth)
        assert all(overlap(one, other) == 0 for i, one in enumerate(case.truth) for other in case.truth[:i])
    assert counts == {0, 1, 2, 3, 4}
