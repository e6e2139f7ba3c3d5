"""What all kinds whose inputs are pictures share: sizes, categories, repeatability, engines that run."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest

from compegpt.eval.case import Case, Part, kind
from compegpt.media.artifacts import Store
from compegpt.sources.embedded.source import engines

COUNTS = {"barcode-detection": 286, "face-detection": 264, "image-segmentation": 220, "image-upscaling": 256,
          "image-to-image": 256, "canny-control": 240, "lineart-control": 224}
CATEGORIES = {"barcode-detection": 13, "face-detection": 11, "image-segmentation": 10, "image-upscaling": 8,
              "image-to-image": 8, "canny-control": 10, "lineart-control": 8}
LARGEST = {"image-segmentation": 256, "image-upscaling": 128, "image-to-image": 256, "canny-control": 256,
           "lineart-control": 256, "barcode-detection": 3_500, "face-detection": 480}
"""Longest side in pixels that an engine may be given, so that a set takes minutes."""
TASKS = sorted(COUNTS)


FIRST = 40
"""So many cases of a set say whether two sets are alike."""


def made(task: str, part: Part, folder: Path, most: int | None = FIRST) -> list[Case]:
    return list(itertools.islice(kind(task).cases(part, folder), most))


def digest(cases: list[Case]) -> str:
    told = hashlib.sha256()
    for case in cases:
        told.update(repr((case.name, case.category, case.group, case.args.get("text"))).encode())
        told.update(Path(case.args["image"]).read_bytes())
        told.update(Path(case.truth).read_bytes() if isinstance(case.truth, str) else repr(case.truth).encode())
    return told.hexdigest()


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Case]]:
    folder = tmp_path_factory.mktemp("sets")
    return {task: made(task, "test", folder / task, most=None) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_a_set_has_its_size_and_categories(task: str, sets: dict[str, list[Case]]) -> None:
    from PIL import Image

    cases = sets[task]
    assert len(cases) == len({case.name for case in cases}) == COUNTS[task]
    assert len({case.category for case in cases}) == CATEGORIES[task]
    for case in cases:
        with Image.open(case.args["image"]) as picture:
            assert 20 <= max(picture.size) <= LARGEST[task]


@pytest.mark.parametrize("task", TASKS)
def test_the_same_part_is_made_the_same_again(task: str, sets: dict[str, list[Case]], tmp_path: Path) -> None:
    assert digest(made(task, "test", tmp_path / "elsewhere")) == digest(sets[task][:FIRST])


@pytest.mark.parametrize("task", TASKS)
def test_dev_and_test_and_fresh_share_no_picture(task: str, sets: dict[str, list[Case]], tmp_path: Path) -> None:
    dev, test, fresh = ({hashlib.sha256(Path(case.args["image"]).read_bytes()).digest() for case in cases}
                        for cases in (made(task, "dev", tmp_path / "dev"), sets[task],
                                      made(task, "fresh", tmp_path / "fresh")))
    assert not dev & test
    assert not test & fresh


@pytest.mark.parametrize("task", TASKS)
def test_the_measures_are_fractions_and_nothing_is_worth_nothing(task: str, sets: dict[str, list[Case]]) -> None:
    for case in sets[task][:3]:
        for measure in kind(task).measures.values():
            assert measure({}, case.truth) == 0
            assert measure({"image": "/no/such/file.png"}, case.truth) == 0
            assert measure({"image": __file__, "text": "garbage"}, case.truth) == 0


@pytest.mark.parametrize("task", TASKS)
def test_three_engines_of_different_families_are_right_sometimes(task: str, sets: dict[str, list[Case]],
                                                                  tmp_path: Path) -> None:
    case = sets[task][0]
    fitting = [engine for engine in engines(task)
               if not engine.missing() and (engine.fits is None or engine.fits(case.args) is None)]
    assert len({engine.family for engine in fitting}) >= 3
    best = 0.0
    for given in sets[task][:3]:
        output = fitting[0].run(given.args, Store(tmp_path)).output  # type: ignore[union-attr]
        worth = [measure(output, given.truth) for measure in kind(task).measures.values()]
        assert all(0 <= value <= 1 for value in worth)
        best = max(best, *worth)
    assert best > 0.3
