"""Which models of a listing fit a task with its args, and why the others are passed over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from compegpt.languages import LANGUAGES
from compegpt.schema import Expert
from compegpt.sources.hub.calls import callable_by
from compegpt.sources.hub.domains import DOMAINS
from compegpt.sources.hub.model import Model
from compegpt.sources.hub.pairs import pairs, translates
from compegpt.sources.hub.tongues import possible
from compegpt.tasks import TASKS

NAMED = 3
"""Models that are named for one reason; the others are counted."""

_TEXTS = {**dict.fromkeys(("fill-mask", "text-classification", "token-classification", "zero-shot-classification",
                           "summarization", "sentence-similarity", "feature-extraction", "keyword-extraction",
                           "text-to-speech"), "text"), "question-answering": "context"}
"""The argument whose language a model must know."""


def unfit(model: Model, task: str, args: Mapping[str, Any]) -> str | None:
    """Why a model is not for this task with these args, for "passed over org/name: ..."; None where it is."""
    domain = DOMAINS.get(task)
    if domain and domain.fit(model) == "no":
        return f"not made for {domain.what}"
    if model.tag == "text-generation" and not {"image", "audio", "video"}.isdisjoint(TASKS[task].needs.values()):
        return "made for text only"
    return foreign(model, task, args)


def foreign(model: Model, task: str, args: Mapping[str, Any]) -> str | None:
    """Why a model does not know the languages of these args; None where it does, or nothing tells."""
    if task == "translation":
        return _wrong_way(model, args)
    languages = _languages(task, args)
    if languages and model.languages and not languages & model.languages:
        return f"not for {_name(next(iter(languages)))}" if len(languages) == 1 else "not for the language of the text"
    return None


def unsure(model: Model, task: str) -> str | None:
    """What nothing about a model tells though it should; None where it is told. Such a one comes after the others."""
    if task == "translation":
        return None if pairs(model) else "nothing tells from which language to which"
    domain = DOMAINS.get(task)
    return f"nothing tells that it is for {domain.what}" if domain and domain.fit(model) == "unsure" else None


def unreachable(model: Model, task: str, private: bool) -> str | None:
    """Why a model that would fit cannot be called; `private`: inference is not the Hub's, and may serve any model."""
    if model.gated:
        return "gated, its terms want to be accepted on the Hub"
    if model.providers is None:
        served = private
    else:
        served = any(one.status == "live" and (callable_by(one, task) or (private and one.name == "hf-inference"))
                     for one in model.providers)
    return None if served else "no inference provider serves it for this"


def reasons(passed_over: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each reason of (model id, reason): the first few by name, the rest counted."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, why in passed_over:
        names[why].append(name)
    return [f"{', '.join(ids[:NAMED])}{_more(len(ids) - NAMED)}: {why}" for why, ids in names.items()]


def as_expert(model: Model, task: str, name: str, why: str) -> Expert:
    return Expert(id=name, task=task, family=model.family or model.id, source="hub", downloads=model.downloads,
                  likes=model.likes, trending=model.trending, licence=model.licence, languages=model.languages, why=why)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _wrong_way(model: Model, args: Mapping[str, Any]) -> str | None:
    target, source = str(args.get("target", "")), args.get("source")
    if not target:
        return None  # a listing for a person, of all that translate
    sources = frozenset({source}) if isinstance(source, str) and source else possible(str(args.get("text", "")))
    unknown = not pairs(model) and (not model.languages or target in model.languages)
    if unknown or translates(model, sources, target):
        return None
    known = f"from {_name(next(iter(sources)))} " if sources and len(sources) == 1 else ""
    return f"does not translate {known}to {_name(target)}"


def _name(code: str) -> str:
    return LANGUAGES.get(code, code)


def _languages(task: str, args: Mapping[str, Any]) -> frozenset[str] | None:
    if isinstance(given := args.get("language"), str) and given:
        return frozenset({given})
    text = args.get(_TEXTS.get(task, ""))
    return possible(text) if isinstance(text, str) else None
