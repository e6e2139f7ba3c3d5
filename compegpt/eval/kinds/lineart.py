"""Ink drawings on paper, spoilt in eight ways; the truth is where the pen went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.contents import font, lines
from compegpt.eval.kinds.edges import boundary_f1, boundary_f1_strict
from compegpt.eval.kinds.photographs import (
    TEXTURES,
    Half,
    Pixels,
    Random,
    blurred,
    clipped,
    crop,
    half,
    jpeg,
    noisy,
    shaded,
    written,
)

SEEDS: Mapping[Part, int] = {"dev": 7_703, "test": 20_961, "fresh": 32_115}
PER_CATEGORY = 28
SIDE = 180


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the path of a grey PNG with the strokes in white."""
    folder.mkdir(parents=True, exist_ok=True)
    random, material = np.random.default_rng(SEEDS[part]), half(part)
    for category, damage in DAMAGE.items():
        for number in range(PER_CATEGORY):
            name = f"{SEEDS[part]}-{category.replace(' ', '-')}-{number:02}"
            motif = list(MOTIFS)[number % len(MOTIFS)]
            ink = MOTIFS[motif](material, random)
            picture = damage(_inked(ink, category, material, random), random)
            yield Case(name, category, {"image": written(picture, folder / f"{name}.png")},
                       written(np.asarray((ink >= 128) * 255, np.uint8), folder / f"{name}-true.png"), motif)


# motifs: where the pen goes, white on black, with smooth edges


def _figures(material: Half, random: Random) -> Pixels:
    ink = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(int(random.integers(3, 8))):
        thick, centre = int(random.integers(1, 5)), tuple(int(value) for value in random.integers(20, SIDE - 20, 2))
        if random.random() < 0.4:
            axes = tuple(int(value) for value in random.integers(8, 60, 2))
            cv2.ellipse(ink, centre, axes, random.uniform(0, 180), 0, 360, 255, thick, cv2.LINE_AA)
        else:
            points = np.array(centre) + random.integers(-60, 61, (int(random.integers(2, 6)), 2))
            cv2.polylines(ink, [points.astype(np.int32)], bool(random.random() < 0.6), 255, thick, cv2.LINE_AA)
    return ink


def _scribble(material: Half, random: Random) -> Pixels:
    """Bent strokes, each through four to seven points."""
    from scipy.interpolate import make_interp_spline

    ink = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(int(random.integers(2, 7))):
        points = random.uniform(5, SIDE - 5, (int(random.integers(4, 8)), 2))
        curve = make_interp_spline(np.arange(len(points)), points, k=3)(np.linspace(0, len(points) - 1, 120))
        cv2.polylines(ink, [np.round(curve).astype(np.int32)], False, 255, int(random.integers(1, 5)), cv2.LINE_AA)
    return ink


def _lettering(material: Half, random: Random) -> Pixels:
    from PIL import Image, ImageDraw

    image = Image.new("L", (SIDE, SIDE), 0)
    draw, height = ImageDraw.Draw(image), int(random.integers(20, 36))
    for top in range(int(random.integers(2, 15)), SIDE - height, int(height * 1.6)):
        draw.text((6, top), str(random.choice(lines(material))), fill=255, font=font(material, height, random))
    return np.asarray(image)


MOTIFS: Mapping[str, Callable[[Half, Random], Pixels]] = {"figures": _figures, "scribble": _scribble,
                                                          "lettering": _lettering}


def _inked(ink: Pixels, category: str, material: Half, random: Random) -> Pixels:
    """The strokes in a dark colour on paper: of one light shade, washed in colours, or rough."""
    paper = np.broadcast_to(random.uniform(205, 255, 3), (SIDE, SIDE, 3))
    if category == "washes":
        wash = cv2.resize(random.uniform(120, 255, (4, 4, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        paper = np.clip(wash, 110, 255)
    if category == "rough paper":
        rough = crop(TEXTURES[material], SIDE, SIDE, random).mean(axis=2, keepdims=True)
        paper = 200 + (rough - rough.mean()) * random.uniform(0.5, 1.3) * np.ones(3)
    dark = random.uniform(150, 205, 3) if category == "pencil" else random.uniform(0, 90, 3)
    share = ink[..., None] / 255.0
    return clipped(paper * (1 - share) + dark * share)


DAMAGE: Mapping[str, Callable[[Pixels, Random], Pixels]] = {
    "ink": lambda picture, random: noisy(picture, random.uniform(2, 10), random),
    "pencil": lambda picture, random: noisy(picture, random.uniform(5, 18), random),
    "washes": lambda picture, random: noisy(picture, random.uniform(5, 30), random),
    "rough paper": lambda picture, random: picture,
    "noise": lambda picture, random: noisy(picture, random.uniform(40, 110), random),
    "blur": lambda picture, random: noisy(blurred(picture, random.uniform(1.5, 4)), 3, random),
    "shadow": lambda picture, random: noisy(shaded(picture, random.uniform(0.02, 0.2), random), 6, random),
    "JPEG": lambda picture, random: jpeg(noisy(picture, 15, random), int(random.integers(1, 8))),
}

KIND = Kind("lineart-control", cases,
            {"stroke F1 (2 pixels)": boundary_f1, "stroke F1 (1 pixel)": boundary_f1_strict},
            "drawings of 180 x 180 pixels (figures, bent strokes, lettering) in ink or pencil, washed, rough, in "
            "noise, blur, shadow: lines against where the pen went")
