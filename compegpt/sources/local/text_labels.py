"""Labels for a text: the word behind a mask, sentiment, language, labels that were offered."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from compegpt.errors import ExpertError, InputError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Label
from compegpt.sources.hub.labels import as_languages, as_sentiment
from compegpt.sources.hub.outputs import MOST_LABELS, ranked
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner

Args = Mapping[str, Any]
_MASKS = ("[MASK]", "<mask>", "___")
_FILLINGS = 5
_BATCH = 8
HYPOTHESIS = "This example is {}."
"""What is held against the text for each label; the models were trained on sentences like it."""


def filled(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Words for the first mask with their probabilities. Raises InputError where the text has no mask."""
    words, text = loaded.processor, args["text"]
    for mask in _MASKS:
        text = text.replace(mask, words.mask_token)
    inputs, note = text_reading.read(loaded, text)
    places = (inputs["input_ids"][0] == words.mask_token_id).nonzero()[:, 0]
    if not len(places):
        raise InputError("The text has no mask; put [MASK] where the word is missing.")
    best = loaded.model(**inputs).logits[0, places[0]].float().softmax(-1).topk(_FILLINGS)
    found: list[Label] = [{"label": words.decode([token]).strip(), "score": round(score, 6)} for token, score in
                          zip(best.indices.tolist(), best.values.tolist(), strict=True)]
    several = f"words for the first of {len(places)} masks" if len(places) > 1 else None
    return ranked(found, "; ".join(filter(None, (several, note))) or None)


def classified(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Sentiment as positive, neutral and negative; other classes by the model's own names."""
    found, note = _classes(loaded, args["text"])
    about_sentiment = kinds.about_sentiment(loaded.checkpoint)
    return ranked(as_sentiment(found, about_sentiment), note)


def identified(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Languages by their ISO 639-1 codes. Raises ExpertError where the model's labels are none."""
    found, note = _classes(loaded, args["text"])
    if not (named := as_languages(found)):
        raise ExpertError(f"Its labels are no languages: '{found[0]['label'][:40]}'.")
    return ranked(named, note)


def _classes(loaded: Loaded, text: str) -> tuple[list[Label], str | None]:
    inputs, note = text_reading.read(loaded, text)
    logits = loaded.model(**inputs).logits[0].float()
    config = loaded.model.config
    scores = logits.sigmoid() if config.problem_type == "multi_label_classification" else logits.softmax(-1)
    return labelled(scores.tolist(), config.id2label), note


def labelled(scores: Sequence[float], names: Mapping[int, str]) -> list[Label]:
    """Labels of class numbers, best first."""
    found: list[Label] = [{"label": str(names[number]), "score": round(score, 6)}
                          for number, score in enumerate(scores)]
    return sorted(found, key=lambda label: -label["score"])[:MOST_LABELS]


def sorted_in(loaded: Loaded, args: Args, store: Store) -> Finding:
    """The offered labels by how surely the text entails each, softmax over them."""
    import torch

    offered = list(dict.fromkeys(str(label) for label in args["labels"]))
    limit = text_reading.most_tokens(loaded)
    entailed: list[float] = []
    for start in range(0, len(offered), _BATCH):
        said = [HYPOTHESIS.format(label) for label in offered[start : start + _BATCH]]
        inputs = loaded.processor([args["text"]] * len(said), said, return_tensors="pt", padding=True,
                                  truncation="only_first", max_length=limit).to(loaded.device)
        entailed += loaded.model(**inputs).logits[:, _entailment(loaded)].float().tolist()
    scores = torch.tensor(entailed).softmax(-1).tolist()
    longest = max(text_reading.count(loaded, args["text"], HYPOTHESIS.format(label)) for label in offered)
    return ranked(labelled(scores, dict(enumerate(offered))), text_reading.cut_note(longest, limit))


def _entailment(loaded: Loaded) -> int:
    names: Mapping[int, str] = loaded.model.config.id2label
    return next(number for number, name in names.items() if name.lower().startswith("entail"))


def _sentiment_only(checkpoint: Checkpoint, args: Args) -> str | None:
    if kinds.tells_sentiment(checkpoint):
        return kinds.foreign(checkpoint, args)
    return kinds.made_for("text-classification")(checkpoint, args)


_classifier = kinds.both(kinds.is_a("ForSequenceClassification"), lambda checkpoint: not kinds.hears(checkpoint))
_load_classifier = functools.partial(with_tokenizer, "AutoModelForSequenceClassification")

RUNNERS: tuple[Runner, ...] = (
    Runner("fill-mask", kinds.is_a("ForMaskedLM"), functools.partial(with_tokenizer, "AutoModelForMaskedLM"), filled,
           kinds.made_for("fill-mask")),
    Runner("text-classification",
           lambda checkpoint: _classifier(checkpoint) and not kinds.entails(checkpoint)
           and not kinds.tells_languages(checkpoint) and len(kinds.labels(checkpoint)) != 1,
           _load_classifier, classified, _sentiment_only),
    Runner("language-identification", kinds.both(_classifier, kinds.tells_languages), _load_classifier, identified),
    Runner("zero-shot-classification", kinds.both(_classifier, kinds.entails), _load_classifier, sorted_in,
           kinds.foreign),
)
