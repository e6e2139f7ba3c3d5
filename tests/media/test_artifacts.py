from __future__ import annotations

import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compegpt.errors import InputError, StorageError
from compegpt.media.artifacts import MAX_CHARACTERS, Store, check, copy_out, media_type, open_image, read_text


def huge_png(path: Path, side: int) -> None:
    """A blank grey PNG of side x side pixels in a few kilobytes."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (side + 1)) for _ in range(side)) + packer.flush()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def make(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "empty.png":
        path.touch()
    elif name == "text.png":
        path.write_text("I am no picture.")
    elif name == "short.png":
        Image.effect_noise((64, 64), 50).save(path)
        path.write_bytes(path.read_bytes()[:1500])
    elif name == "folder.png":
        path.mkdir()
    elif name == "huge.png":
        huge_png(path, 20_000)
    elif name == "zero.wav":
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
    elif name == "binary.txt":
        path.write_bytes(bytes(range(256)) * 9)
    elif name == "long.txt":
        path.write_text("a" * (MAX_CHARACTERS + 1))
    elif name == "large.txt":
        path.write_bytes(b"words " * 9_000_000)
    elif name == "blank.txt":
        path.write_text(" \n ")
    return path


@pytest.mark.parametrize(("name", "why"), [
    ("missing.png", "There is no file"), ("empty.png", "is empty"),
    ("text.png", "not an image file: its content is plain"),
    ("short.png", "damaged"), ("folder.png", "directory"), ("huge.png", "20000 x 20000 pixels"),
    ("zero.wav", "0 seconds"), ("binary.txt", "unknown binary data; if it is text, save it as UTF-8"),
    ("long.txt", "200,001 characters"), ("large.txt", "54 MB"), ("blank.txt", "only blanks"),
])
def test_a_bad_file_is_refused_in_one_sentence(tmp_path: Path, name: str, why: str) -> None:
    path = make(tmp_path, name)
    read: dict[str, Callable[[Path], Any]] = {".txt": read_text, ".wav": lambda path: check(path, "audio")}
    with pytest.raises(InputError, match=why) as caught:
        read.get(path.suffix, lambda path: check(path, "image"))(path)
    assert "\n" not in str(caught.value)


def test_the_type_comes_from_the_bytes_not_the_name(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", format="PNG")
    assert media_type(tmp_path / "a.jpg") == "image/png"
    assert check(tmp_path / "a.jpg", "image").is_absolute()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_kind_of_picture_opens_as_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode in ("CMYK", "I;16", "F") else "a.png")
    Image.new(mode, (9, 5)).save(path)
    image = open_image(path)
    assert (image.mode, image.size) == ("RGB", (9, 5))


def test_sixteen_bits_keep_their_tones(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 32_896, dtype=np.uint16)).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (128, 128, 128)


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (255, 255, 255)


def test_half_written_files_are_removed_and_named_ones_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    kept, lost = store.new(".png"), store.new(".png")
    kept.touch()
    lost.touch()
    store.discard_except({str(kept)})
    assert kept.exists()
    assert not lost.exists()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="COMPEGPT_DATA_DIR"):
        Store(tmp_path / "file" / "below").new(".png")


def test_copies_never_overwrite(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes(b"sound")
    names = [copy_out(source, tmp_path / "out", "speech").name for _ in range(3)]
    assert names == ["speech.wav", "speech-2.wav", "speech-3.wav"]
