"""Text to speech by system programs: espeak-ng (formants), flite (statistical and diphone voices), festival.

The text reaches a program through a pipe or a file, never on its command line.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.sound import SILENCE
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.threads import in_thread

TASK = "text-to-speech"
_CODES = """
af am an ar as az ba be bg bn bs ca cs cv cy da de el en eo es et eu fa fi fr ga gd gn gu he hi hr ht hu hy ia
id io is it ja ka kk kl kn ko ku ky la lb lt lv mi mk ml mr ms mt my nb ne nl nn no om or pa pl pt qu ro ru sd
si sk sl sq sr sv sw ta te th tk tn tr tt ug uk ur uz vi zh
"""
ESPEAK = frozenset(_CODES.split())
"""ISO 639-1 codes of espeak-ng's voices."""

_VOICES = {"en": "en-us", "zh": "cmn", "no": "nb", "nn": "nb"}
"""espeak-ng's voice where it is not the ISO 639-1 code."""

SLOW_LIMIT = 40_000
"""Characters that the slow voices speak in some 30 s of one core."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[!?][^<>]*>")
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": " - ", "…": "...", "€": " euros ",
                        "£": " pounds ", "ß": "ss", "æ": "ae", "ø": "o"})
_UNSPOKEN = {"Cc", "Cf", "Co", "Cs", "Cn"}
_KEPT = "\n\u200c\u200d"
_KANJI = re.compile("[\u4e00-\u9fff]")
_identifier_lock = threading.Lock()


def spoken(text: str) -> str:
    """The text without markup and control characters, and without what espeak-ng takes for phonemes (`[[`).

    Raises ExpertError where nothing speakable is left.
    """
    text = _TAG.sub(" ", text)
    text = "".join(" " if char not in _KEPT and unicodedata.category(char) in _UNSPOKEN else char for char in text)
    return _checked_text(re.sub(r"\[(?=\[)", "[ ", text))


def ascii_only(text: str) -> str:
    """Accents dropped, typographic signs made plain; what English letters cannot write falls away."""
    return _checked_text(unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "ignore").decode())


def language_of(args: Args) -> str:
    """The ISO 639-1 code that was asked for, else that of the text; English where a short text leaves it open."""
    if args.get("language"):
        return str(args["language"]).lower().split("-")[0]
    text = str(args["text"])[:2000]
    with _identifier_lock:
        language, probability = _identifier().classify(text)
    return "en" if text.isascii() and probability < 0.35 else str(language)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(ESPEAK & set(identifier.labels))
    return identifier


def _checked_text(text: str) -> str:
    if not any(char.isalnum() for char in text):
        raise ExpertError("the text holds no letter or digit that can be spoken; give it words")
    return text


def _checked_wave(path: Path, program: str) -> None:
    """Raises ExpertError where the program wrote no WAV, an empty or a silent one."""
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            seconds = file.frames / file.samplerate
            peaks = [float(np.abs(block).max(initial=0)) for block in file.blocks(1 << 20, dtype="float32")]
    except (soundfile.LibsndfileError, OSError) as error:
        raise ExpertError(f"{program} wrote no readable WAV file") from error
    if seconds < 0.1 or not max(peaks, default=0.0) >= SILENCE:
        raise ExpertError(f"{program} spoke nothing: its recording is {'silent' if seconds >= 0.1 else 'empty'}")


async def espeak(args: Args, store: Store) -> Finding:
    language = language_of(args)
    target = store.new(".wav")
    await run_program(["espeak-ng", "-b", "1", "-v", _VOICES.get(language, language), "--stdin", "-w", str(target)],
                      stdin=spoken(args["text"]).encode("utf-8", "ignore"))
    await in_thread(_checked_wave, target, "espeak-ng")
    return Finding(output={"audio": str(target)})


def _from_file(*command: str) -> Callable[[Args, Store], Awaitable[Finding]]:
    """An English program that reads the text from a file; TEXT and WAV in its command stand for the two paths."""

    async def speak(args: Args, store: Store) -> Finding:
        text = spoken(args["text"])
        plain = ascii_only(text)
        lost = sum(map(str.isalnum, text)) > sum(map(str.isalnum, plain)) + len(text) // 20
        source, target = store.new(".txt"), store.new(".wav")
        source.write_text(plain + "\n", encoding="ascii")
        paths = {"TEXT": str(source), "WAV": str(target)}
        try:
            await run_program([paths.get(word, word) for word in command])
        finally:
            source.unlink(missing_ok=True)
        await in_thread(_checked_wave, target, command[0])
        note = "letters that English does not have were left out" if lost else None
        return Finding(output={"audio": str(target)}, note=note)

    return speak


def _speaks(name: str, languages: frozenset[str], limit: int | None = None) -> Callable[[Args], str | None]:
    def fits(args: Args) -> str | None:
        language = language_of(args)
        if language not in languages:
            return f"{name} has no voice for the language '{language}'"
        if language == "ja" and _KANJI.search(args["text"]):
            return f"{name} cannot read Japanese characters other than kana"
        if limit is not None and len(args["text"]) > limit:
            return f"{name} is too slow for more than {limit:,} characters"
        return None

    return fits


_ENGLISH = frozenset({"en"})
_MODULES = ("py3langid", "soundfile")

ENGINES: tuple[Engine, ...] = (
    Engine("flite", TASK, "clustergen", _from_file("flite", "-voice", "slt", "-f", "TEXT", "-o", "WAV"), _MODULES,
           ("flite",), _speaks("flite", _ENGLISH, SLOW_LIMIT), prior=0.8, languages=_ENGLISH, licence="BSD-like (CMU)",
           install="apt-get install flite", about="Flite, the statistical voice slt, English"),
    Engine("espeak-ng", TASK, "espeak", espeak, _MODULES, ("espeak-ng",), _speaks("espeak-ng", ESPEAK), prior=0.6,
           languages=ESPEAK, licence="GPL-3.0 (program)", install="apt-get install espeak-ng",
           about="eSpeak NG, formant synthesis, many languages"),
    Engine("festival", TASK, "kal-diphone", _from_file("text2wave", "-o", "WAV", "TEXT"), _MODULES, ("text2wave",),
           _speaks("festival", _ENGLISH, SLOW_LIMIT), prior=0.5, languages=_ENGLISH, licence="BSD-like (CMU)",
           install="apt-get install festival", about="Festival, the diphone voice kal, English"),
    Engine("flite-kal", TASK, "kal-diphone", _from_file("flite", "-voice", "kal16", "-f", "TEXT", "-o", "WAV"),
           _MODULES, ("flite",), _speaks("flite-kal", _ENGLISH), prior=0.55, languages=_ENGLISH,
           licence="BSD-like (CMU)", install="apt-get install flite", about="Flite, the diphone voice kal, English"),
)
