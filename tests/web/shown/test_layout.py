from __future__ import annotations

from graphlib import CycleError

import pytest

from compegpt.schema import Task
from compegpt.web.shown.layout import GAP, HEIGHT, Layout, laid_out, layers
from tests.fakes import task

WIDE = 180.0
CHAIN = [task("ocr", 0), *(task("summarization", one, [one - 1]) for one in range(1, 5))]
DIAMOND = [task("ocr", 0), task("summarization", 1, [0]), task("translation", 2, [0]),
           task("text-to-speech", 3, [1, 2])]
LEAPING = [task("ocr", 0), task("summarization", 1, [0]), task("translation", 2, [1, 0]), task("ocr", 5),
           task("text-to-speech", 3, [2, 0]), task("video-dubbing", 4, [3, 5, 0]), task("ocr", 6)]
APART = [task("ocr", one) for one in range(12)]


@pytest.mark.parametrize(("plan", "depths"), [
    ([task("ocr")], {0: 0}), (CHAIN, {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}), (DIAMOND, {0: 0, 1: 1, 2: 1, 3: 2}),
    (LEAPING, {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 0, 6: 0}), ([task("ocr", 7, [3])], {7: 0}),
], ids=["one", "chain", "diamond", "leaping", "an input that is not in the plan"])
def test_a_layer_is_the_longest_path(plan: list[Task], depths: dict[int, int]) -> None:
    assert layers(plan) == depths


def test_a_circle_is_an_error() -> None:
    with pytest.raises(CycleError):
        layers([task("ocr", 0, [1]), task("ocr", 1, [0])])


@pytest.mark.parametrize("plan", [CHAIN, DIAMOND, LEAPING, APART], ids=["chain", "diamond", "leaping", "apart"])
def test_tasks_stand_apart_and_inside(plan: list[Task]) -> None:
    layout = laid_out(plan, WIDE)
    corners = list(layout.nodes.values())
    assert len(corners) == len(plan)
    for place, (x, y) in enumerate(corners):
        assert 0 <= x <= layout.width - WIDE
        assert 0 <= y <= layout.height - HEIGHT
        for other_x, other_y in corners[:place]:
            assert abs(x - other_x) >= WIDE + GAP or abs(y - other_y) >= HEIGHT + GAP


def test_arrows_go_right_from_task_to_task() -> None:
    layout = laid_out(LEAPING, WIDE)
    assert len(layout.arrows) == 8
    starts = {(x + WIDE, y + HEIGHT / 2) for x, y in layout.nodes.values()}
    ends = {(x, y + HEIGHT / 2) for x, y in layout.nodes.values()}
    for points in layout.arrows:
        assert points[0] in starts
        assert points[-1] in ends
        assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_an_arrow_passes_beside_the_tasks_of_a_column() -> None:
    layout = laid_out(LEAPING, WIDE)
    lanes = _lanes(layout)
    assert len(lanes) == 1 + 2 + 3 + 3  # 0 to 2, 0 to 3, 0 to 4, 5 to 4
    for x, lane in lanes:
        assert not any(left == x and top <= lane <= top + HEIGHT for left, top in layout.nodes.values())


def test_the_branches_of_a_diamond_stand_one_below_the_other() -> None:
    nodes = laid_out(DIAMOND, WIDE).nodes
    assert nodes[1][0] == nodes[2][0]
    assert nodes[0][1] == nodes[3][1] == (nodes[1][1] + nodes[2][1]) / 2


def test_many_tasks_that_nothing_joins_wrap() -> None:
    layout = laid_out(APART, WIDE)
    assert len({x for x, _ in layout.nodes.values()}) == 2
    assert len({y for _, y in layout.nodes.values()}) == 6
    assert layout.arrows == []


def test_what_nothing_joins_stands_below_the_graph() -> None:
    nodes = laid_out(LEAPING, WIDE).nodes
    assert nodes[6][1] > max(y for one, (_, y) in nodes.items() if one != 6)


def _lanes(layout: Layout) -> list[tuple[float, float]]:
    return [point for points in layout.arrows for point in points[1:-1:2]]
