from __future__ import annotations

import numpy as np
import pytest

from compegpt.judge.pairing import overlap_in_time, overlaps, shared_words

PERSON, PLACE = {"text": "Ada Berg", "label": "PER"}, {"text": "Berg", "label": "LOC"}


@pytest.mark.parametrize(("one", "other", "wanted"), [
    ([PERSON], [PERSON], [[1.0]]),
    ([PERSON, PLACE], [PLACE], [[0.0], [1.0]]),
    ([{"text": "Ada Berg"}], [PLACE], [[2 / 3]]),
    ([{"text": "berg  ADA"}], [{"text": "Ada Berg"}], [[1.0]]),
    ([{"text": "wool"}], [{"text": "sheep"}, {"text": "wool wool"}], [[0.0, 1.0]]),
    ([{"text": ""}, {"text": " "}], [{"text": ""}, {"text": "a"}], [[1.0, 0.0], [1.0, 0.0]]),
    ([{"label": "loud"}], [{"label": "quiet"}, {"label": "Loud"}], [[0.0, 1.0]]),
], ids=["same", "labels differ", "one has no label", "order and case", "words once", "nothing", "labels only"])
def test_items_share_words_where_their_labels_agree(one: list[dict[str, str]], other: list[dict[str, str]],
                                                    wanted: list[list[float]]) -> None:
    assert shared_words(one, other) == pytest.approx(np.array(wanted))


@pytest.mark.parametrize(("box", "other", "wanted"), [
    ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
    ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
    ((0, 0, 2, 2), (2, 2, 4, 4), 0.0),
    ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ((3, 3, 1, 1), (0, 0, 4, 4), 0.0),
], ids=["same", "half", "touching", "no surface", "turned round"])
def test_boxes_overlap(box: tuple[float, ...], other: tuple[float, ...], wanted: float) -> None:
    assert overlaps([box, (90, 90, 91, 91)], [other]) == pytest.approx(np.array([[wanted], [0.0]]))


@pytest.mark.parametrize(("one", "other", "wanted"), [
    ([(0, 4)], [(0, 4)], 1.0), ([(0, 4)], [(2, 6)], 1 / 3), ([(0, 1)], [(2, 3)], 0.0),
    ([(0, 1), (1, 4)], [(0, 4)], 1.0),
], ids=["same", "half", "apart", "in two pieces"])
def test_times_overlap(one: list[tuple[float, float]], other: list[tuple[float, float]], wanted: float) -> None:
    first, second = ([{"start": start, "end": end} for start, end in items] for items in (one, other))
    assert overlap_in_time(first, second) == pytest.approx(wanted)
