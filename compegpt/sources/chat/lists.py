"""JSON that chat models reply with, as outputs: labels that were offered, spans that are in the text, scores in [0, 1].

What does not fit is dropped; where nothing is left, the reply is no answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.printable import shortened
from compegpt.schema import Finding, Label
from compegpt.sources.chat import answers
from compegpt.sources.chat.reading import value
from compegpt.sources.chat.spans import Mention, located
from compegpt.sources.hub.labels import language
from compegpt.sources.hub.tables import columns

Args = Mapping[str, Any]
SENTIMENTS = ("positive", "neutral", "negative")
ENTITIES = ("PER", "ORG", "LOC", "MISC")
MOST_LABELS = 100
LONGEST_LABEL = 200
_NAMES = ("label", "text", "word", "keyword", "entity", "token", "name", "language", "code", "class")
_SCORES = ("score", "confidence", "probability", "relevance", "similarity")
_MOODS = {"pos": "positive", "neg": "negative", "mixed": "neutral", **{name: name for name in SENTIMENTS}}
_ALSO = {"PERSON": "PER", "PEOPLE": "PER", "ORGANIZATION": "ORG", "ORGANISATION": "ORG", "COMPANY": "ORG",
         "LOCATION": "LOC", "PLACE": "LOC", "GPE": "LOC", "CITY": "LOC", "COUNTRY": "LOC", "MISCELLANEOUS": "MISC",
         "OTHER": "MISC"}
MASK = re.compile(r"\[MASK\]|<mask>|_{3,}", re.IGNORECASE)
"""The place of a word that is missing."""


def labels(reply: str, args: Args) -> Finding:
    """Labels of the model's own choice."""
    return _ranked(_scored(_listed(reply)), "It gave no label.")


def offered(reply: str, args: Args) -> Finding:
    """Only labels that were offered, spelt as they were."""
    wanted = {_key(str(label)): str(label) for label in args["labels"]}
    return _ranked(_renamed(_scored(_listed(reply)), lambda name: wanted.get(_key(name))),
                   "It named none of the labels it was given.")


def sentiment(reply: str, args: Args) -> Finding:
    """Positive, neutral, negative."""
    return _ranked(_renamed(_scored(_listed(reply)), lambda name: _MOODS.get(_key(name))), "It named no sentiment.")


def languages(reply: str, args: Args) -> Finding:
    """Languages by their ISO 639-1 codes."""
    return _ranked(_renamed(_scored(_listed(reply)), language), "It named no language.")


def words(reply: str, args: Args) -> Finding:
    """Words for a mask; with several masks those of the first, as the note says."""
    masks = len(MASK.findall(str(args["text"])))
    kept = [(name, score) for name, score in _scored(_listed(reply)) if not re.search(r"\s", name)]
    return _ranked(kept, "It gave no single word.", f"Words for the first of {masks} masks." if masks > 1 else None)


def entities(reply: str, args: Args) -> Finding:
    """Names as spans `{text, label, start, end, score}` in the order of the text."""
    mentions = [Mention(name, label, score) for item in _listed(reply)
                if (name := _name(item, ("text", "word", "entity", "name")))
                and (label := _kind(item)) is not None and (score := _score(item)) is not None]
    return _spans(reply, located(mentions, str(args["text"]), apart=True), sort_by_place=True)


def keywords(reply: str, args: Args) -> Finding:
    """Keywords as spans `{text, start, end, score}`, best first, each once."""
    wanted = re.search(r"\d{1,3}", str(args.get("count")))
    once: dict[str, Mention] = {}
    for name, score in _scored(_listed(reply)):
        once.setdefault(name.casefold(), Mention(name, None, score))
    found = located(once.values(), str(args["text"]))
    return _spans(reply, found[: int(wanted[0]) if wanted else None], sort_by_place=False)


def similarity(reply: str, args: Args) -> Finding:
    """One score."""
    given = value(reply)
    number = _share(given if not isinstance(given, Mapping) else next(iter(given.values()), None))
    if number is None:
        raise _unreadable(reply)
    return Finding({"scores": [number]})


