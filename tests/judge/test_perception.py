from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from compegpt.judge import perception
from compegpt.judge.perception import listen_to, look_at


def painted(path: Path, colour: str, when: int = 1) -> str:
    Image.new("RGB", (80, 80), colour).save(path)
    os.utime(path, (when, when))
    return str(path)


def recorded(path: Path, loudness: float, when: int) -> str:
    soundfile.write(path, loudness * np.sin(np.arange(8000) / 4), 16000)
    os.utime(path, (when, when))
    return str(path)


def test_a_file_is_decoded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, decoded = painted(tmp_path / "one.png", "red"), []

    def counted(path: str) -> object:
        decoded.append(path)
        return Image.open(path)

    monkeypatch.setattr(perception, "open_image", counted)
    assert look_at(path) is look_at(path)
    assert decoded == [path]


def test_a_picture_that_was_painted_over_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    red, green = (look_at(painted(path, colour, when)) for when, colour in enumerate(("red", "lime")))
    assert red is not None
    assert green is not None
    assert red.colour.tolist() == [1, 0, 0]
    assert green.colour.tolist() == [0, 1, 0]


def test_a_recording_that_was_replaced_is_listened_to_again(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    quiet, loud = (listen_to(recorded(path, loudness, when)) for when, loudness in enumerate((0.1, 0.8)))
    assert quiet is not None
    assert loud is not None
    assert loud.loudness == pytest.approx(8 * quiet.loudness, rel=0.01)


@pytest.mark.parametrize("look", [look_at, listen_to])
@pytest.mark.parametrize("name", ["", "later", "nul\0"], ids=["no path", "not there", "impossible path"])
def test_what_cannot_be_read_is_none(look: object, name: str, tmp_path: Path) -> None:
    assert callable(look)
    assert look(str(tmp_path / name) if name else "") is None


def test_a_file_that_was_missing_is_seen_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    assert look_at(str(path)) is None
    assert look_at(painted(path, "red")) is not None
