"""What a checkpoint is made for, as far as its architecture, labels, languages and card tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compegpt.languages import LANGUAGES
from compegpt.sources.hub.domains import DOMAINS
from compegpt.sources.hub.labels import as_sentiment, language
from compegpt.sources.hub.model import Model
from compegpt.sources.hub.tongues import possible
from compegpt.sources.local.runner import Checkpoint

Fits = Callable[[Checkpoint], bool]
Refuses = Callable[[Checkpoint, Mapping[str, Any]], str | None]
_HEARING = ("audio-spectrogram-transformer", "data2vec-audio", "hubert", "sew", "sew-d", "unispeech", "unispeech-sat",
            "wav2vec2", "wav2vec2-bert", "wav2vec2-conformer", "wavlm", "whisper")
"""Values of `model_type` whose classifiers take sound."""
_MANY = 5
"""A multilingual model that names fewer languages than this does more than it names."""


def is_a(*endings: str, **config: Any) -> Fits:
    """Whether an architecture ends so ("ForCTC"), and config.json holds these values."""
    def fits(checkpoint: Checkpoint) -> bool:
        return (any(name.endswith(endings) for name in checkpoint.architectures)
                and all(checkpoint.config.get(key) == value for key, value in config.items()))

    return fits


def both(*all_of: Fits) -> Fits:
    return lambda checkpoint: all(fits(checkpoint) for fits in all_of)


def labels(checkpoint: Checkpoint) -> list[str]:
    """Names of its classes in their order."""
    named = checkpoint.config.get("id2label")
    return [str(name) for name in named.values()] if isinstance(named, Mapping) else []


def entails(checkpoint: Checkpoint) -> bool:
    """Whether it tells if one text follows from another, as zero-shot classification needs."""
    return any(name.lower().startswith("entail") for name in labels(checkpoint))


def tells_languages(checkpoint: Checkpoint) -> bool:
    named = labels(checkpoint)
    return len(named) > 2 and sum(language(name) is not None for name in named) > 0.7 * len(named)


def tells_sentiment(checkpoint: Checkpoint) -> bool:
    found = as_sentiment([{"label": name, "score": 0.0} for name in labels(checkpoint)], False)
    return bool(found) and all(label["label"] in ("positive", "neutral", "negative") for label in found)


def model_of(checkpoint: Checkpoint) -> Model:
    """The checkpoint as a model of the Hub, for what is told by name and tags."""
    return Model(checkpoint.name, checkpoint.tags[0] if checkpoint.tags else "", tags=checkpoint.tags,
                 languages=languages(checkpoint))


def languages(checkpoint: Checkpoint) -> frozenset[str] | None:
    """ISO 639-1 codes that its card names; None where it may know more."""
    found = frozenset(tag for tag in checkpoint.tags if tag in LANGUAGES)
    return None if not found or ("multilingual" in checkpoint.tags and len(found) < _MANY) else found


def made_for(task: str, text: str | None = "text") -> Refuses:
    """Refuses what its name and card say is for something else, and a text (this arg) in a language it does not know.

    What the user said it is for is believed.
    """
    def refuses(checkpoint: Checkpoint, args: Mapping[str, Any]) -> str | None:
        domain = DOMAINS.get(task)
        if domain and task not in checkpoint.tasks and not domain.holds(model_of(checkpoint)):
            return f"not made for {domain.what}"
        return foreign(checkpoint, args, text)

    return refuses


def foreign(checkpoint: Checkpoint, args: Mapping[str, Any], text: str | None = "text") -> str | None:
    """Why it does not fit the language of this arg, or the one asked for; None where it does."""
    known, asked, given = languages(checkpoint), args.get("language"), args.get(text or "")
    wanted = possible(given) if isinstance(given, str) else None
    wanted = frozenset({asked}) if isinstance(asked, str) and asked else wanted
    if not known or not wanted or wanted & known:
        return None
    return f"not for {LANGUAGES.get(next(iter(wanted)))}" if len(wanted) == 1 else "not for the language of the text"


def hears(checkpoint: Checkpoint) -> bool:
    return checkpoint.config.get("model_type") in _HEARING


def holds(*names: str) -> Fits:
    """Whether one of these files is in its folder."""
    return lambda checkpoint: checkpoint.folder is not None and any((Path(checkpoint.folder) / name).is_file()
                                                                    for name in names)


def about_sentiment(checkpoint: Checkpoint) -> bool:
    """Whether it says by labels, name, card or its user that it tells sentiment."""
    return tells_sentiment(checkpoint) or DOMAINS["text-classification"].holds(model_of(checkpoint))
