from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from compegpt.eval.planning_data import Gold
from compegpt.eval.planning_scores import (
    MEASURES,
    Shape,
    counts,
    differing,
    distance,
    figured,
    shape_of_gold,
    shape_of_plan,
)
from tests.fakes import task


def gold(nodes: Sequence[tuple[str, list[str]]], *links: list[int]) -> Gold:
    return Gold(id="1", type="chain", request="x", nodes=[{"task": name, "args": args} for name, args in nodes],
                links=list(links))


READ = gold([("text-to-speech", ["<node-1>"]), ("image-to-text", ["a.JPG"])], [1, 0])
READ_PLAN = [task("image-to-text", image="a.JPG"), task("text-to-speech", 1, (0,), text="<resource>-0", language="en")]


def test_gold_and_plan_of_the_same_tasks_have_the_same_shape() -> None:
    assert shape_of_gold(READ) == shape_of_plan(READ_PLAN) == Shape(
        ("image-to-text", "text-to-speech"), frozenset({("image-to-text", "text-to-speech")}),
        frozenset({("image-to-text", "image", "a.JPG"), ("text-to-speech", "text", "image-to-text")}))


@pytest.mark.parametrize(("value", "expected"), [
    ("a.png", ("ocr", "image", "a.png")), ("'talk.mp3'", ("ocr", "audio", "'talk.mp3'")),
    ("x.mp4", ("ocr", "video", "x.mp4")), ("notes.txt", ("ocr", "text", "notes.txt")),
    ("table.csv", ("ocr", "text", "table.csv")), ("Hello. You", ("ocr", "text", "Hello. You")),
    ("<node-1>", ("ocr", "image", "text-to-image")), ("About <node-1>!", ("ocr", "image", "text-to-image")),
    ("<node-0>", None), ("<node-7>", ("ocr", "text", "<node-7>"))])
def test_a_parameter_has_the_type_of_its_producer_or_extension(value: str, expected: Any) -> None:
    found = shape_of_gold(gold([("ocr", [value]), ("text-to-image", [])])).parameters
    assert found == (frozenset({expected}) if expected else frozenset())


@pytest.mark.parametrize(("links", "order"), [
    ([], "abc"), ([[2, 0]], "bca"), ([[2, 1], [1, 0]], "cba"), ([[0, 0]], "abc"), ([[0, 1], [1, 0]], "cab")])
def test_tools_stand_in_an_order_in_which_they_can_run(links: list[list[int]], order: str) -> None:
    names = {"a": "ocr", "b": "translation", "c": "summarization"}
    found = shape_of_gold(gold([(name, []) for name in names.values()], *links))
    assert found.tools == tuple(names[letter] for letter in order)


@pytest.mark.parametrize(("one", "other", "expected"), [
    ("", "", 0.0), ("abc", "abc", 0.0), ("", "ab", 1.0), ("abc", "ab", 1 / 3), ("ba", "ab", 1.0),
    ("abcd", "axcd", .25)])
def test_edit_distance_is_over_the_longer(one: str, other: str, expected: float) -> None:
    assert distance(one, other) == distance(other, one) == pytest.approx(expected)


WANTED = Shape(("a", "b"), frozenset({("a", "b")}), frozenset({("a", "text", "x"), ("b", "text", "a")}))
FIGURES: dict[str, tuple[Shape, dict[str, float]]] = {
    "the same": (WANTED, dict.fromkeys(MEASURES, 1.0) | {"edit distance": 0.0}),
    "nothing": (Shape((), frozenset(), frozenset()), dict.fromkeys(MEASURES, 0.0) | {
        "edit distance": 1.0, "precision": math.nan}),
    "one more": (Shape(("a", "b", "c"), frozenset({("a", "b"), ("b", "c")}), WANTED.parameters | {("c", "text", "b")}),
                 {"node F1": .8, "edge F1": 2 / 3, "parameter type F1": .8, "parameter value F1": .8, "exact": 0.0,
                  "accuracy": 0.0, "precision": 2 / 3, "recall": 1.0, "edit distance": 1 / 3}),
    "another value": (Shape(("a", "b"), WANTED.edges, frozenset({("a", "text", "y"), ("b", "text", "a")})),
                      {"parameter type F1": 1.0, "parameter value F1": .5, "exact": 1.0}),
    "a tool twice": (Shape(("a", "a", "b"), WANTED.edges, WANTED.parameters), {"node F1": 1.0, "exact": 0.0}),
    "no edge": (Shape(("a", "b"), frozenset(), WANTED.parameters), {"node F1": 1.0, "edge F1": 0.0, "exact": 0.0}),
}


@pytest.mark.parametrize(("found", "expected"), FIGURES.values(), ids=FIGURES)
def test_measures(found: Shape, expected: dict[str, float]) -> None:
    rows = np.array([counts(found, WANTED)])
    assert {name: figured(name, rows).value for name in expected} == pytest.approx(expected, nan_ok=True)


def test_f1_is_micro_and_its_interval_holds_it() -> None:
    three = Shape(("c", "d", "e"), frozenset(), frozenset())
    rows = np.array([counts(WANTED, WANTED), counts(three, WANTED)] * 10)
    found = figured("node F1", rows)
    assert found.value == pytest.approx(2 * 2 / (5 + 4))
    assert found.edges[0] < found.value < found.edges[1]


def test_a_gain_is_paired() -> None:
    worse, better = counts(Shape(("a",), frozenset(), frozenset()), WANTED), counts(WANTED, WANTED)
    found = differing("recall", np.array([worse] * 5), np.array([better] * 5))
    assert (found.value, found.edges) == (0.5, (0.5, 0.5))


def test_what_cannot_be_counted_is_no_number() -> None:
    assert math.isnan(figured("node F1", np.zeros((0, 15))).value)
    assert math.isnan(figured("edge F1", np.array([counts(Shape(("a",), frozenset(), frozenset()),
                                                           Shape(("a",), frozenset(), frozenset()))])).value)
