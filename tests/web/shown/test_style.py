from __future__ import annotations

import re

import pytest

from compegpt.web.shown.style import CSS

Colour = tuple[float, float, float]
PAIRS = (("ink", "page"), ("ink", "raised"), ("ink", "line"), ("soft", "page"), ("soft", "raised"), ("good", "page"),
         ("good", "good-page"), ("ink", "good-page"), ("ink", "bad-page"), ("bad", "page"), ("bad", "bad-page"),
         ("busy", "page"), ("busy", "raised"), ("soft", "good-page"), ("soft", "bad-page"))
"""Text and what it stands on."""


def palette(theme: str) -> dict[str, Colour]:
    start = r"^\.cg \{" if theme == "light" else r"^\.dark \.cg \{"
    block = re.search(start + r"(.*?)\}", CSS, re.DOTALL | re.MULTILINE)
    assert block
    made = {name: (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16))
            for name, code in re.findall(r"--cg-([\w-]+): #(\w{6})", block[1])}
    heat = re.search(r"--cg-heat: (\d+), (\d+), (\d+)", block[1])
    assert heat
    return {**made, "heat": (int(heat[1]), int(heat[2]), int(heat[3]))}


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2: (lighter + .05) / (darker + .05) of the relative luminances."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    colours = palette(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_numbers_can_be_read_in_every_shade_of_the_heat_map(theme: str, value: float) -> None:
    colours = palette(theme)
    page, heat = colours["page"], colours["heat"]
    ground = tuple(value * hot + (1 - value) * cold for hot, cold in zip(heat, page, strict=True))
    assert contrast(colours["ink"], ground) >= 4.5  # type: ignore[arg-type]


def test_both_themes_set_the_same_colours() -> None:
    assert palette("light").keys() == palette("dark").keys()


def test_nothing_outside_is_styled_or_fetched() -> None:
    plain = re.sub(r"\{[^{}]*\}", "{}", CSS)
    assert all(name.startswith("cg") for name in re.findall(r"\.([a-z][\w-]*)", plain) if name != "dark")
    for selectors in re.findall(r"^([^@{}\n][^{}]*)\{", CSS, re.MULTILINE):
        assert all(one.strip().startswith((".cg", ".dark .cg")) for one in selectors.split(","))
    assert "url(" not in CSS
    assert "@import" not in CSS


def test_what_is_used_by_keyboard_shows_its_focus() -> None:
    assert ".cg summary:focus-visible" in CSS
