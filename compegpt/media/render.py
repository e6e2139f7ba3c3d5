"""Pictures as arrays: load, save, and draw what an engine found.

Arrays are uint8 RGB, shape (height, width, 3), unless said otherwise; boxes are x0, y0, x1, y1 in pixels.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from typing import Any

from compegpt.media.artifacts import Store, open_image
from compegpt.schema import Box

Array = Any
"""numpy.ndarray; the name is not imported here, so that this module stays light."""

COLOURS = ((230, 60, 50), (40, 120, 220), (60, 170, 70), (240, 170, 30), (150, 80, 190), (30, 180, 180), (220, 90, 160),
           (130, 110, 60))

_LOADING = threading.Lock()


def opencv() -> Any:
    """The cv2 module, held to two threads: several engines run side by side.

    Imported under a lock: while it loads, cv2 takes itself out of sys.modules, and a second thread would get half of
    it. What it has to say about a picture is no news for the user: it prints errors only.
    """
    with _LOADING:
        import cv2

        if cv2.getNumThreads() > 2:
            cv2.setNumThreads(2)
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2


def skimage(name: str) -> Any:
    """A submodule of scikit-image; its functions carry no types."""
    return importlib.import_module(f"skimage.{name}")


def load(path: str) -> Array:
    """The picture as an array. Raises InputError where it does not decode."""
    import numpy as np

    return np.asarray(open_image(path))


def within(picture: Array, side: int) -> tuple[Array, float]:
    """The picture shrunk until its longer side is at most `side` pixels, and the factor (at most 1) of its size."""
    height, width = picture.shape[:2]
    factor = min(1.0, side / max(height, width))
    if factor == 1.0:
        return picture, factor
    cv2 = opencv()
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), factor


def grey(picture: Array) -> Array:
    """Luminance, uint8 (height, width)."""
    cv2 = opencv()
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def save(picture: Array, store: Store) -> str:
    """Write an array, RGB or grey, as a PNG of its own in the store; its absolute path."""
    import numpy as np
    from PIL import Image

    path = store.new(".png")
    Image.fromarray(np.ascontiguousarray(picture)).save(path, compress_level=3)
    return str(path)


def with_boxes(picture: Array, boxes: Sequence[Box]) -> Array:
    """A copy with each box drawn as a frame, in a width that shows at the picture's size."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    line = max(2, round(max(image.size) / 250))
    for number, box in enumerate(boxes):
        x0, y0, x1, y1 = box["box"]
        frame = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        draw.rectangle(frame, outline=COLOURS[number % len(COLOURS)], width=line)
        _tag(draw, str(number + 1), (frame[0], frame[1]), line, COLOURS[number % len(COLOURS)])
    return _array(image)


def with_masks(picture: Array, masks: Sequence[Array]) -> Array:
    """A copy with each mask (bool, height x width) tinted in a colour of its own and its outline drawn."""
    cv2 = opencv()
    shown = picture.copy()
    for number, mask in enumerate(masks):
        colour = COLOURS[number % len(COLOURS)]
        stencil = mask.astype("uint8")
        tint = cv2.transform(shown, _tint(colour))
        shown = cv2.copyTo(tint, stencil, shown)
        outline, _ = cv2.findContours(stencil, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(shown, outline, -1, colour, max(1, round(max(mask.shape) / 400)))
    return shown


def _tag(draw: Any, text: str, corner: tuple[float, float], line: int, colour: tuple[int, int, int]) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(max(10, line * 5))
    if font.getlength(text) * 3 > draw.im.size[0]:
        return  # a tag would hide a picture this small
    left, top, right, bottom = draw.textbbox(corner, text, font)
    draw.rectangle((left - line, top - line, right + line, bottom + line), fill=colour)
    draw.text(corner, text, "white", font)


def _tint(colour: tuple[int, int, int]) -> Array:
    """Matrix (3, 4) that mixes 55 % of a pixel with 45 % of the colour."""
    import numpy as np

    return np.hstack([0.55 * np.eye(3), 0.45 * np.array(colour, float)[:, None]])


def _array(image: Any) -> Array:
    import numpy as np

    return np.asarray(image)
