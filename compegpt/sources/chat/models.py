"""Which chat models compete: the user's own, those COMPEGPT_CHAT_MODELS names, and the language model itself."""

from __future__ import annotations

from dataclasses import dataclass

from compegpt.errors import ConfigurationError
from compegpt.llm.protocol import LanguageModel
from compegpt.settings import Settings
from compegpt.sources.own import OwnExperts

_BLIND = ("local",)
"""Providers that take text only."""


@dataclass(frozen=True)
class ChatModel:
    """One chat model, and what is known of it."""

    llm: LanguageModel
    family: str
    """Models of one family count as one vote; see `family_of`."""
    vision: bool | None = None
    """Whether it sees pictures; None where nobody said, so that it is tried."""
    tasks: frozenset[str] | None = None
    """The only task types it is for; None for all that a chat model can do."""
    why: str = ""
    """Why it competes ("one of yours")."""
    name: str | None = None
    """What its user calls it; None for the name of the model."""
    languages: frozenset[str] | None = None
    """ISO 639-1 codes it is made for; None for any."""
    licence: str | None = None
    seconds: float | None = None
    """The most one answer may take; None for the language model's own bound."""

    @property
    def expert_id(self) -> str:
        """`chat:NAME` or `chat:provider:model`."""
        return f"chat:{self.name or self.llm.name}"


def chat_models(settings: Settings, llm: LanguageModel | None, own: OwnExperts) -> list[ChatModel]:
    """All chat models of these settings, those that were named most explicitly first, none twice.

    Raises ConfigurationError or AuthenticationError for a model that cannot be used. No request is made.
    """
    made = [*_own(settings, own), *_named(settings)]
    if llm is not None:
        made.append(ChatModel(llm, family_of(llm.name), _sees(llm.name), why="the language model itself",
                              seconds=settings.task_deadline))
    once: dict[str, ChatModel] = {}
    for model in made:
        once.setdefault(model.expert_id, model)
    return list(once.values())


def family_of(spec: str) -> str:
    """The model of `provider:model`, without the provider that the Hub's router is to take (`org/name:provider`)."""
    provider, _, model = spec.partition(":")
    return model.partition(":")[0] if provider == "huggingface" else model or spec


def _sees(spec: str) -> bool | None:
    return False if spec.partition(":")[0] in _BLIND else None


def _own(settings: Settings, own: OwnExperts) -> list[ChatModel]:
    from compegpt.llm.models import language_model

    made = []
    for row in own.chat:
        try:
            llm = language_model(row.spec, settings, base_url=row.base_url, api_key=row.key,
                                 seconds=settings.task_deadline)
        except ConfigurationError as error:
            raise ConfigurationError(f"experts.toml, '{row.name}': {error}") from error
        vision = _sees(row.spec) if row.vision is None else row.vision
        made.append(ChatModel(llm, row.family or family_of(row.spec), vision, row.tasks, "one of yours", row.name,
                              row.languages, row.licence, settings.task_deadline))
    return made


def _named(settings: Settings) -> list[ChatModel]:
    from compegpt.llm.models import language_model

    specs = dict.fromkeys(spec.strip() for spec in (settings.chat_models or "").split(",") if spec.strip())
    try:
        llms = {spec: language_model(spec, settings, seconds=settings.task_deadline) for spec in specs}
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace("COMPEGPT_LLM is", "COMPEGPT_CHAT_MODELS names")) from error
    return [ChatModel(llm, family_of(spec), _sees(spec), why="one of COMPEGPT_CHAT_MODELS",
                      seconds=settings.task_deadline) for spec, llm in llms.items()]
