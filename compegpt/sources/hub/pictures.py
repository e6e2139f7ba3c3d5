"""Pictures to and from models: what is sent, boxes and masks that come back, pictures that were made."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media import render
from compegpt.media.artifacts import MAX_PIXELS, Store, media_type, open_image
from compegpt.schema import Box, Finding
from compegpt.sources.hub.outputs import items, label_text, mean, number, share, unreadable
from compegpt.sources.hub.recordings import unpacked

MOST_BOXES = 100
MOST_MASKS = 64
CHAT_SIDE = 1536
"""Pixels of the longer side that chat models are shown; they shrink what is larger themselves."""
_SENT_AS_IS = ("image/png", "image/jpeg")
_ORIENTATION = 0x0112

Array = Any


def payload(path: str) -> Any:
    """Bytes to send, with their type: as they are, or as PNG where a server might not read them or not turn them."""
    from huggingface_hub.inference._common import MimeBytes

    kind = media_type(Path(path))
    if kind in _SENT_AS_IS and _upright(path):
        return MimeBytes(Path(path).read_bytes(), kind)
    return MimeBytes(_png(open_image(path)), "image/png")


def data_url(path: str) -> str:
    """The picture as chat models take it, its longer side at most CHAT_SIDE."""
    image = open_image(path)
    image.thumbnail((CHAT_SIDE, CHAT_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _upright(path: str) -> bool:
    from PIL import Image

    with Image.open(path) as image:
        return bool(image.getexif().get(_ORIENTATION, 1) == 1)


def _png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def boxes(given: Any, path: str, store: Store) -> Finding:
    """Boxes in pixels of the picture, best first, and the picture with them drawn. Raises ExpertError."""
    if given == []:
        return Finding({"boxes": []}, empty=True)
    picture = render.load(path)
    height, width = picture.shape[:2]
    listed = items(given, "a list of boxes")
    found = [box for item in listed if (box := _box(item, width, height)) is not None]
    if not found:
        raise unreadable("a list of boxes in the picture", given)
    found.sort(key=lambda box: -box["score"])
    kept = found[:MOST_BOXES]
    note = f"{len(found) - MOST_BOXES:,} further boxes are left out." if len(found) > MOST_BOXES else None
    return Finding({"boxes": kept, "image": render.save(render.with_boxes(picture, kept), store)},
                   mean(box["score"] for box in kept), note=note)


def faces(given: Any, path: str, store: Store) -> Finding:
    """Boxes of faces: those labelled so, or all of a model that has but one unnamed label. Raises ExpertError where a
    model finds other things and no faces, since that says nothing about faces."""
    listed = [] if given == [] else items(given, "a list of boxes")
    names = {label_text(item.get("label")).lower() for item in listed}
    named = [item for item in listed if "face" in label_text(item.get("label")).lower()]
    if names and not named:
        if len(names) > 1 or not next(iter(names)).startswith(("label_", "object", "head", "0", "1")):
            raise ExpertError(f"It does not look for faces but for other things ({', '.join(sorted(names)[:3])}).")
        named = listed
    return boxes([{**item, "label": "face"} for item in named], path, store)


def _box(item: Mapping[str, Any], width: int, height: int) -> Box | None:
    """One box clipped to the picture; None where it is no box, or lies outside."""
    box = item.get("box")
    given = [box.get(name) for name in ("xmin", "ymin", "xmax", "ymax")] if isinstance(box, Mapping) else box
    if not isinstance(given, list) or len(given) != 4:
        return None
    score, corners = share(item.get("score")), [number(value) for value in given]
    x0, y0, x1, y1 = (value if value is not None else -1.0 for value in corners)
    if score is None or None in corners:
        return None
    if all(isinstance(value, float) and 0 <= value <= 1 for value in given):
        x0, y0, x1, y1 = x0 * width, y0 * height, x1 * width, y1 * height
    x0, x1 = sorted((min(max(x0, 0.0), width), min(max(x1, 0.0), width)))
    y0, y1 = sorted((min(max(y0, 0.0), height), min(max(y1, 0.0), height)))
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    return {"label": label_text(item.get("label")) or "object", "score": score,
            "box": [round(value, 1) for value in (x0, y0, x1, y1)]}


def masks(given: Any, path: str, store: Store) -> Finding:
    """Masks as files of the picture's size, white where the region is, and the picture with them tinted."""
    if given == []:
        return Finding({"data": []}, empty=True)
    picture = render.load(path)
    found: list[tuple[str, float, Array]] = []
    for item in items(given, "a list of masks")[:MOST_MASKS]:
        mask = _mask(item.get("mask"), picture.shape[:2])
        if mask.any():
            score = share(item.get("score"))
            found.append((label_text(item.get("label")) or "region", float(mask.mean()) if score is None else score,
                          mask))
    if not found:
        raise unreadable("a list of masks with anything in them", given)
    found.sort(key=lambda one: -one[1])
    data = [{"label": label, "score": round(score, 6), "image": render.save(mask.astype("uint8") * 255, store)}
            for label, score, mask in found]
    left = len(given) - MOST_MASKS if isinstance(given, list) else 0
    drawn = render.save(render.with_masks(picture, [mask for *_, mask in found]), store)
    return Finding({"data": data, "image": drawn}, mean(score for _, score, _ in found),
                   note=f"{left} further masks are left out." if left > 0 else None)


