"""Translation by Apertium: rules and dictionaries for pairs of related languages, installed pair by pair.

Apertium marks a word that it does not know with `*`: the mark is taken off, and the share of known words is the
engine's confidence.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.programs import asked, decoded, run_program
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.language import identified
from compegpt.threads import in_thread

_CODES = {
    "af": "afr", "an": "arg", "ar": "ara", "be": "bel", "bg": "bul", "br": "bre", "ca": "cat", "cy": "cym", "da": "dan",
    "de": "deu", "en": "eng", "eo": "epo", "es": "spa", "eu": "eus", "fr": "fra", "ga": "gle", "gd": "gla", "gl": "glg",
    "hi": "hin", "id": "ind", "is": "isl", "it": "ita", "kk": "kaz", "mk": "mkd", "ms": "msa", "mt": "mlt", "nl": "nld",
    "nn": "nno", "no": "nob", "oc": "oci", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sc": "srd", "se": "sme",
    "sl": "slv", "sv": "swe", "tr": "tur", "tt": "tat", "uk": "ukr", "ur": "urd", "hr": "hbs", "sr": "hbs", "bs": "hbs",
}
"""ISO 639-1 to the ISO 639-3 codes that Apertium's modes use (hbs: Serbo-Croatian)."""

_UNKNOWN = re.compile(r"\*(?=\w)")
_WORD = re.compile(r"[^\W\d_]+")


@functools.cache
def modes() -> frozenset[str]:
    """Names of the installed translation modes, such as "spa-eng"; none where Apertium is not there or hangs."""
    return frozenset(asked(["apertium", "-l"]).split())


def mode(source: str, target: str) -> str | None:
    """The mode from one ISO 639-1 code to another, plain before regional ones; None where none is installed."""
    wanted = f"{_CODES.get(source, source)}-{_CODES.get(target, target)}"
    found = sorted(name for name in modes() if name == wanted or name.startswith(f"{wanted}_"))
    return found[0] if found else None


def _source(args: Args) -> str:
    return _code(args.get("source")) or identified(args["text"]) or "unknown"


def _code(value: Any) -> str:
    return str(value or "").strip().lower().replace("_", "-").split("-")[0]


def _unfit(args: Args) -> str | None:
    source, target = _source(args), _code(args.get("target"))
    if mode(source, target) is not None:
        return None
    if source == target:
        return f"the text is in '{source}' already, so there is nothing for apertium to translate"
    pair = "-".join(sorted((_CODES.get(source, source), _CODES.get(target, target))))
    known = source in _CODES and target in _CODES
    return (f"no apertium pair from {source} to {target} is installed"
            + (f" (apt-get install apertium-{pair}, where there is one)" if known else ""))


async def _translate(args: Args, store: Store) -> Finding:
    source = await in_thread(_source, args)
    name = await in_thread(mode, source, _code(args.get("target")))
    if name is None:
        raise ExpertError(_unfit(args) or "no apertium pair fits")
    text = args["text"]
    marked = decoded(await run_program(["apertium", "-f", "txt", name], stdin=text.encode()), "apertium").strip("\n")
    if text.strip() and not marked.strip():
        raise ExpertError("apertium printed nothing")
    unknown = len(_UNKNOWN.findall(marked)) - len(_UNKNOWN.findall(text))
    total = len(_WORD.findall(marked))
    translated = _UNKNOWN.sub("", marked) if unknown > 0 else marked
    share = max(0.0, 1 - unknown / total) if total else 0.0
    note = f"{unknown} of {total} words are not in its dictionary and were left as they are" if unknown > 0 else None
    return Finding({"text": translated}, round(share, 4), empty=not translated.strip(), note=note)


ENGINES: tuple[Engine, ...] = (
    Engine("apertium", "translation", "apertium", _translate, programs=("apertium",), modules=("py3langid",),
           fits=_unfit, prior=0.5, licence="GPL-2.0 (a program of the system)",
           install="apt-get install apertium apertium-eng-spa",
           about="Rules and dictionaries for related languages"),
)
