"""Files that come in and go out: what they are (by their bytes), whether they are sound, where they are kept.

Nothing here trusts a name: the type comes from the first bytes, the size of a picture from its header.
"""

from __future__ import annotations

import os
import shutil
import uuid
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compegpt.errors import InputError, StorageError
from compegpt.schema import Kind

MAX_PIXELS = 40_000_000
MAX_BYTES: dict[Kind, int] = {"text": 5_000_000, "image": 50_000_000, "audio": 200_000_000, "video": 1_000_000_000}
MAX_CHARACTERS = 200_000
"""Longest text a task takes, about a hundred pages."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"), (0, b"\xff\xd8\xff", "image/jpeg"), (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"), (0, b"BM", "image/bmp"), (0, b"II*\x00", "image/tiff"), (0, b"MM\x00*", "image/tiff"),
    (8, b"WAVE", "audio/wav"), (0, b"fLaC", "audio/flac"), (0, b"OggS", "audio/ogg"), (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"), (0, b"\xff\xf3", "audio/mpeg"), (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"), (0, b"\x1aE\xdf\xa3", "video/webm"), (8, b"AVI ", "video/x-msvideo"),
    (0, b"%PDF", "application/pdf"), (0, b"PK\x03\x04", "application/zip"), (0, b"\x1f\x8b", "application/gzip"),
)
_UNKNOWN = "application/octet-stream"


def media_type(path: Path) -> str:
    """MIME type by the first bytes; `text/plain` for what decodes as UTF-8, else `application/octet-stream`."""
    with path.open("rb") as file:
        head = file.read(4096)
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    if b"\0" in head:
        return _UNKNOWN
    try:
        head[:4000].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < 3990:
            return _UNKNOWN
    return "text/plain"


def check(path: Path, kind: Kind) -> Path:
    """The absolute path of a sound file of this kind.

    Raises InputError, with one sentence for the user, where it is missing, a directory, empty, of another kind,
    too large, or does not decode.
    """
    name = path.name or str(path)
    try:
        path = path.expanduser().absolute()
        if not path.exists():
            raise InputError(f"There is no file '{path}'; check the name and the folder.")
        if not path.is_file():
            raise InputError(f"'{path}' is not a file but a {'directory' if path.is_dir() else 'special file'}; "
                             "name a file in it.")
        size = path.stat().st_size
        if size == 0:
            raise InputError(f"'{name}' is empty (0 bytes); give a file with content.")
        found = media_type(path)
    except (OSError, ValueError) as error:
        raise InputError(f"'{name[:100]}' cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if size > MAX_BYTES[kind]:
        raise InputError(f"'{name}' has {size / 1e6:.0f} MB; at most {MAX_BYTES[kind] / 1e6:.0f} MB of {kind} fit, "
                         "so give a smaller part of it.")
    if not (found.startswith(f"{kind}/") or (kind == "audio" and found.startswith("video/"))):
        article = "an" if kind[0] in "aeiou" else "a"
        advice = "; if it is text, save it as UTF-8" if kind == "text" and found == _UNKNOWN else ""
        raise InputError(f"'{name}' is not {article} {kind} file: its content is {_described(found)}{advice}.")
    _CHECKS[kind](path)
    return path


def read_text(path: Path) -> str:
    """Content of a checked text file. Raises InputError where it is not text or longer than MAX_CHARACTERS."""
    check(path, "text")
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path.name}' is not UTF-8 text; save it as UTF-8 and try again.") from error
    if not text.strip():
        raise InputError(f"'{path.name}' holds no text, only blanks.")
    return checked_text(text, f"'{path.name}'")


def checked_text(text: str, name: str = "The text") -> str:
    """The text itself. Raises InputError where it is longer than MAX_CHARACTERS."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{name} has {len(text):,} characters; at most {MAX_CHARACTERS:,} fit, so give a part of it.")
    return text


def open_image(path: str | Path) -> Any:
    """The picture as an RGB PIL image, upright by its EXIF orientation. Raises InputError where it does not decode."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # check() refuses by our own limit, from the header, before anything is decoded
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise InputError(f"'{Path(path).name}' has {width} x {height} pixels; at most {MAX_PIXELS // 10**6} "
                                 "million fit, so scale it down first.")
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                rgba = upright.convert("RGBA")
                white = Image.new("RGBA", rgba.size, "white")
                return Image.alpha_composite(white, rgba).convert("RGB")
            return _eight_bit(upright).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"'{Path(path).name}' is a damaged picture and cannot be decoded ({error}); "
                         "make or fetch it again.") from error


def _eight_bit(image: Any) -> Any:
    """Pictures of 16 or 32 bits scaled to 8; PIL alone would clip them to white."""
    if image.mode not in ("I;16", "I;16B", "I;16L", "I", "F"):
        return image
    import numpy as np
    from PIL import Image

    values = np.asarray(image, dtype=np.float64)
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(values.min()), float(values.max()))
    return Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).round().astype(np.uint8))


def _check_wave(path: Path) -> None:
    if media_type(path) != "audio/wav":
        return
    try:
        with wave.open(str(path)) as file:
            frames = file.getnframes()
    except (wave.Error, EOFError):
        return  # floating-point and extended WAVs are not for the wave module; the engines' readers decide
    if frames == 0:
        raise InputError(f"'{path.name}' is a recording of 0 seconds; give one with sound in it.")


_CHECKS: dict[Kind, Any] = {"text": lambda path: None, "image": open_image, "audio": _check_wave,
                            "video": lambda path: None}


def _described(mime: str) -> str:
    return {"text/plain": "plain text", _UNKNOWN: "unknown binary data"}.get(mime, mime)


@dataclass(frozen=True)
class Store:
    """Where one turn keeps what it makes: a private folder below the data directory."""

    folder: Path
    made: list[Path] = field(default_factory=list)

    def new(self, suffix: str) -> Path:
        """A fresh path ending in `suffix` (".png"); the folder is made on first use. Raises StorageError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError(f"No file can be written below '{self.folder}' ({error.strerror}); "
                               "free some space or set COMPEGPT_DATA_DIR to another folder.") from error
        path = self.folder / f"{uuid.uuid4().hex[:12]}{suffix}"
        self.made.append(path)
        return path

    def discard_except(self, kept: set[str]) -> None:
        """Remove what was made but is not kept (half-written files of engines that failed)."""
        for path in self.made:
            if str(path) not in kept:
                path.unlink(missing_ok=True)


def copy_out(path: Path, folder: Path, name: str) -> Path:
    """Copy an artifact into the user's folder under a readable name that is free. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}{path.suffix}"
        number = 2
        while target.exists():
            target = folder / f"{name}-{number}{path.suffix}"
            number += 1
        shutil.copyfile(path, target)
        os.chmod(target, 0o644)
    except OSError as error:
        raise StorageError(f"Cannot write to the output folder '{folder}' ({error.strerror}); name another folder by "
                           f"--output-dir, the files that were made stay in '{path.parent}'.") from error
    return target
