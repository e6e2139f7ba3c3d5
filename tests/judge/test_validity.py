from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.judge.validity import CHECKS, checksum_holds, not_repeated, one_script, validity, words_look_right
from compegpt.tasks import TASKS

SOURCE = "The committee met on Monday. It agreed to build the bridge. Work begins in spring, and costs are shared."


@pytest.mark.parametrize("text", [
    "The quick brown fox.", "Jane McAllister, room 12", "KX7-4410-Q", "$1,249.50", "EUR 310.00", "+49 170 1234567",
    "jane.doe@example.org", "https://example.org/a?b=1", "I'm O'Brien", "Grüße aus Köln", "Привет, мир", "你好世界",
    "NASA & ESA", "24.12.2026", "(see p. 4)"])
def test_names_codes_amounts_and_other_scripts_are_valid(text: str) -> None:
    assert words_look_right(text) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("text", ["~|}{_ ^^", "tHe qUlcK bRwn", "xkqzrt bdfgh", "l1ne w0rd5 he11o"])
def test_debris_is_less_valid(text: str) -> None:
    assert (words_look_right(text) or 0) < 0.6


def test_mixed_scripts_are_less_valid() -> None:
    assert one_script("hello") == 1
    assert one_script("hel世界lo界") == pytest.approx(5 / 8)
    assert one_script("123") is None


def test_a_stuck_model_repeats_itself() -> None:
    assert not_repeated("he said that he was there " * 20) < 0.1
    assert not_repeated("a plain sentence without any repetition at all") == 1


def labels(*names: str) -> dict[str, Any]:
    return {"labels": [{"label": name, "score": 0.5} for name in names]}


@pytest.mark.parametrize(("task", "output", "args", "low", "high"), [
    ("summarization", {"text": "The committee agreed to build the bridge."}, {"text": SOURCE}, 1, 1),
    ("summarization", {"text": SOURCE + " And more."}, {"text": SOURCE}, 0, 0.5),
    ("translation", {"text": "Le comité construit le pont"}, {"text": SOURCE, "target": "fr"}, 1, 1),
    ("translation", {"text": "The committee bridge"}, {"text": SOURCE, "target": "fr"}, 0, 0.3),
    ("translation", {"text": "Le pont"}, {"text": SOURCE, "target": "ru"}, 0, 0),
    ("question-answering", {"text": "on Monday"}, {"question": "When?", "context": SOURCE}, 1, 1),
    ("question-answering", {"text": "last Friday"}, {"question": "When?", "context": SOURCE}, 0, 0),
    ("zero-shot-classification", labels("Sport", "art"), {"labels": ["sport", "art"]}, 1, 1),
    ("zero-shot-classification", labels("politics"), {"labels": ["sport", "art"]}, 0, 0),
    ("language-identification", labels("de"), {}, 1, 1),
    ("language-identification", labels("German"), {}, 0, 0),
    ("text-classification", labels("positive"), {}, 1, 1),
    ("keyword-extraction", {"data": [{"text": "Bridge"}, {"text": "tunnel"}]}, {"text": SOURCE}, 0.5, 0.5),
])
def test_validity_of(task: str, output: Any, args: dict[str, Any], low: float, high: float) -> None:
    assert low <= (validity(task, TASKS[task].output, output, args) or 0.0) <= high


@pytest.mark.parametrize(("task", "output", "args"), [
    ("summarization", {"text": "short"}, {}), ("ocr", {"text": ""}, {}), ("face-detection", {"boxes": []}, {}),
    ("sentence-similarity", {"scores": [0.5]}, {}), ("zero-shot-classification", labels("x"), {})])
def test_validity_says_nothing_where_it_cannot_tell(task: str, output: Any, args: dict[str, Any]) -> None:
    assert validity(task, TASKS[task].output, output, args) is None


def test_a_blank_picture_is_not_valid(tmp_path: Path) -> None:
    Image.new("RGB", (50, 50), "grey").save(tmp_path / "blank.png")
    Image.fromarray(np.arange(2500, dtype=np.uint8).reshape(50, 50)).save(tmp_path / "full.png")
    for name, expected in (("blank.png", 0), ("full.png", 1), ("gone.png", 0)):
        assert validity("canny-control", "image", {"image": str(tmp_path / name)}, {}) == expected


