"""What planner, arbiter, writer and chat experts need of a language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from compegpt.errors import CompeGPTError
from compegpt.schema import LLMCall

Purpose = Literal["plan", "repair", "judge", "write", "expert"]
Message = Mapping[str, Any]
"""`{"role": "system" | "user" | "assistant", "content": text or a list of content parts in OpenAI's form}`."""


@dataclass(frozen=True)
class Reply:
    """What a language model said, and what it took."""

    text: str
    call: LLMCall


class LLMError(CompeGPTError):
    """A call of the language model failed; `code`, `status` and `retryable` are those of what was wrong."""

    def __init__(self, cause: CompeGPTError, call: LLMCall) -> None:
        super().__init__(str(cause))
        self.code, self.status, self.retryable = cause.code, cause.status, cause.retryable
        self.call = call


class LanguageModel(Protocol):
    name: str
    """`provider:model`."""

    async def ask(self, messages: Sequence[Message], purpose: Purpose, *, schema: Mapping[str, Any] | None = None,
                  seconds: float | None = None) -> Reply:
        """One answer, at the latest after `seconds`.

        With a JSON `schema` (an object with a `title`), the server is held to it as far as it can be; the text is
        then what should be JSON and may not be. Raises LLMError.
        """
        ...

    async def stream(self, messages: Sequence[Message], purpose: Purpose, say: Callable[[str], None], *,
                     seconds: float | None = None) -> Reply:
        """One answer, each piece `say`-ed as it comes. Raises LLMError, also when it breaks off in the middle."""
        ...
