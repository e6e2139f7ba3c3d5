"""What a picture may show: a part of a photograph, a page of text, a drawing. For pictures that are then spoilt.

Needs the fonts of the Debian packages fonts-dejavu-core and fonts-liberation.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from compegpt.errors import InputError
from compegpt.eval.case import Case, Part
from compegpt.eval.kinds.ocr import FONTS
from compegpt.eval.kinds.photographs import SCENES, Half, Pixels, Random, crop, half, written

FONT_FOLDER = Path("/usr/share/fonts/truetype")
Draw = Callable[[Half, int, Random], Pixels]
"""Takes the half, the side in pixels, random numbers; gives a square picture."""


@functools.cache
def lines(part: Half, kind: str = "lines") -> tuple[str, ...]:
    """`lines` that stand on pages, or `requests` to take noise away."""
    data = tomllib.loads((Path(__file__).parent / "data" / "pictures.toml").read_text(encoding="utf-8"))
    return tuple(data[part][kind])


def font(part: Half, height: int, random: Random) -> Any:
    """A face of that height in pixels. Raises InputError, with what to install, where it is missing."""
    from PIL import ImageFont

    path = FONT_FOLDER / str(random.choice(FONTS[part]))
    if not path.is_file():
        raise InputError(f"The font {path} is missing: apt-get install fonts-dejavu-core fonts-liberation")
    return ImageFont.truetype(str(path), height)


def shade(random: Random, low: int, high: int) -> tuple[int, int, int]:
    """A colour with each channel in [low, high)."""
    red, green, blue = (int(value) for value in random.integers(low, high, size=3))
    return red, green, blue


def photographed(part: Half, side: int, random: Random) -> Pixels:
    return crop(SCENES[part], side, side, random)


def page(part: Half, side: int, random: Random) -> Pixels:
    """Lines of dark text on light paper, or the reverse, cut where the picture ends."""
    from PIL import Image, ImageDraw

    height = int(random.integers(18, 35))
    paper, ink = shade(random, 215, 256), shade(random, 0, 80)
    if random.random() < 0.2:
        paper, ink = ink, paper
    image = Image.new("RGB", (side, side), paper)
    draw, face = ImageDraw.Draw(image), font(part, height, random)
    top = int(random.integers(2, height))
    while top < side:
        draw.text((int(random.integers(2, height)), top), str(random.choice(lines(part))), fill=ink, font=face)
        top += int(height * 1.5)
    return np.asarray(image)


def drawing(part: Half, side: int, random: Random) -> Pixels:
    """Plain shapes and lines with smooth edges: a diagram, a map, a sign."""
    large = np.full((2 * side, 2 * side, 3), shade(random, 120, 256), np.uint8)
    for _ in range(int(random.integers(5, 12))):
        colour, thick = shade(random, 0, 256), int(random.choice((-1, -1, 3, 7)))
        points = random.integers(0, 2 * side, size=(int(random.integers(3, 6)), 2)).astype(np.int32)
        centre, reach = tuple(map(int, points[0])), int(random.integers(side // 10, side // 2))
        form = random.integers(3)
        if form == 0:
            cv2.circle(large, centre, reach, colour, thick, cv2.LINE_AA)
        elif form == 1:
            cv2.rectangle(large, centre, tuple(map(int, points[1])), colour, thick, cv2.LINE_AA)
        else:
            hull = cv2.convexHull(points)
            if thick < 0:
                cv2.fillConvexPoly(large, hull, colour, cv2.LINE_AA)
            else:
                cv2.polylines(large, [points], form == 2, colour, thick, cv2.LINE_AA)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


CONTENTS: Mapping[str, Draw] = {"photograph": photographed, "text": page, "drawing": drawing}
TURNS = ("photograph", "text", "photograph", "drawing")
"""Contents, in turn."""


@dataclass(frozen=True)
class Spoilt:
    """A set of pictures each of which was spoilt in one way; the truth is the picture before."""

    seeds: Mapping[Part, int]
    per_category: int
    side: int
    """Of the true picture, in pixels."""
    spoil: Mapping[str, Callable[[Pixels, Random], Pixels]]
    asked: bool = False
    """Whether the case says in words what is wanted (`requests`)."""

    def cases(self, part: Part, folder: Path) -> Iterator[Case]:
        """PNG files below `folder`: what is given, and the truth."""
        folder.mkdir(parents=True, exist_ok=True)
        random, material = np.random.default_rng(self.seeds[part]), half(part)
        for category, spoil in self.spoil.items():
            for number in range(self.per_category):
                content = TURNS[number % len(TURNS)]
                true = CONTENTS[content](material, self.side, random)
                name = f"{self.seeds[part]}-{category.replace(' ', '-')}-{number:02}"
                args = {"image": written(spoil(true, random), folder / f"{name}.png")}
                if self.asked:
                    args["text"] = str(random.choice(lines(material, "requests")))
                yield Case(name, category, args, written(true, folder / f"{name}-true.png"), content)