def _mask(given: Any, shape: Sequence[int]) -> Array:
    """Boolean (height, width)."""
    import numpy as np
    from PIL import Image

    image = decoded(given).convert("L")
    if image.size != (shape[1], shape[0]):
        image = image.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    return np.asarray(image) > 127


def decoded(given: Any) -> Any:
    """The PIL image of a PIL image, of bytes, or of base64 (also as a data URL), fully loaded. Raises ExpertError."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    try:
        if isinstance(given, str):
            given = base64.b64decode(given.rpartition("base64,")[2], validate=True)
        image = Image.open(io.BytesIO(given)) if isinstance(given, bytes) else given
        if not isinstance(image, Image.Image):
            raise unreadable("a picture", given)
        if image.width * image.height > MAX_PIXELS:
            raise ExpertError(f"It made a picture of {image.width} x {image.height} pixels, which is too large.")
        image.load()
    except (UnidentifiedImageError, binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise ExpertError(f"Its answer is not a picture that can be read, but {_kind_of(given)}.") from error
    return image


def _kind_of(given: Any) -> str:
    if not isinstance(given, bytes):
        return "something else"
    first = given[:200].lstrip()[:1]
    return {b"": "empty", b"{": "JSON", b"[": "JSON", b"<": "a web page"}.get(first, "other bytes")


def made(given: Any, store: Store) -> Finding:
    """A picture that was made, also in base64 in an object, as a PNG in the store."""
    image = decoded(unpacked(given, "image", "blob", "b64_json"))
    path = store.new(".png")
    image.convert("RGBA" if image.mode in ("RGBA", "LA", "PA") else "RGB").save(path, compress_level=3)
    return Finding({"image": str(path)})


def depth(given: Any, store: Store) -> Finding:
    """A depth map, from a picture or `{depth: base64}` or `{predicted_depth: rows of numbers}`."""
    if isinstance(given, list) and given:
        given = given[0]
    if isinstance(given, Mapping):
        given = given.get("depth") or given.get("image") or _from_numbers(given.get("predicted_depth"))
    return made(given, store)


def _from_numbers(rows: Any) -> Any:
    import numpy as np
    from PIL import Image

    try:
        values = np.squeeze(np.asarray(rows, dtype=np.float64))
    except (TypeError, ValueError):
        raise unreadable("a depth map", rows) from None
    if values.ndim != 2 or not np.isfinite(values).all():
        raise unreadable("a depth map", rows)
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8))
