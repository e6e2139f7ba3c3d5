"""Tokens that a model marked in a text, as spans of the text: pieces grouped, places checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compegpt.schema import Finding
from compegpt.sources.hub.outputs import MOST_SPANS, items, label_text, mean, share, unreadable

_PREFIX = re.compile(r"^[BIESLU]-(?=.)")
_PIECE = re.compile(r"^(?:##|[▁Ġ])+")
Span = dict[str, Any]


def entities(given: Any, text: str) -> Finding:
    """Spans `{text, label, start, end, score}` in their order; start and end in characters of the text."""
    spans = _spans(given, text)
    note = f"{len(spans) - MOST_SPANS} further spans are left out." if len(spans) > MOST_SPANS else None
    kept = spans[:MOST_SPANS]
    return Finding({"data": kept}, mean(span["score"] for span in kept), empty=not kept, note=note)


def keywords(given: Any, text: str, count: int | None = None) -> Finding:
    """Spans `{text, start, end, score}`, best first, each word once."""
    best: dict[str, Span] = {}
    for span in _spans(given, text):
        key = span["text"].casefold()
        if key not in best or span["score"] > best[key]["score"]:
            best[key] = {name: span[name] for name in ("text", "start", "end", "score")}
    kept = sorted(best.values(), key=lambda span: -span["score"])[: count or MOST_SPANS]
    return Finding({"data": kept}, mean(span["score"] for span in kept), empty=not kept)


def _spans(given: Any, text: str) -> list[Span]:
    listed = items(given, "a list of marked words") if given != [] else []
    if listed and all(share(item.get("score")) is None for item in listed):
        raise unreadable("a list of marked words with scores", given)
    spans: list[Span] = []
    place = 0
    for item in listed:
        span = _span(item, text, place)
        if span is None:
            continue
        place = span["start"]
        if spans and _goes_on(item, span, spans[-1]):
            last = spans[-1]
            last.update(end=max(last["end"], span["end"]), scores=[*last["scores"], *span["scores"]])
        else:
            spans.append(span)
    return [{"text": text[span["start"] : span["end"]], "label": span["label"], "start": span["start"],
             "end": span["end"], "score": round(sum(span["scores"]) / len(span["scores"]), 6)} for span in spans]


def _span(item: Mapping[str, Any], text: str, place: int) -> Span | None:
    """Where it stands, or None: a model without offsets is looked up by its words, from the last place on."""
    score = share(item.get("score"))
    label = _PREFIX.sub("", label_text(item.get("entity_group") or item.get("entity")))
    start, end = item.get("start"), item.get("end")
    if not (isinstance(start, int) and isinstance(end, int)):
        word = _PIECE.sub("", label_text(item.get("word")))
        start = text.casefold().find(word.casefold(), place) if word else -1
        end = start + len(word)
    start, end = start + len(text[start:end]) - len(text[start:end].lstrip()) if start >= 0 else -1, min(end, len(text))
    if score is None or label in ("", "O") or not 0 <= start < end:
        return None
    return {"label": label, "start": start, "end": end, "scores": [score]}


def _goes_on(item: Mapping[str, Any], span: Span, last: Span) -> bool:
    """Whether a single token carries on the span before it, as `I-` tags and pieces of words do."""
    tag, word = label_text(item.get("entity")), label_text(item.get("word"))
    if not tag or span["label"] != last["label"]:
        return False
    gap = span["start"] - last["end"]
    return (gap <= 0 and word.startswith("##")) or (gap <= 1 and not tag.startswith(("B-", "S-", "U-")))
