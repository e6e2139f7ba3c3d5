"""Questions about papers: receipts, invoices, forms and letters with known fields, drawn and, half of them, damaged.

Needs the fonts of the Debian packages fonts-dejavu-core and fonts-liberation.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.embed import folded
from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.kinds.contents import font
from compegpt.eval.kinds.ocr_damage import DEGRADE
from compegpt.eval.kinds.photographs import Half, Pixels, Random, half, written
from compegpt.schema import Output

SEEDS: Mapping[Part, int] = {"dev": 5_107, "test": 43_003, "fresh": 55_201}
PAPERS = 13
"""Of each sort; each is asked four questions."""
DAMAGE = ("noise", "blur", "low contrast", "rotation", "shadow", "low resolution")
"""In turn on every second paper."""
LEAST = 0.5
"""Similarity below which an answer is wrong altogether."""
Material = Mapping[str, Any]


@dataclass(frozen=True)
class Paper:
    lines: Sequence[tuple[str, str]]
    """Left and right of each line."""
    fields: Mapping[str, str]
    """What may be asked for."""
    item: str = ""


@functools.cache
def _material(part: Half) -> Material:
    data: dict[str, Material] = tomllib.loads(
        (Path(__file__).parent / "data" / "documents.toml").read_text(encoding="utf-8"))
    return data[part]


def _one(material: Material, name: str, random: Random) -> str:
    return str(random.choice(material[name]))


def _date(random: Random, first: int = 2015, last: int = 2026) -> str:
    month, day, year = random.integers(1, 13), random.integers(1, 29), random.integers(first, last + 1)
    return str(random.choice([f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}",
                              f"{month:02}/{day:02}/{year}"]))


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _receipt(material: Material, random: Random) -> Paper:
    goods = [str(name) for name in random.choice(material["goods"], size=3, replace=False)]
    costs = random.choice(np.arange(105, 4_000, 5), size=3, replace=False).tolist()
    tax, date = round(sum(costs) * 0.07), _date(random)
    total, item = sum(costs) + tax, int(random.integers(3))
    lines = [(_one(material, "companies", random), ""), (_one(material, "streets", random), ""), ("Date", date),
             *((name, _amount(cost)) for name, cost in zip(goods, costs, strict=True)),
             ("Tax 7%", _amount(tax)), ("TOTAL", _amount(total)), ("Thank you for your visit", "")]
    return Paper(lines, {"total": _amount(total), "date": date, "item": _amount(costs[item]), "tax": _amount(tax)},
                 goods[item].lower())


def _invoice(material: Material, random: Random) -> Paper:
    number = f"{random.choice(list('ABKRX'))}{random.integers(10_000, 99_999)}"
    customer = _one(material, "people", random)
    issued, due, total = _date(random), _date(random), _amount(int(random.integers(2_000, 90_000)))
    lines = [(_one(material, "companies", random), ""), ("INVOICE", ""), ("Invoice No:", number), ("Issued:", issued),
             ("Payment due:", due), ("Bill to:", customer), (_one(material, "goods", random), total),
             ("Amount due", total)]
    return Paper(lines, {"number": number, "due": due, "customer": customer, "total": total})


def _form(material: Material, random: Random) -> Paper:
    name, town, born = _one(material, "people", random), _one(material, "towns", random), _date(random, 1950, 2008)
    phone = f"0{random.integers(200, 999)} {random.integers(100_000, 999_999)}"
    lines = [("APPLICATION FORM", ""), ("Full name:", name), ("Date of birth:", born),
             ("Street:", _one(material, "streets", random)), ("Town:", town), ("Telephone:", phone),
             ("Signed on:", _date(random))]
    return Paper(lines, {"name": name, "born": born, "phone": phone, "town": town})


def _letter(material: Material, random: Random) -> Paper:
    sender, person = (str(name) for name in random.choice(material["people"], size=2, replace=False))
    subject = _one(material, "subjects", random)
    told = {"meeting": f"{random.integers(8, 18)}:{random.choice(['00', '15', '30', '45'])}",
            "room": str(random.integers(101, 480)), "person": person}
    lines = [(_one(material, "companies", random), ""), (f"Subject: {subject}", ""),
             *((line.format(**told), "") for line in material["letter"]), (sender, "")]
    return Paper(lines, {"subject": subject, "sender": sender, "meeting": told["meeting"], "room": told["room"]})


SORTS: Mapping[str, Callable[[Material, Random], Paper]] = {
    "receipt": _receipt, "invoice": _invoice, "form": _form, "letter": _letter}


def cases(part: Part, folder: Path) -> Iterator[Case]:
    """PNG files below `folder`; the truth is the value of the field that is asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    material, random = _material(half(part)), np.random.default_rng(SEEDS[part])
    for sort, make in SORTS.items():
        for number in range(PAPERS):
            paper = make(material, random)
            damage = DAMAGE[number // 2 % len(DAMAGE)] if number % 2 else ""
            page = _drawn(paper, half(part), random)
            name = f"{SEEDS[part]}-{sort}-{number:02}"
            image = written(DEGRADE[damage](page, random) if damage else page, folder / f"{name}.png")
            for line in material[f"{sort}_questions"]:
                field, *questions = (each.strip() for each in line.split("|"))
                question = str(random.choice(questions)).format(item=paper.item)
                yield Case(f"{name}-{field}", sort, {"image": image, "text": question}, paper.fields[field],
                           "damaged" if damage else "clean")


def _drawn(paper: Paper, part: Half, random: Random) -> Pixels:
    """Grey, dark on light, the right side of each line near the left one or at the margin."""
    from PIL import Image, ImageDraw

    height = int(random.integers(17, 22))
    face, margin, apart = font(part, height, random), int(random.integers(14, 30)), bool(random.random() < 0.5)
    widths = [sum(face.getlength(side) for side in line) + height for line in paper.lines]
    wide = round(max(widths)) + 2 * margin + (60 if apart else 0)
    image = Image.new("L", (wide, round(len(paper.lines) * height * 1.5) + 2 * margin), int(random.integers(232, 256)))
    draw, ink = ImageDraw.Draw(image), int(random.integers(0, 50))
    for number, (left, right) in enumerate(paper.lines):
        top = margin + round(number * height * 1.5)
        draw.text((margin, top), left, fill=ink, font=face)
        place = wide - margin - face.getlength(right) if apart else margin + face.getlength(left) + height
        draw.text((place, top), right, fill=ink, font=face)
    return np.asarray(image)


def anls(output: Output, truth: str) -> float:
    """Normalised Levenshtein similarity to the true value, 0 below LEAST (Biten et al. 2019, DocVQA's measure)."""
    from rapidfuzz.distance import Levenshtein

    alike = Levenshtein.normalized_similarity(_plain(output.get("text", "")), _plain(truth))
    return alike if alike >= LEAST else 0.0


def exact(output: Output, truth: str) -> float:
    """1 for the true value, whatever its case."""
    return float(_plain(output.get("text", "")) == _plain(truth))


def _plain(text: Any) -> str:
    return folded(str(text)).casefold()


KIND = Kind(
    "document-question-answering", cases, {"ANLS": anls, "exact match": exact},
    "receipts, invoices, forms and letters with invented fields, every second one damaged, and four questions about "
    "each; every expert is one reader of text and one finder of answers", right="exact match")
