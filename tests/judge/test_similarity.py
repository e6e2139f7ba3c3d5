from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.embed import Array
from compegpt.judge.similarity import COMPARISONS, compare, is_empty, overlap
from compegpt.tasks import TASKS, Comparison


class Words:
    """Encodes a text as the bag of its words, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Array:
        self.asked += texts
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row, sum(map(ord, word)) % 64] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def similar(how: Comparison, one: dict[str, Any], other: dict[str, Any]) -> float:
    return float(compare([one, other], how, Words())[0, 1])  # type: ignore[list-item]


def labels(**scores: float) -> dict[str, Any]:
    return {"labels": [{"label": name, "score": score} for name, score in scores.items()]}


def boxes(*corners: tuple[float, float, float, float], label: str = "face", **more: Any) -> dict[str, Any]:
    return {"boxes": [{"label": label, "score": 0.9, "box": list(box)} for box in corners], **more}


def speech(*parts: tuple[float, float]) -> dict[str, Any]:
    return {"data": [{"label": "speech", "start": start, "end": end, "score": 1.0} for start, end in parts]}


def phrases(*texts: str) -> dict[str, Any]:
    return {"data": [{"text": text, "score": 0.5} for text in texts]}


@pytest.mark.parametrize(("how", "one", "other", "expected"), [
    ("edit", {"text": "room  12\n"}, {"text": "room 12"}, 1.0),
    ("edit", {"text": "room 12"}, {"text": "room 72"}, 6 / 7),
    ("meaning", {"text": "a b"}, {"text": "b a"}, 1.0),
    ("meaning", {"text": "a"}, {"text": "b"}, 0.0),
    ("labels", labels(dog=1.0), labels(Dog=1.0), 1.0),
    ("labels", labels(dog=1.0), labels(cat=1.0), 0.0),
    ("labels", labels(dog=0.75, cat=0.25), labels(dog=0.5, cat=0.5), 0.875),
    ("labels", labels(dog=0.6, cat=0.4), labels(cat=0.6, dog=0.4), 0.4),
    ("spans", phrases("red car", "tree"), phrases("tree", "red car"), 1.0),
    ("spans", phrases("red car"), phrases("car"), 2 / 3),
    ("spans", phrases("x"), phrases("y"), 0.0),
    ("spans", speech((0, 2)), speech((1, 3)), 1 / 3),
    ("spans", speech((0, 1), (2, 3)), speech((0, 3)), 2 / 3),
    ("boxes", boxes((0, 0, 10, 10)), boxes((0, 0, 10, 10)), 1.0),
    ("boxes", boxes((0, 0, 10, 10)), boxes((0, 0, 10, 5)), 0.5),
    ("boxes", boxes((0, 0, 10, 10)), boxes((0, 0, 10, 10), (50, 50, 60, 60)), 2 / 3),
    ("boxes", boxes((0, 0, 10, 10), label="cat"), boxes((0, 0, 10, 10), label="dog"), 0.0),
    ("boxes", boxes((0, 0, 9, 9), text="4711"), boxes((2, 2, 11, 11), text="4711"), 1.0),
    ("boxes", boxes((0, 0, 9, 9), text="4711"), boxes((0, 0, 9, 9), text="4712"), 0.0),
    ("scores", {"scores": [0.9]}, {"scores": [0.4]}, 0.5),
    ("scores", {"scores": [0.9]}, {"scores": [0.9, 0.1]}, 0.0),
    ("vectors", {"data": [1.0, 0.0]}, {"data": [1.0, 1.0]}, 0.5**0.5),
    ("vectors", {"data": [1.0, 0.0]}, {"data": [-1.0, 0.0]}, 0.0),
    ("vectors", {"data": [1.0, 0.0]}, {"data": [1.0, 0.0, 0.0]}, 0.0),
])
def test_similarity(how: Comparison, one: dict[str, Any], other: dict[str, Any], expected: float) -> None:
    assert similar(how, one, other) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("how", "nothing", "something"), [
    ("edit", {"text": " "}, {"text": "x"}), ("meaning", {"text": ""}, {"text": "x"}),
    ("boxes", {"boxes": [], "image": "/drawn.png"}, boxes((0, 0, 1, 1))), ("spans", {"data": []}, speech((0, 1))),
    ("labels", {"labels": []}, labels(dog=1.0)),
])
def test_nothing_is_like_nothing_and_unlike_something(how: Comparison, nothing: Any, something: Any) -> None:
    assert compare([nothing, something, nothing], how, Words()).tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_each_output_is_encoded_once() -> None:
    words = Words()
    compare([{"text": text} for text in ("a", "b", "c", "d")], "meaning", words)
    assert words.asked == ["a", "b", "c", "d"]


def test_a_matrix_is_symmetric_with_ones_on_its_diagonal_and_within_bounds() -> None:
    outputs: Any = [{"text": text} for text in ("one two", "two three", "", "one", "four")]
    for how in ("edit", "meaning"):
        matrix = compare(outputs, how, Words())  # type: ignore[arg-type]
        assert np.array_equal(matrix, matrix.T)
        assert matrix.diagonal().tolist() == [1.0] * 5
        assert matrix.min() >= 0
        assert matrix.max() <= 1


def test_every_comparison_of_the_task_table_is_there() -> None:
    assert {row.compare for row in TASKS.values()} <= COMPARISONS.keys()


def picture(path: Path, pixels: Any) -> dict[str, Any]:
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return {"image": str(path)}


def test_a_picture_is_like_its_enlargement_and_unlike_another(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 240, 2), (90, 1))
    one = picture(tmp_path / "one.png", ramp)
    larger = picture(tmp_path / "larger.png", np.kron(ramp, np.ones((2, 2))))
    other = picture(tmp_path / "other.png", ramp[:, ::-1])
    assert similar("pictures", one, larger) > 0.97
    assert similar("pictures", one, other) < 0.6
    assert similar("pictures", one, {"image": str(tmp_path / "gone.png")}) == 0


def test_masks_are_matched_by_overlap_whatever_their_order(tmp_path: Path) -> None:
    left, right = np.zeros((64, 64)), np.zeros((64, 64))
    left[:, :32], right[:, 32:] = 255, 255
    paths = [picture(tmp_path / f"{name}.png", mask)["image"] for name, mask in (("left", left), ("right", right))]
    one, other = ({"data": [{"label": "x", "score": 1.0, "image": path} for path in order]}
                  for order in (paths, paths[::-1]))
    assert similar("masks", one, other) == pytest.approx(1)
    assert similar("masks", {"data": one["data"][:1]}, {"data": one["data"][1:]}) == 0


def test_speech_is_unlike_speech_of_twice_its_length_and_noise(tmp_path: Path) -> None:
    import soundfile

    random, seconds = np.random.default_rng(1), np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 220 * seconds) * (seconds % 0.5 < 0.3) * 0.5
    recordings = {"one": tone, "again": 0.8 * tone, "long": np.tile(tone, 2), "noise": random.normal(0, 0.1, 48_000)}
    for name, wave in recordings.items():
        soundfile.write(tmp_path / f"{name}.wav", wave, 16_000)
    one, again, long, noise = ({"audio": str(tmp_path / f"{name}.wav")} for name in recordings)
    assert similar("sound", one, again) > 0.95
    assert similar("sound", one, again) > similar("sound", one, long) > similar("sound", one, noise)
    (tmp_path / "broken.wav").write_bytes(b"RIFF????WAVE")
    assert similar("sound", one, {"audio": str(tmp_path / "broken.wav")}) == 0


def test_a_flat_box_overlaps_nothing() -> None:
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


@pytest.mark.parametrize(("output", "expected"), [
    ({}, True), ({"text": "  "}, True), ({"data": []}, True), ({"boxes": [], "image": "x.png"}, True),
    ({"scores": [0.0]}, False), ({"image": "x.png"}, False), ({"text": "0"}, False)])
def test_what_counts_as_empty(output: dict[str, Any], expected: bool) -> None:
    assert is_empty(output) is expected
