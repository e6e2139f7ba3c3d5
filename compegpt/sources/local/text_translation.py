"""Translation: Marian's pairs, the many-language models told by codes (M2M-100, NLLB, mBART), T5 told in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compegpt.errors import ExpertError
from compegpt.languages import LANGUAGES
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.language import identified
from compegpt.sources.embedded.sentences import spans
from compegpt.sources.hub import outputs
from compegpt.sources.hub.labels import FLORES, MBART, THREE_LETTERS
from compegpt.sources.hub.pairs import pairs, translates
from compegpt.sources.hub.tongues import possible
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.text_writing import LOAD, limits

Args = Mapping[str, Any]
_BATCH = 8
_KINDS = ("marian", "m2m_100", "mbart", "nllb-moe", "t5", "umt5", "mt5", "fsmt", "bart", "encoder-decoder")
_MANY = ("m2m_100", "nllb-moe")


@dataclass(frozen=True)
class _Way:
    """How a model is told from what to what."""

    prefix: str = ""
    source: str | None = None
    """Its own code, for the tokenizer."""
    first: int | None = None
    """The token that its output begins with."""


def translated(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Sentence by sentence; what stands between them stays."""
    text, target = args["text"], args["target"]
    source = args.get("source") or _source(text)
    way = _way(loaded, source, target)
    if way.source is not None:
        loaded.processor.src_lang = way.source
    room = max(text_reading.most_tokens(loaded) - text_reading.count(loaded, way.prefix), 8)
    parts = [part for start, end in spans(text) for part in text_reading.halved(loaded, text, start, end, room)]
    said = [" ".join(text[start:end].split()) for start, end in parts]
    made = [one for start in range(0, len(said), _BATCH) for one in _batch(loaded, said[start : start + _BATCH], way)]
    befores = [0, *(end for _, end in parts)]
    gaps = [text[before:start] for before, (start, _) in zip(befores, parts, strict=False)]
    return outputs.text("".join(gap + one for gap, one in zip(gaps, made, strict=True)))


def _batch(loaded: Loaded, texts: list[str], way: _Way) -> list[str]:
    inputs = loaded.processor([way.prefix + text for text in texts], return_tensors="pt", padding=True,
                              return_token_type_ids=False).to(loaded.device)
    told = {} if way.first is None else {"forced_bos_token_id": way.first}
    tokens = loaded.model.generate(**inputs, do_sample=False, **limits(loaded), **told)
    return [text.strip() for text in loaded.processor.batch_decode(tokens, skip_special_tokens=True)]


def _way(loaded: Loaded, source: str, target: str) -> _Way:
    """Raises ExpertError where the model's tokenizer has no code for the target."""
    words, kind = loaded.processor, loaded.model.config.model_type
    if token := _token(words, target, ">>{}<<", "<2{}>"):
        return _Way(prefix=f"{token} ")
    if kind in (*_MANY, "mbart") and (token := _token(words, target, "{}", "__{}__")):
        own = _token(words, source, "{}", "__{}__") if hasattr(words, "src_lang") else None
        return _Way(source=own and own.strip("_"), first=words.convert_tokens_to_ids(token))
    if kind in _MANY:
        raise ExpertError(f"It does not translate to {LANGUAGES.get(target, target)}.")
    if kind != "t5":
        return _Way()
    return _Way(prefix=f"translate {LANGUAGES.get(source, source)} to {LANGUAGES.get(target, target)}: ")


def _token(words: Any, language: str, *forms: str) -> str | None:
    """The token by which a tokenizer knows a language; a bare code of two letters is a word to it."""
    longer = [long for long, short in THREE_LETTERS.items() if short == language]
    codes = [code for code in (FLORES.get(language), MBART.get(language), language, *longer) if code]
    tokens = [form.format(code) for code in codes for form in forms]
    unknown = (None, words.unk_token_id)
    return next((token for token in tokens if token != language and words.convert_tokens_to_ids(token) not in unknown),
                None)


def _source(text: str) -> str:
    """The language of a text, as far as can be told; English where it cannot."""
    found = possible(text)
    return next(iter(found)) if found and len(found) == 1 else identified(text) or "en"


def _wrong_way(checkpoint: Checkpoint, args: Args) -> str | None:
    target, source = str(args.get("target", "")), args.get("source")
    sources = frozenset({str(source)}) if source else possible(str(args.get("text", "")))
    model = kinds.model_of(checkpoint)
    told = pairs(model)
    if translates(model, sources, target) or checkpoint.config.get("model_type") in _MANY:
        return None
    if not told and "translation" in checkpoint.tasks:
        return None  # the user knows
    known = f"from {LANGUAGES.get(*(list(sources) * 2))} " if sources and len(sources) == 1 else ""
    return f"does not translate {known}to {LANGUAGES.get(target, target)}" if told else "not made for translating"


def _translates(checkpoint: Checkpoint) -> bool:
    return (kinds.is_a("ForConditionalGeneration", "MTModel", "EncoderDecoderModel")(checkpoint)
            and checkpoint.config.get("model_type") in _KINDS)


RUNNERS: tuple[Runner, ...] = (Runner("translation", _translates, LOAD, translated, _wrong_way),)
