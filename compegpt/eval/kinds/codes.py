"""Pictures of one to three matrix and line codes in twelve kinds of damage, and pictures without any code.

The codes are made by ZXing's writer by the standards' rules; its reader takes part like any other.
"""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.photographs import (
    SCENES,
    Half,
    Pixels,
    Random,
    blurred,
    clipped,
    crop,
    flat,
    half,
    jpeg,
    moved,
    noisy,
    resized,
    shaded,
    turned,
    written,
)
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 7_303, "test": 20_561, "fresh": 31_715}
PER_CATEGORY = 22
NO_CODE = "no code"
FORMATS = ("QRCode", "EAN13", "QRCode", "Code128", "QRCode", "EAN13", "DataMatrix", "QRCode", "EAN8", "QRCode",
           "Code39", "Aztec")
"""Symbologies, in turn."""
MATRIX = ("QRCode", "DataMatrix", "Aztec")
RETAIL = {"EAN13": 12, "EAN8": 7}
"""Digits before the check digit."""


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the list of contents, empty where there is no code."""
    folder.mkdir(parents=True, exist_ok=True)
    random, material, turn = np.random.default_rng(SEEDS[part]), half(part), 0
    for category in (*DAMAGE, NO_CODE):
        for number in range(PER_CATEGORY):
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            count = 0 if category == NO_CODE else int(random.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
            formats = [FORMATS[(turn + i) % len(FORMATS)] for i in range(count)]
            turn += count
            if formats:
                contents = [_content(name, material, random) for name in formats]
                picture = DAMAGE[category](_page(formats, contents, material, random), random)
            else:
                contents, picture = [], _without(number, material, random)
            kinds = "matrix codes" if all(name in MATRIX for name in formats) else "with line codes"
            yield Case(name, category, {"image": written(picture, folder / f"{name}.png")}, contents,
                       kinds if formats else NO_CODE)


@functools.cache
def _material() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "data" / "codes.toml").read_text(encoding="utf-8"))


def _content(symbology: str, material: Half, random: Random) -> str:
    """What stands in a code, with its check digit."""
    if symbology in RETAIL:
        return _checked("".join(str(digit) for digit in random.integers(1, 10, size=RETAIL[symbology])))
    forms = _material()[material]["matrix" if symbology in MATRIX else "linear"]
    text = str(random.choice(forms)).replace(":", "" if symbology == "Code39" else ":")
    letters = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
    return "".join(str(random.choice(list(letters[sign]))) if sign in letters else sign for sign in text)


def _checked(digits: str) -> str:
    """EAN's check digit appended: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _code(symbology: str, content: str, random: Random) -> Pixels:
    """Black on white with its quiet zone, three to five pixels a module (line codes two or three)."""
    import zxingcpp

    options = {"ec_level": str(random.choice(list("LMQH")))} if symbology == "QRCode" else {}
    code = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, symbology), **options)
    scale = int(random.integers(3, 6) if symbology in MATRIX else random.integers(2, 4))
    plane = np.array(code.to_image(scale=scale, add_quiet_zones=True))
    if symbology not in MATRIX:
        plane = resized(plane, max(50, int(plane.shape[0] * random.uniform(0.6, 1.0))), plane.shape[1])
    return np.repeat(plane[..., None], 3, axis=2)


def _page(formats: Sequence[str], contents: Sequence[str], material: Half, random: Random) -> Pixels:
    """The codes on paper of one shade, or printed on labels that lie on a photograph."""
    codes = [_code(name, content, random) for name, content in zip(formats, contents, strict=True)]
    gap = int(random.integers(15, 40))
    upright = random.random() < 0.5
    along, across = (0, 1) if upright else (1, 0)
    size = [0, 0]
    size[along] = sum(code.shape[along] for code in codes) + gap * (len(codes) + 1)
    size[across] = max(code.shape[across] for code in codes) + 2 * gap
    light = int(random.integers(225, 256))
    paper = (crop(SCENES[material], size[0], size[1], random) if random.random() < 0.4
             else np.full((*size, 3), light, np.uint8))
    place = gap
    for code in codes:
        corner = [0, 0]
        corner[along] = place
        corner[across] = int(random.integers(gap, size[across] - code.shape[across] - gap + 1))
        ink = int(random.integers(0, 60))
        paper[corner[0] : corner[0] + code.shape[0], corner[1] : corner[1] + code.shape[1]] = clipped(
            ink + code / 255.0 * (light - ink))
        place += code.shape[along] + gap
    return np.ascontiguousarray(paper)


def _without(number: int, material: Half, random: Random) -> Pixels:
    """A photograph, stripes as of a fence or a zebra crossing, or a chequered floor."""
    height, width = (int(side) for side in random.integers(150, 320, size=2))
    if number % 3 == 0:
        return crop(SCENES[material], height, width, random)
    if number % 3 == 1:
        edges = np.cumsum(random.integers(2, 16, size=200))
        row = (np.searchsorted(edges, np.arange(width)) % 2) * 200 + 30
        picture = np.broadcast_to(row[None, :, None], (height, width, 3))
    else:
        side = int(random.integers(4, 20))
        y, x = np.indices((height, width)) // side
        picture = np.repeat(((((x + y) % 2) ^ (random.random((height, width)) < 0.02)) * 190 + 40)[..., None], 3, 2)
    return turned(noisy(clipped(picture), random.uniform(0, 20), random), random.uniform(-30, 30), (200, 200, 200))


