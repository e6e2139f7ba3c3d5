"""A language model run in this process by transformers: loaded on first use, one call at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compegpt.errors import CompeGPTError, ConfigurationError, ExpertError, ExpertTimeout
from compegpt.llm.protocol import LLMError, Message, Purpose, Reply
from compegpt.llm.rungs import request
from compegpt.schema import LLMCall
from compegpt.settings import Settings

if TYPE_CHECKING:
    from langchain_huggingface import ChatHuggingFace

NEW_TOKENS = 1024
"""Longest answer."""
_TEMPLATE = ("{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
             "{% if add_generation_prompt %}assistant:{% endif %}")
"""For models that bring no chat template."""


class LocalModel:
    """A LanguageModel over the weights of `model`, an id on the hub or a folder; safetensors only, no remote code."""

    def __init__(self, model: str, settings: Settings, seconds: float) -> None:
        self.name = f"local:{model}"
        self._model, self._settings, self._seconds = model, settings, seconds
        self._chat: ChatHuggingFace | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)

    async def ask(self, messages: Sequence[Message], purpose: Purpose, *, schema: Mapping[str, Any] | None = None,
                  seconds: float | None = None) -> Reply:
        """See LanguageModel.ask; a schema is told in the prompt."""
        asked = messages if schema is None else request("plain", messages, schema)[0]
        return await self._call(asked, purpose, None, seconds)

    async def stream(self, messages: Sequence[Message], purpose: Purpose, say: Callable[[str], None], *,
                     seconds: float | None = None) -> Reply:
        """See LanguageModel.stream."""
        return await self._call(messages, purpose, say, seconds)

    async def _call(self, messages: Sequence[Message], purpose: Purpose, say: Callable[[str], None] | None,
                    seconds: float | None) -> Reply:
        bound = self._seconds if seconds is None else seconds
        stop, started, text, tokens = threading.Event(), time.monotonic(), "", 0
        wrong: CompeGPTError | None = None
        loop = asyncio.get_running_loop()
        tell = None if say is None else lambda piece: _tell(loop, say, stop, piece)
        try:
            async with asyncio.timeout(bound):
                text, tokens = await loop.run_in_executor(self._thread, self._answer, messages, tell, stop)
        except TimeoutError:
            wrong = ExpertTimeout(f"{self.name} did not answer within {bound:.3g} s: set a smaller model.")
        except CompeGPTError as error:
            wrong = error
        finally:
            stop.set()  # the thread cannot be ended from here, but asks at every token
        seconds = time.monotonic() - started
        call: LLMCall = {"purpose": purpose, "model": self.name, "seconds": seconds, "started": time.time() - seconds,
                         "tokens": tokens, "error": str(wrong) if wrong else None,
                         "code": wrong.code if wrong else None}
        if wrong is not None:
            raise LLMError(wrong, call)
        return Reply(text, call)

    def _answer(self, messages: Sequence[Message], tell: Callable[[str], None] | None, stop: threading.Event
                ) -> tuple[str, int]:
        """The text and the tokens of prompt and answer together."""
        from transformers import StoppingCriteriaList

        if self._chat is None:
            self._chat = self._loaded()
        chat = self._chat
        plain = [{"role": message["role"], "content": self._words(message["content"])} for message in messages]
        options: dict[str, Any] = {"max_new_tokens": NEW_TOKENS, "do_sample": False,  # one request, one answer
                                   "return_full_text": False, "add_special_tokens": False,
                                   "stopping_criteria": StoppingCriteriaList([lambda *_, **__: stop.is_set()])}
        if tell is not None:
            options["streamer"] = _streamer(chat.tokenizer, tell)
        try:
            text = str(chat.invoke(plain, pipeline_kwargs=options).text)
        except (RuntimeError, ValueError, IndexError) as error:  # out of memory, a prompt too long, a broken template
            raise ExpertError(f"{self.name} failed ({self._quoted(error)}): set a smaller model.") from None
        if not text.strip():
            raise ExpertError(f"{self.name} said nothing: set another model.")
        prompt = chat.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        return text, sum(len(chat.tokenizer(part, add_special_tokens=False).input_ids) for part in (prompt, text))

    def _words(self, content: Any) -> str:
        if isinstance(content, str):
            return content
        if any(part.get("type") != "text" for part in content):
            raise ExpertError(f"{self.name} takes text only: set a model that sees.")
        return "\n".join(part["text"] for part in content)

    def _loaded(self) -> ChatHuggingFace:
        from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline
        from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would write across the progress of the turn
        settings = self._settings
        source: dict[str, Any] = {"local_files_only": settings.hf_hub_offline or Path(self._model).is_dir(),
                                  "cache_dir": settings.hf_home and settings.hf_home / "hub",
                                  "token": settings.hf_token, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._model, **source)
            weights = AutoModelForCausalLM.from_pretrained(self._model, use_safetensors=True, **source)
            made = pipeline("text-generation", model=weights, tokenizer=tokenizer, device=device(settings.device))
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ConfigurationError(f"{self.name} cannot be loaded ({self._quoted(error)}): set COMPEGPT_LLM to "
                                     "local: and a text model with safetensors weights.") from None
        if tokenizer.chat_template is None:
            tokenizer.chat_template = _TEMPLATE
        return ChatHuggingFace(llm=HuggingFacePipeline(pipeline=made, model_id=self._model), tokenizer=tokenizer)

    def _quoted(self, error: Exception) -> str:
        return " ".join(self._settings.redacted(str(error)).split())[:200] or type(error).__name__


def device(setting: str) -> str:
    """The torch device a setting means: `auto` is CUDA, else MPS, else the CPU."""
    import torch

    if setting != "auto":
        return setting
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _tell(loop: asyncio.AbstractEventLoop, say: Callable[[str], None], stop: threading.Event, piece: str) -> None:
    if piece and not stop.is_set():
        loop.call_soon_threadsafe(say, piece)


def _streamer(tokenizer: Any, tell: Callable[[str], None]) -> Any:
    from transformers import TextStreamer

    class Streamer(TextStreamer):
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            tell(text)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
