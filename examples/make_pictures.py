"""Make the sample pictures of this folder: `python examples/make_pictures.py [FOLDER]`.

    receipt.png   a shop receipt photographed on a table: tilted, in perspective, unevenly lit, on uneven paper
    sign.png      a small, noisy, blurred shot of a sign on a farm gate, too coarse to read without enlarging it
    code.png      a QR code on a card, photographed like the receipt

Everything is drawn here from a fixed seed; the same library versions give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

RECEIPT = """
HOLLOW OAK GROCERY
14 Mill Road, Burlington VT
Phone 802-555-0142

Date: 14 March 2026  10:42
Receipt No. 20817

Brown bread             2.45
Whole milk              1.90
Free range eggs         3.60
Cheddar cheese          4.75
Red apples              2.88
Ground coffee           5.20

SUBTOTAL               20.78
TAX 5%                  1.04
TOTAL                 $21.82
Paid by card          $21.82

Thank you for shopping with
us. Please keep this receipt
to return unopened goods for
a full refund within thirty
days. See you again soon!
"""
SIGN = ("PLEASE CLOSE", "THE GATE", "Sheep are grazing")
CODE = "Trail 7, Alder Ridge: 5 miles, allow 3 hours. https://example.org/trails/7"
Array = Any


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A DejaVu font as it comes with matplotlib, so that no system font matters."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")), size)


def clouds(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> Array:
    """Smooth random field in [-1, 1] with bumps about `cell` pixels wide."""
    coarse = rng.uniform(-1, 1, (shape[0] // cell + 2, shape[1] // cell + 2)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def paper(width: int, height: int, shade: tuple[int, int, int], rng: np.random.Generator) -> Image.Image:
    """A blank sheet with fibres and faint creases."""
    grain = 3 * clouds((height, width), 3, rng) + 4 * clouds((height, width), 60, rng)
    return Image.fromarray(np.clip(np.array(shade) + grain[..., None], 0, 255).astype(np.uint8))


def photographed(sheet: Image.Image, size: tuple[int, int], corners: list[tuple[int, int]],
                 rng: np.random.Generator) -> Image.Image:
    """`sheet` on a wooden table, its corners (clockwise from top left) there, lit from the upper left."""
    width, height = size
    rings = clouds((height, width), 90, rng) * 5 + np.linspace(0, 22, height)[:, None]
    table = np.array([104, 78, 56]) + (9 * np.sin(rings * 2.2) + 4 * clouds((height, width), 4, rng))[..., None]
    source = np.array([(0, 0), (sheet.width, 0), sheet.size, (0, sheet.height)], np.float32)
    warp = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    laid = cv2.warpPerspective(np.asarray(sheet), warp, size, flags=cv2.INTER_AREA).astype(np.float32)
    cover = cv2.warpPerspective(np.ones((sheet.height, sheet.width), np.float32), warp, size)
    shadow = cv2.GaussianBlur(np.roll(cover, (10, 10), (0, 1)), (0, 0), 9)
    scene = table * (1 - 0.55 * shadow)[..., None] * (1 - cover)[..., None] + laid * cover[..., None]
    y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    light = 1.06 - 0.38 * np.hypot(x - 0.25, y - 0.2) + 0.03 * clouds((height, width), 200, rng)
    scene = cv2.GaussianBlur(scene * light[..., None], (0, 0), 0.7) + rng.normal(0, 2.5, (height, width, 1))
    return Image.fromarray((np.clip(scene, 0, 255) // 4 * 4).astype(np.uint8))


def receipt(rng: np.random.Generator) -> Image.Image:
    lines = RECEIPT.strip().split("\n")
    sheet = paper(700, 46 * len(lines) + 90, (244, 241, 232), rng)
    draw = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        heavy = line.startswith("TOTAL") or row == 0
        face = font("DejaVuSansMono-Bold" if heavy else "DejaVuSansMono", 29)
        left = (700 - draw.textlength(line, face)) / 2 if row < 3 else 98
        draw.text((left, 45 + 46 * row), line, (48, 46, 52), face)
    return photographed(sheet, (760, 1130), [(112, 44), (664, 62), (690, 1080), (66, 1064)], rng)


def sign(rng: np.random.Generator) -> Image.Image:
    """One pixel of the outcome is eleven of the drawing: the small letters are six pixels high."""
    grass = np.array([92, 112, 70]) + (26 * clouds((616, 1056), 30, rng) + 14 * clouds((616, 1056), 9, rng))[..., None]
    scene = Image.fromarray(np.clip(grass, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(scene)
    for left in (220, 800):
        draw.rectangle((left, 330, left + 50, 616), fill=(96, 82, 66))
    draw.rounded_rectangle((128, 100, 928, 460), 30, (222, 214, 178), (70, 60, 40), 10)
    for middle, size, text in zip((180, 275, 380), (86, 86, 66), SIGN, strict=True):
        draw.text((528, middle), text, (46, 40, 36), font("DejaVuSans-Bold", size), "mm")
    tilt = cv2.getRotationMatrix2D((528, 308), 2.0, 1)
    turned = cv2.warpAffine(np.asarray(scene), tilt, scene.size, borderMode=cv2.BORDER_REFLECT)
    small = cv2.resize(cv2.GaussianBlur(turned, (0, 0), 2.0), (96, 56), interpolation=cv2.INTER_AREA)
    grainy = small * np.linspace(1.05, 0.75, 96)[:, None] + rng.normal(0, 8, (56, 96, 3))
    return Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8))


def code(rng: np.random.Generator) -> Image.Image:
    modules = cv2.QRCodeEncoder.create().encode(CODE)
    square = cv2.resize(modules, (420, 420), interpolation=cv2.INTER_NEAREST)
    sheet = paper(520, 600, (247, 246, 240), rng)
    sheet.paste(Image.fromarray(np.where(square > 127, 244, 34).astype(np.uint8)), (50, 50))
    ImageDraw.Draw(sheet).text((260, 530), "SCAN ME", (50, 50, 60), font("DejaVuSans-Bold", 44), "mm")
    return photographed(sheet, (760, 720), [(196, 66), (628, 132), (560, 640), (90, 548)], rng)


PICTURES = {"receipt.png": receipt, "sign.png": sign, "code.png": code}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, draw) in enumerate(PICTURES.items()):
        draw(np.random.default_rng(2026 + number)).save(folder / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
