from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import translation
from compegpt.sources.embedded.translation import ENGINES, mode, modes

[APERTIUM] = ENGINES
SPANISH = "El perro come en la casa de mi hermano."
needs_pair = pytest.mark.skipif(shutil.which("apertium") is None or mode("es", "en") is None,
                                reason="the apertium pair eng-spa is not installed")


@needs_pair
async def test_spanish_becomes_english(tmp_path: Path) -> None:
    finding = await APERTIUM.run({"text": SPANISH, "target": "en"}, Store(tmp_path))  # type: ignore[misc]
    assert finding.output["text"] == "The dog eats in the house of my brother."
    assert (finding.confidence, finding.note) == (1.0, None)


@needs_pair
async def test_unknown_words_lose_their_mark_and_lower_the_confidence(tmp_path: Path) -> None:
    args = {"text": "The weather is nice in Blorptown.", "source": "en", "target": "es"}
    finding = await APERTIUM.run(args, Store(tmp_path))  # type: ignore[misc]
    assert "Blorptown" in finding.output["text"]
    assert "*" not in finding.output["text"]
    assert finding.confidence < 1
    assert "1 of" in finding.note


@pytest.mark.parametrize(("installed", "args", "reason"), [
    ({"spa-eng"}, {"text": SPANISH, "target": "en"}, None),
    ({"spa-eng_US"}, {"text": SPANISH, "target": "EN-us"}, None),
    (set(), {"text": SPANISH, "target": "en"}, "from es to en is installed (apt-get install apertium-eng-spa"),
    ({"spa-eng"}, {"text": SPANISH, "source": "es", "target": "xx"}, "no apertium pair from es to xx is installed"),
    ({"spa-eng"}, {"text": SPANISH, "target": "es"}, "in 'es' already"),
])
def test_what_fits_is_told_by_the_installed_pairs(installed: set[str], args: dict[str, str], reason: str | None,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "modes", lambda: frozenset(installed))
    assert APERTIUM.fits is not None
    told = APERTIUM.fits(args)
    assert told is None if reason is None else reason in str(told)


def test_the_plain_mode_comes_before_its_variants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "modes", lambda: frozenset({"spa-eng_US", "spa-eng"}))
    assert mode("es", "en") == "spa-eng"


def test_no_program_means_no_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    modes.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert modes() == frozenset()
    modes.cache_clear()


async def test_an_unfit_pair_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "modes", frozenset)
    with pytest.raises(ExpertError, match="no apertium pair"):
        await APERTIUM.run({"text": SPANISH, "target": "en"}, Store(tmp_path))  # type: ignore[misc]
