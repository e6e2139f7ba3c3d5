"""Makes degraded pictures of text, deterministically from a seed; `benchmarks/judge.py` lets the OCR engines read them.

Sets `dev`, on which the judge was tuned, and `test`, on which it is reported, share neither seed nor font file nor
wording. `fresh` is `test` with another seed, drawn and scored once, when everything was fixed. Needs the fonts of the
Debian packages fonts-dejavu-core and fonts-liberation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Random = np.random.Generator

_FONTS = Path("/usr/share/fonts/truetype")
FONTS = {
    "test": ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSerif.ttf", "dejavu/DejaVuSansMono.ttf",
             "liberation/LiberationSans-Regular.ttf", "liberation/LiberationSerif-Regular.ttf",
             "liberation/LiberationMono-Regular.ttf", "liberation/LiberationSans-Bold.ttf",
             "liberation/LiberationSerif-Italic.ttf"),
    "dev": ("dejavu/DejaVuSans-Bold.ttf", "dejavu/DejaVuSerif-Bold.ttf", "dejavu/DejaVuSansMono-Bold.ttf",
            "liberation/LiberationSans-Italic.ttf", "liberation/LiberationSerif-Bold.ttf",
            "liberation/LiberationMono-Italic.ttf", "liberation/LiberationSansNarrow-Regular.ttf",
            "liberation/LiberationSerif-BoldItalic.ttf"),
}
FONTS["fresh"] = FONTS["test"]
SEEDS = {"test": (20_261,), "fresh": (31_415,), "dev": (7_003, 7_004)}
"""Each seed makes PER_CATEGORY pictures of every category."""
NO_TEXT = "no text"
"""Category of the pictures that have none, where finding nothing is right."""
PER_CATEGORY = 24

_WORDS = """about after again almost along always animal answer around autumn balance basket because before behind
better between bottle bridge brother bucket butter candle carpet castle change chapter cheese circle
cleaning clever climate coffee colour common corner cotton country course daily danger daughter decide
deliver desert dinner distance doctor double dream early earth either engine evening every example family
farmer father feather finger flower follow forest forward friend garden gather gentle glass golden ground
group happen harbour harvest heavy history holiday honest horse hospital hundred hungry island journey
kitchen ladder language laughter leather lesson letter library listen little machine market matter meadow
measure memory middle minute mirror modern money month morning mother mountain music narrow nature needle
neighbour never noise north nothing number object ocean office often orange other outside paper parent
people person picture planet plant please pocket police potato power pretty promise quarter question quick
quiet rabbit rather reason record remember repair result return river round sailor school season second
secret shadow shelter shoulder silent silver simple sister small smile soldier something south spring
station stone story strange street strong student sudden summer supper surface table teacher thing thought
thousand through ticket together tomorrow tongue travel triangle trouble under until useful valley village
visit voice warm water weather welcome west whisper window winter without woman wonder worker world yellow
yesterday young"""
_FIRST = """Amara Bjorn Carla Dmitri Elif Fatima Gareth Hanako Ingrid Jamal Katja Luis Mireille Nadia Oskar Priya
Quentin Rosa Stefan Tomasz Ulrike Viktor Wanda Xavier Yusuf Zoe Anders Beatriz Cedric Delphine"""
_LAST = """Abernathy Baranowski Castellano Dvorak Eriksen Fitzgerald Grunwald Hosseini Ivanova Jankovic Kowalczyk
Lindqvist McAllister Nakamura Okonkwo Petrov Quigley Rasmussen Szabo Takahashi Unger Vasquez Whitcombe
Yamada Zielinski Oyelaran Thibault Schreiber Halvorsen Mbeki"""
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class TextImage:
    name: str
    category: str
    kind: str
    """`words` or `names, codes and amounts`."""
    text: str
    pixels: Pixels
    """Height x width, grey."""


def images(which: str) -> Iterator[TextImage]:
    """All pictures of the set `test`, `fresh` or `dev`; exits with what to install where a font is missing."""
    absent = [name for name in FONTS[which] if not (_FONTS / name).is_file()]
    if absent:
        raise SystemExit(f"{_FONTS / absent[0]} is missing: apt-get install fonts-dejavu-core fonts-liberation")
    for seed in SEEDS[which]:
        yield from _from_seed(which, seed)


def _from_seed(which: str, seed: int) -> Iterator[TextImage]:
    random, half = np.random.default_rng(seed), int(which == "dev")
    for category, degrade in DEGRADE.items():
        for number in range(PER_CATEGORY):
            kind = ("words", "names, codes and amounts")[number % 2]
            text = _words(random, half) if kind == "words" else _particulars(random, half)
            height = int(random.integers(8, 13) if category == "small" else random.integers(20, 34))
            page = _page(text, str(_FONTS / random.choice(FONTS[which])), height, random)
            yield TextImage(f"{which}-{seed}-{category}-{number:02}", category, kind, text, degrade(page, random))
    for number in range(PER_CATEGORY):
        make = TEXTLESS[number % len(TEXTLESS)]
        yield TextImage(f"{which}-{seed}-{NO_TEXT}-{number:02}", NO_TEXT, NO_TEXT, "", make(random))


def _words(random: Random, half: int) -> str:
    words = [str(word) for word in random.choice(_WORDS.split()[half::2], size=int(random.integers(3, 6)))]
    return " ".join(words).capitalize() if random.random() < 0.5 else " ".join(words)


def _particulars(random: Random, half: int) -> str:
    def digits(count: int) -> str:
        return "".join(str(digit) for digit in random.integers(0, 10, size=count))

    def letters(count: int) -> str:
        return "".join(random.choice(list(_LETTERS), size=count))

    first, last = str(random.choice(_FIRST.split()[half::2])), str(random.choice(_LAST.split()[half::2]))
    amount = f"{random.integers(1, 9)},{digits(3)}.{digits(2)}"
    forms = (
        f"{first} {last}, room {digits(3)}", f"Invoice {letters(2)}-{digits(5)} {last}", f"{first} {last} ${amount}",
        f"{letters(3)}-{digits(4)}-{letters(1)}{digits(1)}", f"EUR {amount} to {last}",
        f"{digits(2)}.{digits(2)}.20{digits(2)} {letters(2)}{digits(3)}",
        f"{first.lower()}.{last.lower()}@{letters(3).lower()}.org", f"+{digits(2)} {digits(3)} {digits(7)}",
        f"Order {digits(3)}/{letters(2)}{digits(2)}, {first}",
        f"{last} & {random.choice(_LAST.split()[half::2])!s} Ltd {digits(4)}",
    )
    return str(random.choice(forms))


def _page(text: str, font: str, height: int, random: Random) -> Pixels:
    """Dark text on light paper with a margin of about one letter."""
    from PIL import Image, ImageDraw, ImageFont

    face = ImageFont.truetype(font, height)
    left, top, right, bottom = (int(edge) for edge in face.getbbox(text))
    margin = int(random.integers(height // 2, height + 6))
    image = Image.new("L", (right - left + 2 * margin, bottom - top + 2 * margin), int(random.integers(228, 256)))
    ImageDraw.Draw(image).text((margin - left, margin - top), text, fill=int(random.integers(0, 60)), font=face)
    return np.asarray(image)


# degradations: page and random numbers in, degraded page out


def _clip(pixels: Any) -> Pixels:
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _small(page: Pixels, random: Random) -> Pixels:
    return page


def _noise(page: Pixels, random: Random) -> Pixels:
    return _clip(page + random.normal(0, random.uniform(25, 130), page.shape))


def _blur(page: Pixels, random: Random) -> Pixels:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), random.uniform(1.5, 4.5)), dtype=np.uint8)


def _rotation(page: Pixels, random: Random) -> Pixels:
    angle = random.uniform(2.0, 20.0) * random.choice((-1, 1))
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    wide = int(width * abs(turn[0, 0]) + height * abs(turn[0, 1]))
    high = int(width * abs(turn[0, 1]) + height * abs(turn[0, 0]))
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return _clip(cv2.warpAffine(page, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=int(page[0, 0])))


def _low_contrast(page: Pixels, random: Random) -> Pixels:
    flat = 128 + (page.astype(float) - 128) * random.uniform(0.03, 0.15)
    return _clip(flat + random.normal(0, random.uniform(2, 7), page.shape))


def _salt_and_pepper(page: Pixels, random: Random) -> Pixels:
    struck = random.random(page.shape)
    share = random.uniform(0.05, 0.45)
    return np.where(struck < share / 2, 0, np.where(struck < share, 255, page)).astype(np.uint8)


def _inverted(page: Pixels, random: Random) -> Pixels:
    return _noise(255 - page, random) if random.random() < 0.6 else _blur(255 - page, random)


def _shadow(page: Pixels, random: Random) -> Pixels:
    height, width = page.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    edge = x * random.choice((-1, 1)) + 0.4 * y + random.uniform(-0.4, 0.4)
    light = 1 - random.uniform(0.6, 0.97) / (1 + np.exp(-random.uniform(4, 30) * edge))
    return _clip(page * light + random.normal(0, random.uniform(5, 20), page.shape))


def _low_resolution(page: Pixels, random: Random) -> Pixels:
    factor = random.uniform(0.18, 0.40)
    small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, page.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _lines_across(page: Pixels, random: Random) -> Pixels:
    struck = page.copy()
    height, width = page.shape
    for _ in range(int(random.integers(2, 12))):
        ends = [int(value) for value in random.integers(0, height, size=2)]
        cv2.line(struck, (0, ends[0]), (width, ends[1]), int(random.integers(0, 120)), int(random.integers(1, 3)))
    return struck


def _jpeg(page: Pixels, random: Random) -> Pixels:
    coded = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(2, 6))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _mixed(page: Pixels, random: Random) -> Pixels:
    mild: tuple[Callable[[Pixels], Pixels], ...] = (
        lambda p: _clip(p + random.normal(0, random.uniform(15, 45), p.shape)),
        lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), random.uniform(1.0, 1.9)), dtype=np.uint8),
        lambda p: np.where(random.random(p.shape) < 0.05, random.choice((0, 255)), p).astype(np.uint8),
        lambda p: _jpeg(p, random), lambda p: _rotation(p, random), lambda p: _lines_across(p, random),
        lambda p: _clip(128 + (p.astype(float) - 128) * random.uniform(0.25, 0.5)),
    )
    for number in random.permutation(len(mild))[:3]:
        page = mild[number](page)
    return page


# pictures without text


def _bare(random: Random) -> Pixels:
    paper = np.full([int(side) for side in random.integers((40, 200), (240, 500))], random.integers(0, 256), np.uint8)
    return _clip(paper + random.normal(0, random.uniform(0, 60), paper.shape))


def _clouds(random: Random) -> Pixels:
    coarse = random.uniform(0, 255, (int(random.integers(3, 9)), int(random.integers(4, 12)))).astype(np.float32)
    size = (int(random.integers(200, 500)), int(random.integers(60, 300)))
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return _clip(smooth + random.normal(0, random.uniform(0, 25), smooth.shape))


def _shapes(random: Random) -> Pixels:
    page = np.full((int(random.integers(80, 300)), int(random.integers(200, 500))), random.integers(120, 256), np.uint8)
    for _ in range(int(random.integers(2, 9))):
        centre = [int(value) for value in random.integers((0, 0), page.shape[::-1])]
        shade, thick = int(random.integers(0, 200)), int(random.choice((-1, 2, 5)))
        cv2.circle(page, centre, int(random.integers(8, 60)), shade, thick)
    return _lines_across(page, random)


TEXTLESS = (_bare, _clouds, _shapes)
DEGRADE: dict[str, Callable[[Pixels, Random], Pixels]] = {
    "small": _small, "noise": _noise, "blur": _blur, "rotation": _rotation, "low contrast": _low_contrast,
    "salt and pepper": _salt_and_pepper, "inverted": _inverted, "shadow": _shadow, "low resolution": _low_resolution,
    "lines across": _lines_across, "strong JPEG": _jpeg, "mixed": _mixed,
}
