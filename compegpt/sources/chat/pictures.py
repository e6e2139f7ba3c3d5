"""A picture as a chat model is shown it."""

from __future__ import annotations

import base64
import io
from typing import Any

from compegpt.media.artifacts import open_image

SIDE = 1568
"""Pixels of the longer side; models shrink what is larger themselves."""
MOST_BYTES = 1_500_000
_COLOURS = 1_024
"""A picture of no more colours is a drawing or a screen, which a PNG keeps as it is in few bytes."""
_QUALITIES = (90, 75, 60)


def part(path: str) -> dict[str, Any]:
    """The content part of a message that shows the picture. Raises InputError where it does not decode."""
    return {"type": "image_url", "image_url": {"url": data_url(path)}}


def data_url(path: str) -> str:
    """The picture, upright, its longer side at most SIDE pixels, as a data URL of about MOST_BYTES at most."""
    image = open_image(path)
    image.thumbnail((SIDE, SIDE))
    if image.getcolors(_COLOURS) is not None:
        made = _encoded(image, "PNG", optimize=True)
        if len(made) <= MOST_BYTES:
            return _url("image/png", made)
    for quality in _QUALITIES:
        made = _encoded(image, "JPEG", quality=quality)
        if len(made) <= MOST_BYTES:
            break
    return _url("image/jpeg", made)


def _encoded(image: Any, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