def test_upscaling_has_to_enlarge(tmp_path: Path) -> None:
    pixels = np.arange(2500, dtype=np.uint8).reshape(50, 50)
    for name, side in (("in.png", 50), ("out.png", 100)):
        Image.fromarray(pixels).resize((side, side)).save(tmp_path / name)
    args = {"image": str(tmp_path / "in.png")}
    assert validity("image-upscaling", "image", {"image": str(tmp_path / "out.png")}, args) == 1
    assert validity("image-upscaling", "image", {"image": str(tmp_path / "in.png")}, args) == 0


def test_boxes_lie_in_the_picture(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50)).save(tmp_path / "in.png")
    found: Any = {"boxes": [{"label": "face", "score": 1.0, "box": box} for box in ([0, 0, 9, 9], [500, 0, 600, 10])]}
    assert validity("face-detection", "boxes", found, {"image": str(tmp_path / "in.png")}) == 0.5


@pytest.mark.parametrize(("seconds", "loudness", "low", "high"), [
    (3.0, 0.2, 1, 1), (3.0, 0.0, 0, 0), (0.5, 0.2, 0, 0.3), (60.0, 0.2, 0, 0.3)])
def test_speech_takes_the_time_its_text_needs(seconds: float, loudness: float, low: float, high: float,
                                              tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "said.wav", loudness * np.sin(np.arange(int(seconds * 8000)) / 5), 8000)
    text = "This sentence takes some three seconds."
    valid = validity("text-to-speech", "audio", {"audio": str(tmp_path / "said.wav")}, {"text": text})
    assert valid is not None
    assert low <= valid <= high


def test_every_check_is_of_a_known_task() -> None:
    assert CHECKS.keys() <= TASKS.keys()


@pytest.mark.parametrize(("digits", "holds"), [
    ("4006381333931", True), ("4006381333930", False), ("96385074", True), ("036000291452", True),
    ("036000291453", False),
    ("", False), ("40063813339x1", False), ("٤٠٠٦", False)])
def test_checksums(digits: str, holds: bool) -> None:
    assert checksum_holds(digits) == holds


def code(label: str, text: str) -> dict[str, Any]:
    return {"label": label, "score": 1.0, "box": [0, 0, 10, 10], "text": text}


@pytest.mark.parametrize(("codes", "expected"), [
    ([code("EAN_13", "4006381333931")], 1.0), ([code("EAN_13", "4006381333930")], 0.0),
    ([code("EAN_13", "400638133393")], 0.0), ([code("QR_CODE", "4006381333930")], 1.0),
    ([code("EAN_13", "4006381333930"), code("QR_CODE", "x")], 0.5),
], ids=["sound", "wrong digit", "too short", "not its kind", "one of two"])
def test_a_code_whose_checksum_fails_is_not_valid(codes: list[dict[str, Any]], expected: float, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (20, 20)).save(path)
    output: Any = {"boxes": codes, "text": "\n".join(one["text"] for one in codes)}
    assert validity("barcode-detection", "boxes", output, {"image": str(path)}) == expected


def test_an_enlargement_that_clips_is_less_valid(tmp_path: Path) -> None:
    grey = np.tile(np.linspace(40, 215, 100).astype(np.uint8), (100, 1))
    paths = {name: str(tmp_path / f"{name}.png") for name in ("small", "soft", "hard")}
    Image.fromarray(grey).save(paths["small"])
    large = np.kron(grey, np.ones((2, 2), np.uint8)).astype(float)
    Image.fromarray(large.astype(np.uint8)).save(paths["soft"])
    Image.fromarray(np.clip((large - 128) * 3 + 128, 0, 255).astype(np.uint8)).save(paths["hard"])
    soft, hard = (validity("image-upscaling", "image", {"image": paths[name]}, {"image": paths["small"]})
                  for name in ("soft", "hard"))
    assert soft == 1.0
    assert hard is not None
    assert hard < 0.7