# damage


def _turn(page: Pixels, random: Random) -> Pixels:
    return turned(page, random.uniform(8, 172) * random.choice((-1, 1)), (235, 235, 235))


def _perspective(page: Pixels, random: Random) -> Pixels:
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    reach = random.uniform(0.1, 0.3) * np.array([width, height])
    seen = (corners + random.uniform(0, 1, (4, 2)) * reach * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]))
    change = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return np.asarray(cv2.warpPerspective(page, change, (width, height), flags=cv2.INTER_LINEAR,
                                          borderValue=(225, 225, 225)), dtype=np.uint8)


def _small(page: Pixels, random: Random) -> Pixels:
    factor = random.uniform(0.3, 0.55)
    return resized(page, max(30, int(page.shape[0] * factor)), max(30, int(page.shape[1] * factor)))


def _low_contrast(page: Pixels, random: Random) -> Pixels:
    return noisy(flat(page, random.uniform(0.04, 0.15), random.uniform(60, 200)), random.uniform(1, 4), random)


def _dirt(page: Pixels, random: Random) -> Pixels:
    """Blots of ink or light over it."""
    struck = page.copy()
    height, width = page.shape[:2]
    for _ in range(int(random.integers(3, 12))):
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        axes = tuple(int(value) for value in random.integers(3, 18, size=2))
        tone = int(random.choice((20, 120, 250)))
        cv2.ellipse(struck, centre, axes, float(random.uniform(0, 180)), 0, 360, (tone,) * 3, -1, cv2.LINE_AA)
    return struck


def _scratches(page: Pixels, random: Random) -> Pixels:
    struck = page.copy()
    height, width = page.shape[:2]
    for _ in range(int(random.integers(2, 10))):
        ends = [(int(random.integers(0, width)), int(random.integers(0, height))) for _ in range(2)]
        tone, thick = int(random.choice((15, 245))), int(random.integers(1, 5))
        cv2.line(struck, ends[0], ends[1], (tone,) * 3, thick, cv2.LINE_AA)
    return struck


def _curved(page: Pixels, random: Random) -> Pixels:
    """As on a bottle: drawn together towards both sides."""
    height, width = page.shape[:2]
    bend = random.uniform(0.6, 1.35)
    across = np.linspace(-1, 1, width)
    source = (np.arcsin(across * np.sin(bend)) / bend + 1) / 2 * (width - 1)
    sag = random.uniform(0, 0.12) * height * across**2
    x = np.broadcast_to(source, (height, width)).astype(np.float32)
    y = (np.arange(height)[:, None] - sag[None, :]).astype(np.float32)
    return np.asarray(cv2.remap(page, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _mixed(page: Pixels, random: Random) -> Pixels:
    mild: tuple[Callable[[Pixels], Pixels], ...] = (
        lambda p: turned(p, random.uniform(-25, 25), (230, 230, 230)), lambda p: blurred(p, random.uniform(0.8, 1.6)),
        lambda p: noisy(p, random.uniform(10, 35), random), lambda p: flat(p, random.uniform(0.3, 0.6)),
        lambda p: shaded(p, random.uniform(0.2, 0.5), random), lambda p: jpeg(p, int(random.integers(15, 40))),
    )
    for number in random.permutation(len(mild))[:3]:
        page = mild[number](page)
    return page


DAMAGE: Mapping[str, Callable[[Pixels, Random], Pixels]] = {
    "rotation": _turn,
    "blur": lambda page, random: blurred(page, random.uniform(1.0, 3.2)),
    "motion": lambda page, random: moved(page, int(random.integers(4, 12)), random),
    "noise": lambda page, random: noisy(page, random.uniform(30, 110), random),
    "low contrast": _low_contrast, "perspective": _perspective, "small": _small, "dirt": _dirt,
    "scratches": _scratches, "curved": _curved,
    "shadow": lambda page, random: noisy(shaded(page, random.uniform(0.03, 0.25), random), 8, random),
    "mixed": _mixed,
}


def read(output: Output, truth: Sequence[str]) -> float:
    """F1 of the contents that were read, each as often as it stands there; 1 where nothing was read and nothing is."""
    found, wanted = _contents(output), Counter(truth)
    if not found and not wanted:
        return 1.0
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def all_read(output: Output, truth: Sequence[str]) -> float:
    """Whether exactly the codes that are there were read."""
    return float(_contents(output) == Counter(truth))


def _contents(output: Output) -> Counter[str]:
    texts = [str(box["text"]) for box in output.get("boxes", []) if "text" in box]  # type: ignore[typeddict-item]
    return Counter(text.strip() for text in texts or output.get("text", "").splitlines() if text.strip())


KIND = Kind("barcode-detection", cases, {"F1 of the contents": read, "all codes read": all_read},
            "one to three codes (QR, EAN, Code 128, Data Matrix, Code 39, Aztec) in 12 kinds of damage, and pictures "
            "that have none", right="all codes read")