def classes(reply: str, args: Args) -> Finding:
    """The classes of a table's rows, by the share of the rows that have them."""
    count = len(next(iter(columns(args["table"]).values())))
    given = [_name(item, _NAMES) for item in _listed(reply)]
    if len(given) != count or not all(given):
        raise ExpertError(f"It gave {len([one for one in given if one])} classes for {count} rows.")
    counts: dict[str, int] = {}
    for name in given:
        counts[name] = counts.get(name, 0) + 1
    ranked = [(name, round(times / count, 6)) for name, times in counts.items()]
    note = f"Scores are shares of the {count} rows." if count > 1 else None
    return Finding(_ranked(ranked, "It gave no class.").output, note=note)


def _listed(reply: str) -> list[Any]:
    """The items of the reply: a list under any key, one object, or {label: score}."""
    given = value(reply)
    if isinstance(given, Mapping):
        inner = next((one for one in given.values() if isinstance(one, list)), None)
        if inner is not None:
            return inner
        given = next((one for one in given.values() if isinstance(one, Mapping)), given)
        if _name(given, _NAMES):
            return [given]
        pairs = [{"label": name, "score": score} for name, score in given.items() if _share(score) is not None]
        if pairs:
            return pairs
    if isinstance(given, list):
        return given
    raise _unreadable(reply)


def _unreadable(reply: str) -> ExpertError:
    if not reply.strip():
        return ExpertError("It gave an empty text.")
    if answers.refused(reply):
        return answers.refusal(reply)
    return ExpertError(f"It did not answer in the form it was asked for: '{shortened(reply, 80)}'.")


def _scored(items: Iterable[Any]) -> list[tuple[str, float]]:
    return [(name, score) for item in items
            if (name := _name(item, _NAMES)) and (score := _score(item)) is not None]


def _name(item: Any, keys: Iterable[str]) -> str:
    if isinstance(item, Mapping):
        item = next((item[key] for key in keys if isinstance(item.get(key), str | int)), "")
    return " ".join(str(item).split())[:LONGEST_LABEL] if isinstance(item, str | int) else ""


def _score(item: Any) -> float | None:
    """1 where a model names it without a score; None where the score is none."""
    given = next((item[key] for key in _SCORES if key in item), None) if isinstance(item, Mapping) else None
    return 1.0 if given is None else _share(given)


def _share(given: Any) -> float | None:
    """A number, or text of one, clipped to [0, 1]; "90%" is 0.9."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given.strip().rstrip("%")) / (100 if given.strip().endswith("%") else 1) if isinstance(
            given, str) else float(given)
    except (ValueError, OverflowError):
        return None
    return round(min(max(number, 0.0), 1.0), 6) if math.isfinite(number) else None


def _key(name: str) -> str:
    return " ".join(name.casefold().split()).strip(" .'\"")


def _kind(item: Any) -> str | None:
    given = _name(item, ("label", "type", "entity_group", "category")).upper() if isinstance(item, Mapping) else ""
    known = given if given in ENTITIES else _ALSO.get(given)
    return known


def _renamed(found: Iterable[tuple[str, float]], meant: Any) -> list[tuple[str, float]]:
    return [(name, score) for given, score in found if (name := meant(given))]


def _ranked(found: Iterable[tuple[str, float]], nothing: str, note: str | None = None) -> Finding:
    """Best first, each once; the model's own score of the best is its confidence."""
    best: dict[str, float] = {}
    for name, score in found:
        best[name] = max(score, best.get(name, 0.0))
    if not best:
        raise ExpertError(nothing)
    ranked = sorted(best.items(), key=lambda one: -one[1])
    made: list[Label] = [{"label": name, "score": score} for name, score in ranked]
    return Finding({"labels": made[:MOST_LABELS]}, made[0]["score"], note=note)


def _spans(reply: str, found: list[dict[str, Any]], *, sort_by_place: bool) -> Finding:
    if not found:
        if _listed(reply):
            raise ExpertError("Nothing that it names stands in the text.")
        return Finding({"data": []}, empty=True)
    found.sort(key=lambda span: (span["start"], span["end"]) if sort_by_place else -span["score"])
    return Finding({"data": found}, round(sum(span["score"] for span in found) / len(found), 6))
