"""Words marked in a text: names, and keywords by models that were trained to mark them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub.outputs import MOST_SPANS, mean
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Loaded, Runner

Args = Mapping[str, Any]
Span = dict[str, Any]
_LOAD = functools.partial(with_tokenizer, "AutoModelForTokenClassification")


def names(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Spans `{text, label, start, end, score}` in their order; a word is what its first token is, as it was trained."""
    found = _spans(loaded, args["text"])
    note = f"{len(found) - MOST_SPANS} further spans are left out" if len(found) > MOST_SPANS else None
    kept = found[:MOST_SPANS]
    return Finding({"data": kept}, mean(span["score"] for span in kept), empty=not kept, note=note)


def keywords(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Spans `{text, start, end, score}`, best first, each word once; at most `count` where that is asked for."""
    best: dict[str, Span] = {}
    for span in _spans(loaded, args["text"]):
        key = span["text"].casefold()
        if key not in best or span["score"] > best[key]["score"]:
            best[key] = {name: span[name] for name in ("text", "start", "end", "score")}
    asked = str(args.get("count", ""))
    most = int(asked) if asked.isdigit() and int(asked) else MOST_SPANS
    kept = sorted(best.values(), key=lambda span: -span["score"])[:most]
    return Finding({"data": kept}, mean(span["score"] for span in kept), empty=not kept)


def _spans(loaded: Loaded, text: str) -> list[Span]:
    limit = text_reading.most_tokens(loaded)
    words = [word for start, end in text_reading.pieces(loaded, text, limit)
             for word in _words(loaded, text[start:end], start, limit)]
    spans: list[Span] = []
    for tag, start, end, score in words:
        prefix, _, label = tag.rpartition("-") if tag[1:2] == "-" else ("", "", tag)
        goes_on = spans and spans[-1]["open"] and label == spans[-1]["label"] and prefix not in ("B", "S", "U")
        if spans:
            spans[-1]["open"] = False
        if label == "O":
            continue
        if goes_on:
            spans[-1].update(end=end, scores=[*spans[-1]["scores"], score], open=True)
        else:
            spans.append({"label": label, "start": start, "end": end, "scores": [score], "open": True})
    return [{"text": text[span["start"] : span["end"]], "label": span["label"], "start": span["start"],
             "end": span["end"], "score": round(sum(span["scores"]) / len(span["scores"]), 6)} for span in spans]


def _words(loaded: Loaded, text: str, offset: int, limit: int) -> Iterator[tuple[str, int, int, float]]:
    """(tag, start, end, score) of each word."""
    encoded = loaded.processor(text, return_tensors="pt", truncation=True, max_length=limit,
                               return_offsets_mapping=True)
    places = encoded.pop("offset_mapping")[0].tolist()
    scores = loaded.model(**encoded.to(loaded.device)).logits[0].float().softmax(-1)
    last: tuple[int, list[int], int] | None = None
    for token, word in [*enumerate(encoded.word_ids()), (-1, None)]:
        if last is not None and word != last[0]:
            _, (start, end), first = last
            start += len(text[start:end]) - len(text[start:end].lstrip())
            best = int(scores[first].argmax())
            yield loaded.model.config.id2label[best], offset + start, offset + end, float(scores[first, best])
            last = None
        if word is not None:
            last = (word, [last[1][0], places[token][1]], last[2]) if last else (word, places[token], token)


RUNNERS: tuple[Runner, ...] = (
    Runner("token-classification", kinds.is_a("ForTokenClassification"), _LOAD, names,
           kinds.made_for("token-classification")),
    Runner("keyword-extraction", kinds.is_a("ForTokenClassification"), _LOAD, keywords,
           kinds.made_for("keyword-extraction")),
)
