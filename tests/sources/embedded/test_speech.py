from __future__ import annotations

import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import speech
from compegpt.sources.embedded.engine import Engine

ENGINES = [pytest.param(engine, id=engine.name,
                        marks=pytest.mark.skipif(bool(engine.missing()), reason=f"{engine.missing()} not installed"))
           for engine in speech.ENGINES]
ALL = {"espeak-ng", "flite", "flite-kal", "festival"}
BY_NAME = {engine.name: engine for engine in speech.ENGINES}
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", [
    "The sheep are on the hill.",
    "-v en --help is what the manual says",
    "/etc/hostname",
    'Quotes " and \\ and (brackets) `ls` $HOME %s',
    "“Curly” quotes – dashes — naïve café",
    "a\x00b\x07 bell\u200b and <speak>markup</speak> and [[phonemes]]",
], ids=["plain", "like an option", "like a path", "like a program", "typographic", "control characters"])
async def test_any_english_text_is_spoken(engine: Engine, text: str, store: Store) -> None:
    finding = await engine.run({"text": text, "language": "en"}, store)
    samples, rate = soundfile.read(finding.output["audio"], dtype="float32")
    assert 0.3 < len(samples) / rate < 30
    assert np.abs(samples).max() > 0.05
    assert finding.confidence is None


@pytest.mark.parametrize("engine", ENGINES)
async def test_longer_texts_last_longer(engine: Engine, store: Store) -> None:
    short, long = [await engine.run({"text": text, "language": "en"}, store) for text in
                   ("The sheep are on the hill.", "The sheep are on the hill. " * 10)]
    assert soundfile.info(long.output["audio"]).duration > 5 * soundfile.info(short.output["audio"]).duration


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", ["!!! ???", "—", "<br/>", "\x00\x01"], ids=repr)
async def test_a_text_without_words_is_refused(engine: Engine, text: str, store: Store) -> None:
    with pytest.raises(ExpertError, match="no letter or digit"):
        await engine.run({"text": text, "language": "en"}, store)
    assert not any(path.exists() for path in store.made)


@needs_espeak
async def test_espeak_speaks_a_hundred_thousand_characters_whole(store: Store, examples: Path) -> None:
    article = (examples / "article.txt").read_text()
    once, many = [await speech.espeak({"text": text, "language": "en"}, store) for text in (article, article * 10)]
    assert soundfile.info(many.output["audio"]).duration > 9.5 * soundfile.info(once.output["audio"]).duration


@needs_espeak
@pytest.mark.parametrize(("text", "language"), [("Guten Morgen, liebe Leute", "de"), ("Привет, мир", "ru"),
                                                ("你好世界", "zh"), ("god morgen", "no")])
async def test_espeak_speaks_other_languages(text: str, language: str, store: Store) -> None:
    finding = await speech.espeak({"text": text, "language": language}, store)
    assert soundfile.info(finding.output["audio"]).duration > 0.5


@needs_espeak
async def test_espeak_has_a_voice_for_every_language_it_claims(store: Store) -> None:
    for language in sorted(speech.ESPEAK):
        text = {"cv": "Салам тӗнче", "he": "שלום עולם", "tk": "Salam dünýä"}.get(language, "2 4")
        finding = await speech.espeak({"text": text, "language": language}, store)
        assert soundfile.info(finding.output["audio"]).duration > 0.2, language


@pytest.mark.parametrize(("args", "fitting"), [
    ({"text": "The weather is fine today, so we walk along the river."}, ALL),
    ({"text": "hello"}, ALL),
    ({"text": "Das Wetter ist heute schön, darum gehen wir am Fluss spazieren."}, {"espeak-ng"}),
    ({"text": "hello", "language": "de"}, {"espeak-ng"}),
    ({"text": "Guten Morgen", "language": "en"}, ALL),
    ({"text": "日本語の文章です", "language": "ja"}, set()),
    ({"text": "hello", "language": "xx"}, set()),
    ({"text": "The sheep are on the hill. " * 4000, "language": "en"}, {"espeak-ng", "flite-kal"}),
], ids=["english", "one word", "german", "asked for german", "asked for english", "kanji", "unknown", "long"])
def test_only_voices_of_the_language_fit(args: dict[str, str], fitting: set[str]) -> None:
    assert {engine.name for engine in speech.ENGINES if engine.fits(args) is None} == fitting


@pytest.mark.parametrize(("script", "message"), [
    ("exit 3", "failed"),
    ("true", "wrote no readable WAV"),
    ('for w in "$@"; do :; done; : > "$w"', "wrote no readable WAV"),
    ('for w in "$@"; do :; done; echo garbage > "$w"', "wrote no readable WAV"),
], ids=["fails", "writes nothing", "writes an empty file", "writes garbage"])
async def test_a_program_that_misbehaves_is_an_error(script: str, message: str, store: Store, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "flite"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ExpertError, match=message):
        await BY_NAME["flite"].run({"text": "hello", "language": "en"}, store)


@pytest.mark.parametrize(("seconds", "message"), [(0.0, "empty"), (1.0, "silent")])
def test_an_empty_or_silent_recording_is_an_error(seconds: float, message: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(int(16_000 * seconds)), 16_000)
    with pytest.raises(ExpertError, match=message):
        speech._checked_wave(tmp_path / "a.wav", "flite")


@pytest.mark.skipif(bool(BY_NAME["flite-kal"].missing()), reason="flite is not installed")
async def test_letters_that_english_lacks_are_told(store: Store) -> None:
    text = "The word for peace is мир and спокойствие"
    finding = await BY_NAME["flite-kal"].run({"text": text, "language": "en"}, store)
    assert "left out" in finding.note


async def test_the_text_file_is_removed(store: Store) -> None:
    engine = BY_NAME["flite-kal"]
    if engine.missing():
        pytest.skip("flite is not installed")
    await engine.run({"text": "hello there", "language": "en"}, store)
    assert [path.suffix for path in store.folder.iterdir()] == [".wav"]


def test_three_families_compete_for_english() -> None:
    assert len({engine.family for engine in speech.ENGINES}) == 3
