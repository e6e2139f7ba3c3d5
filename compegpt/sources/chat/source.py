"""The chat source: chat models listed for the tasks they can do, and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from compegpt.context import Offers
from compegpt.errors import (
    AuthenticationError,
    CompeGPTError,
    ConfigurationError,
    ExpertError,
    ExpertGone,
    ExpertTimeout,
    ExpertUnavailable,
)
from compegpt.languages import LANGUAGES
from compegpt.llm.protocol import LLMError
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.chat.answers import without_thoughts
from compegpt.sources.chat.asks import ASKS, Asked, asked
from compegpt.sources.chat.models import ChatModel
from compegpt.threads import in_thread

NAME = "chat"
TRIES = 2
"""Calls worth making of a model that is not available: its client has tried several times in each already."""
_SPOKEN = ("source", "target", "language")
"""Arguments that are languages."""


class KeyRefused(ExpertGone):
    """A chat model's own key is missing or refused, which says nothing about the other chat models."""

    code, status = AuthenticationError.code, AuthenticationError.status


class Chat:
    """Chat models as a source of experts."""

    name = NAME
    remote = True

    def __init__(self, models: Sequence[ChatModel]) -> None:
        self._models = {model.expert_id: model for model in models}

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Nothing to do ahead: who can do what is known."""

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        """The models that may do the task, in the order they were given; for each other one, why not."""
        if task not in ASKS:
            return Offers([], [])
        if not self._models:
            return Offers([], ["there is no chat model: set OPENAI_API_KEY, or name some in COMPEGPT_CHAT_MODELS"])
        unfit = {name: _unfit(model, task, args) for name, model in self._models.items()}
        return Offers([_as_expert(model, task) for name, model in self._models.items() if unfit[name] is None],
                      [f"{name} {why}" for name, why in unfit.items() if why])

    def ready(self, expert: Expert, args: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """Nothing to load: it runs elsewhere."""
        return nullcontext()

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Store) -> Finding:
        """Ask the model once.

        Raises ExpertUnavailable, ExpertGone, KeyRefused or ExpertTimeout where the call fails, ExpertError where the
        model refuses or its answer cannot be used, InputError where the args cannot be put to a model.
        """
        model = self._models.get(expert.id)
        if model is None:
            raise ExpertGone(f"{expert.id} is not among the chat models any more; choose another one.")
        question: Asked = await in_thread(asked, expert.task, args)
        try:
            reply = await model.llm.ask(question.messages, "expert", schema=question.schema, seconds=model.seconds)
        except LLMError as error:
            raise _as_ours(error) from error
        finding: Finding = await in_thread(question.read, without_thoughts(reply.text), args)
        notes = [note for note in (question.note, finding.note) if note]
        return Finding(finding.output, finding.confidence, finding.empty, " ".join(notes) or None,
                       reply.call["tokens"])


def _unfit(model: ChatModel, task: str, args: Mapping[str, Any]) -> str | None:
    """Why a model does not compete, as the end of a sentence that begins with its name."""
    if model.tasks is not None and task not in model.tasks:
        return "is set up for other tasks"
    if ASKS[task].picture and model.vision is False:
        return "does not see pictures"
    spoken = {str(args[name]) for name in _SPOKEN if args.get(name)}
    if model.languages is not None and (unknown := sorted(spoken - model.languages)):
        return f"is not for {', '.join(LANGUAGES.get(code, code) for code in unknown)}"
    return None


def _as_expert(model: ChatModel, task: str) -> Expert:
    return Expert(id=model.expert_id, task=task, family=model.family, source=NAME, licence=model.licence,
                  languages=model.languages, about=f"The chat model {model.llm.name}", why=model.why)


_KINDS: dict[str, type[CompeGPTError]] = {
    ExpertGone.code: ExpertGone, ConfigurationError.code: ExpertGone, AuthenticationError.code: KeyRefused,
    ExpertTimeout.code: ExpertTimeout}
"""What a call that failed with this code means to a competition; a model that is not on its server is gone."""


def _as_ours(error: LLMError) -> CompeGPTError:
    if error.code == ExpertUnavailable.code:
        return ExpertUnavailable(str(error), tries=TRIES)
    return _KINDS.get(error.code, ExpertError)(str(error))
