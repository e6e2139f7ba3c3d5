"""Which way a translation model translates, as far as its name, tags and languages tell."""

from __future__ import annotations

import re

from compegpt.languages import LANGUAGES, LONG
from compegpt.sources.hub.model import Model

_FAMILIES = {
    "roa ROMANCE itc": "ca es fr gl it la oc pt ro wa", "gem gmw": "af de en fy lb nl yi",
    "gmq SCANDINAVIA NORTH_EU": "da fo is nb nn no sv", "sla zle zls zlw": "be bg bs cs hr mk pl ru sk sl sr uk",
    "mul": " ".join(LANGUAGES),
}
_GROUPS = {name: frozenset(codes.split()) for names, codes in _FAMILIES.items() for name in names.split()}
"""Families of languages in the names of Marian models, as sources; as targets they want a mark in the text."""

_MARIAN = re.compile(r"opus-mt(?:-tc)?(?:-(?:big|base|tiny))*-([A-Za-z_]+)-([A-Za-z_]+)$")
_NAMED = re.compile(r"(?:^|(?<=[-_.]))(?=([a-z]{2,3})(?:-to-|_to_|2|-|_)([a-z]{2,3})(?:$|[-_.]))")
_TAGGED = re.compile(r"translation_([a-z]{2,3})_to_([a-z]{2,3})$")
_MANY = re.compile(r"nllb|m2m|mbart.*many|madlad|seamless|small-?100|opus-mt.*mul-mul", re.IGNORECASE)
_T5 = re.compile(r"(?:^|/)(?:flan-)?t5-(?:small|base|large|3b|11b|xl|xxl)$", re.IGNORECASE)

Pair = tuple[frozenset[str], frozenset[str]]
"""Languages it translates from, and to."""


def pairs(model: Model) -> list[Pair]:
    """The ways a model translates; none where nothing tells."""
    name = model.id.rpartition("/")[2]
    if _T5.search(name):
        return [(frozenset({"en"}), frozenset({"de", "fr", "ro"}))]
    if _MANY.search(name):
        languages = model.languages or frozenset(LANGUAGES)
        return [(languages, languages)]
    if marian := _MARIAN.search(name):
        return [(_sources(marian[1]), _targets(marian[2]))]
    tagged = [match for tag in model.tags if (match := _TAGGED.match(tag))]
    if named := _known(tagged or list(_NAMED.finditer(name))):
        return named
    return [(model.languages, model.languages)] if model.languages and len(model.languages) > 1 else []


def translates(model: Model, sources: frozenset[str] | None, target: str) -> bool:
    """Whether it may translate into `target` from one of `sources` (None: from whatever the text is in)."""
    return any(target in to and (sources is None or bool((sources & into) - {target})) for into, to in pairs(model))


def _sources(codes: str) -> frozenset[str]:
    return _GROUPS.get(codes) or _codes(codes)


def _targets(codes: str) -> frozenset[str]:
    """One language only: with several, the model wants to be told in the text which one is meant."""
    found = _codes(codes)
    return found if len(codes.split("_")) == 1 else frozenset()


def _codes(codes: str) -> frozenset[str]:
    return frozenset(short for code in codes.split("_") if (short := _short(code)))


def _short(code: str) -> str | None:
    short = LONG.get(code, code)
    return short if short in LANGUAGES else None


def _known(matches: list[re.Match[str]]) -> list[Pair]:
    found = [(_short(match[1]), _short(match[2])) for match in matches]
    return [(frozenset({one}), frozenset({other})) for one, other in found if one and other and one != other]
