"""Models as the Hub's API tells them, as ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from compegpt.languages import LANGUAGES
from compegpt.sources.hub.model import Model, Provider

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

EXPAND = ["downloads", "likes", "trendingScore", "inferenceProviderMapping", "gated", "tags", "pipeline_tag"]
"""What is asked of each model; its tags tell languages, licence and base model, its whole card would be megabytes."""

_MANY = 5
"""A multilingual model that names fewer languages than this does more than it names."""


def model_of(info: ModelInfo) -> Model:
    """A model of a listing. Raises TypeError or ValueError where the Hub's answer makes no sense."""
    if not isinstance(info.id, str) or not info.id:
        raise ValueError(f"a model with the id {info.id!r:.40}")
    tags = tuple(tag for tag in info.tags or () if isinstance(tag, str))
    return Model(id=info.id, tag=str(info.pipeline_tag or ""), downloads=int(_number(info.downloads)),
                 likes=int(_number(info.likes)), trending=_number(info.trending_score), tags=tags,
                 languages=_languages(tags), licence=_after("license:", tags), family=_base(tags) or info.id,
                 gated=bool(info.gated), providers=_providers(info))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _languages(tags: tuple[str, ...]) -> frozenset[str] | None:
    found = frozenset(tag for tag in tags if tag in LANGUAGES)
    return None if not found or ("multilingual" in tags and len(found) < _MANY) else found


def _after(start: str, tags: tuple[str, ...]) -> str | None:
    return next((tag.removeprefix(start) for tag in tags if tag.startswith(start)), None)


def _base(tags: tuple[str, ...]) -> str | None:
    """`org/name` of the base model, of `base_model:org/name` or `base_model:quantized:org/name`."""
    base = _after("base_model:", tags)
    return base.rpartition(":")[2] if base else None


def _providers(info: ModelInfo) -> tuple[Provider, ...] | None:
    """The live ones in the user's order of preference; None where the answer does not say.

    An adapter alone is left out: called by the model's id, a provider would answer with the bare base model.
    """
    mapping = info.inference_provider_mapping
    if mapping is None:
        return None
    return tuple(Provider(str(one.provider), str(one.provider_id), str(one.task)) for one in mapping
                 if one.status == "live" and not one.adapter_weights_path)


def with_founders(models: tuple[Model, ...]) -> tuple[Model, ...]:
    """The models with each family led back to the first ancestor that the others tell of."""
    base = {model.id: model.family for model in models}
    return tuple(_led_back(model, base) for model in models)


def _led_back(model: Model, base: dict[str, str]) -> Model:
    family, seen = model.family, {model.id}
    while family not in seen and base.get(family, family) != family:
        seen.add(family)
        family = base[family]
    return model if family == model.family else replace(model, family=family)
