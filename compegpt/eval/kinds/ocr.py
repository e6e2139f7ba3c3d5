"""Degraded pictures of text: twelve kinds of damage, six kinds of text, three layouts, and pictures without any text.

Needs the fonts of the Debian packages fonts-dejavu-core and fonts-liberation.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from compegpt.embed import folded
from compegpt.errors import InputError
from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.ocr_damage import DEGRADE, TEXTLESS, Pixels, Random
from compegpt.schema import Output

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
SEEDS: dict[Part, tuple[int, ...]] = {"dev": (7_003, 7_004), "test": (20_261,), "fresh": (31_415,)}
"""Each seed makes PER_CATEGORY pictures of every category."""
PER_CATEGORY = 30
NO_TEXT = "no text"
"""Category of the pictures that have none, where finding nothing is right."""
WORDS, PARTICULARS, INVENTED, LANGUAGES = "words", "names, codes and amounts", "invented words", "other languages"
TEXTS = (WORDS, PARTICULARS, WORDS, PARTICULARS, INVENTED, LANGUAGES)
"""Kinds of text, in turn."""
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`. Raises InputError, with what to install, where a font is missing."""
    fonts = FONTS["dev" if part == "dev" else "test"]
    absent = [name for name in fonts if not (_FONTS / name).is_file()]
    if absent:
        raise InputError(f"The font {_FONTS / absent[0]} is missing: apt-get install fonts-dejavu-core "
                         "fonts-liberation")
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS[part]:
        random, material = np.random.default_rng(seed), _material()["dev" if part == "dev" else "test"]
        for category in (*DEGRADE, NO_TEXT):
            for number in range(PER_CATEGORY):
                kind, text, pixels = _made(category, number, material, fonts, random)
                name = f"{seed}-{category.replace(' ', '-')}-{number:02}"
                cv2.imwrite(str(folder / f"{name}.png"), pixels)
                yield Case(name, category, {"image": str(folder / f"{name}.png")}, text, kind)


def _made(category: str, number: int, material: Mapping[str, Any], fonts: tuple[str, ...],
          random: Random) -> tuple[str, str, Pixels]:
    if category == NO_TEXT:
        return NO_TEXT, "", TEXTLESS[number % len(TEXTLESS)](random)
    kind = TEXTS[number % len(TEXTS)]
    layout = random.choice(["line", "lines", "columns"], p=[0.7, 0.2, 0.1])
    lines = [_text(kind, material, random) for _ in range(1 if layout == "line" else int(random.integers(2, 5)))]
    height = int(random.integers(8, 13) if category == "small" else random.integers(20, 34))
    page, text = _page(lines, str(_FONTS / random.choice(fonts)), height, layout == "columns", random)
    return kind, text, DEGRADE[category](page, random)


@functools.cache
def _material() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "data" / "ocr.toml").read_text(encoding="utf-8"))


def _text(kind: str, material: Mapping[str, Any], random: Random) -> str:
    if kind == PARTICULARS:
        return _particulars(material, random)
    if kind == LANGUAGES:
        language = str(random.choice(list(material["sentences"])))
        return str(random.choice(material["sentences"][language]))
    count = int(random.integers(3, 6))
    if kind == WORDS:
        words = [str(word) for word in random.choice(material["words"].split(), size=count)]
    else:
        syllables = material["syllables"].split()
        words = ["".join(random.choice(syllables, size=int(random.integers(2, 4)))) for _ in range(count - 1)]
    return " ".join(words).capitalize() if random.random() < 0.5 else " ".join(words)


def _particulars(material: Mapping[str, Any], random: Random) -> str:
    def digits(count: int) -> str:
        return "".join(str(digit) for digit in random.integers(0, 10, size=count))

    def letters(count: int) -> str:
        return "".join(random.choice(list(_LETTERS), size=count))

    first = str(random.choice(material["first_names"].split()))
    last, other = (str(name) for name in random.choice(material["last_names"].split(), size=2))
    amount = f"{random.integers(1, 9)},{digits(3)}.{digits(2)}"
    forms = (
        f"{first} {last}, room {digits(3)}", f"Invoice {letters(2)}-{digits(5)} {last}", f"{first} {last} ${amount}",
        f"{letters(3)}-{digits(4)}-{letters(1)}{digits(1)}", f"EUR {amount} to {last}",
        f"{digits(2)}.{digits(2)}.20{digits(2)} {letters(2)}{digits(3)}",
        f"{first.lower()}.{last.lower()}@{letters(3).lower()}.org", f"+{digits(2)} {digits(3)} {digits(7)}",
        f"Order {digits(3)}/{letters(2)}{digits(2)}, {first}", f"{last} & {other} Ltd {digits(4)}",
    )
    return str(random.choice(forms))


def _page(lines: list[str], font: str, height: int, columns: bool, random: Random) -> tuple[Pixels, str]:
    """Dark text on light paper with a margin of about one letter, and the text in reading order.

    Where there are columns each line's last word stands at the right edge, as amounts on a receipt do.
    """
    from PIL import Image, ImageDraw, ImageFont

    face, step = ImageFont.truetype(font, height), int(height * random.uniform(1.4, 1.9))
    pieces = [line.rsplit(" ", 1) if columns and " " in line else [line] for line in lines]
    gap = int(height * random.uniform(2, 5))
    wide = max(int(sum(face.getlength(piece) for piece in row)) + gap * (len(row) - 1) for row in pieces)
    margin = int(random.integers(height // 2, height + 6))
    image = Image.new("L", (wide + 2 * margin, step * (len(lines) - 1) + int(1.3 * height) + 2 * margin),
                      int(random.integers(228, 256)))
    draw, ink = ImageDraw.Draw(image), int(random.integers(0, 60))
    for number, row in enumerate(pieces):
        draw.text((margin, margin + number * step), row[0], fill=ink, font=face)
        if len(row) > 1:
            left = margin + wide - int(face.getlength(row[1]))
            draw.text((left, margin + number * step), row[1], fill=ink, font=face)
    return np.asarray(image), "\n".join(lines)


def accuracy(output: Output, truth: str) -> float:
    """1 - character error: edit distance / length of the truth, at most 1, white space folded."""
    from rapidfuzz.distance import Levenshtein

    text, wanted = folded(output.get("text", "")), folded(truth)
    return 1 - min(1.0, Levenshtein.distance(text, wanted) / max(1, len(wanted)))


def exact(output: Output, truth: str) -> float:
    return float(folded(output.get("text", "")) == folded(truth))


KIND = Kind("ocr", cases, {"character accuracy": accuracy, "exact match": exact},
            "pictures of one to four lines of text in 12 kinds of damage: common words, names and codes, invented "
            "words, six other languages", also=("exact match",), right="exact match", unjudged=frozenset({NO_TEXT}))
