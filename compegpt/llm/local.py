"""A language model run in this process by transformers: loaded on first use, one call at a time."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compegpt.errors import CompeGPTError, ConfigurationError, ExpertError, ExpertTimeout
from compegpt.llm.protocol import LLMError, Message, Purpose, Reply
from compegpt.llm.rungs import request
from compegpt.llm.thoughts import Thoughts, left_open, without_thoughts
from compegpt.schema import LLMCall
from compegpt.settings import Settings
from compegpt.threads import in_thread

if TYPE_CHECKING:
    from langchain_huggingface import ChatHuggingFace

NEW_TOKENS = 1024
"""Longest answer."""
_TEMPLATE = ("{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
             "{% if add_generation_prompt %}assistant:{% endif %}")
"""For models that bring no chat template."""
_USED = ("AutoModelForCausalLM", "AutoTokenizer", "GenerationMixin", "PreTrainedModel", "StoppingCriteriaList",
         "TextStreamer", "pipeline")
_FAILURES = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)
"""Out of memory, a prompt too long, a broken template."""
SECONDS_TO_STOP = 3.0
"""Given at the end of the process to what still runs: torch, ended in the middle, takes the process down by SIGABRT."""
_one_import = threading.Lock()
_running: dict[threading.Event, threading.Event] = {}
"""What stops each that loads or generates, and what says that it has ended."""


class LocalModel:
    """A LanguageModel over the weights of `model`, an id on the hub or a folder; safetensors only, no remote code."""

    def __init__(self, model: str, settings: Settings, seconds: float) -> None:
        self.name = f"local:{model}"
        self._model, self._settings, self._seconds = model, settings, seconds
        self._chat: ChatHuggingFace | None = None
        self._one_call = threading.Lock()

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
                text, tokens = await in_thread(self._in_turn, messages, tell, stop)
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

    def _in_turn(self, messages: Sequence[Message], tell: Callable[[str], None] | None, stop: threading.Event
                 ) -> tuple[str, int]:
        with self._one_call:
            if stop.is_set():  # it waited for its turn until nobody waited for it
                return "", 0
            _running[stop] = ended = threading.Event()
            try:
                return self._answer(messages, tell, stop)
            finally:
                del _running[stop]
                ended.set()

    def _answer(self, messages: Sequence[Message], tell: Callable[[str], None] | None, stop: threading.Event
                ) -> tuple[str, int]:
        """The text and the tokens of prompt and answer together."""
        if self._chat is None:
            self._chat = self._loaded()
            if stop.is_set():  # that took too long
                return "", 0
        turns = [{"role": message["role"], "content": self._words(message["content"])} for message in messages]
        try:
            prompt, raw = self._generated(self._chat, turns, tell, stop)
        except ImportError as error:
            raise self._lacking(error) from None
        except _FAILURES as error:
            raise ExpertError(f"{self.name} failed ({self._quoted(error)}): set a smaller model.") from None
        text = without_thoughts(left_open(prompt) + raw)
        if not text.strip():
            raise ExpertError(f"{self.name} said nothing: set another model.")
        tokenizer = self._chat.tokenizer
        return text, sum(len(tokenizer(part, add_special_tokens=False).input_ids) for part in (prompt, raw))

    def _generated(self, chat: ChatHuggingFace, turns: list[dict[str, str]], tell: Callable[[str], None] | None,
                   stop: threading.Event) -> tuple[str, str]:
        """The prompt, and all that the model said to it."""
        transformers = _library()
        turns, prompt = self._templated(chat.tokenizer, turns)
        options: dict[str, Any] = {"max_new_tokens": NEW_TOKENS, "do_sample": False,  # one request, one answer
                                   "return_full_text": False, "add_special_tokens": False, "stopping_criteria":
                                   transformers.StoppingCriteriaList([lambda *_, **__: stop.is_set()])}
        if tell is None:
            return prompt, str(chat.invoke(turns, pipeline_kwargs=options).text)
        thoughts = Thoughts()
        thoughts.feed(left_open(prompt))
        options["streamer"] = _streamer(chat.tokenizer, lambda piece: tell(thoughts.feed(piece)))
        text = str(chat.invoke(turns, pipeline_kwargs=options).text)
        tell(thoughts.end())
        return prompt, text

    def _templated(self, tokenizer: Any, turns: list[dict[str, str]]) -> tuple[list[dict[str, str]], str]:
        """The turns as the model's template takes them, and the prompt it makes of them."""
        from jinja2 import TemplateError

        wrong = ""
        for asked in (turns, _without_system(turns)):
            try:
                return asked, str(tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))
            except TemplateError as error:
                wrong = wrong or self._quoted(error)
        raise ExpertError(f"{self.name} takes no such conversation ({wrong}): set another model.")

    def _words(self, content: Any) -> str:
        if isinstance(content, str):
            return content
        if any(part.get("type") != "text" for part in content):
            raise ExpertError(f"{self.name} takes text only: set a model that sees.")
        return "\n".join(part["text"] for part in content)

    def _loaded(self) -> ChatHuggingFace:
        settings = self._settings
        source: dict[str, Any] = {"local_files_only": settings.hf_hub_offline or Path(self._model).is_dir(),
                                  "cache_dir": _hub_cache(settings), "token": settings.hf_token,
                                  "trust_remote_code": False}
        try:
            transformers = _library()
            from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline

            tokenizer = transformers.AutoTokenizer.from_pretrained(self._model, **source)
            weights = transformers.AutoModelForCausalLM.from_pretrained(self._model, use_safetensors=True, **source)
            made = transformers.pipeline("text-generation", model=weights, tokenizer=tokenizer,
                                         device=device(settings.device))
        except ImportError as error:
            raise self._lacking(error) from None
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ConfigurationError(f"{self.name} cannot be loaded ({self._quoted(error)}): set COMPEGPT_LLM to "
                                     "local: and a text model with safetensors weights.") from None
        if tokenizer.chat_template is None:
            tokenizer.chat_template = _TEMPLATE
        return ChatHuggingFace(llm=HuggingFacePipeline(pipeline=made, model_id=self._model), tokenizer=tokenizer)

    def _lacking(self, error: ImportError) -> ConfigurationError:
        return ConfigurationError(f"{self.name} needs a library that is not here ({self._quoted(error)}): install it, "
                                  "or set COMPEGPT_LLM to another model.")

    def _quoted(self, error: Exception) -> str:
        return " ".join(self._settings.redacted(str(error)).split())[:200] or type(error).__name__


def device(setting: str) -> str:
    """The torch device a setting means: `auto` is CUDA, else MPS, else the CPU."""
    import torch

    if setting != "auto":
        return setting
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


@atexit.register
def let_finish() -> None:
    """Stop what is running and wait for it, though not for long: a download is left behind."""
    end = time.monotonic() + SECONDS_TO_STOP
    for stop, ended in list(_running.items()):
        stop.set()
        ended.wait(max(0.0, end - time.monotonic()))


def _library() -> Any:
    """transformers, with all that is used of it here.

    It imports its parts when they are first named; where two threads do that at once, one may find a part half
    imported.
    """
    with _one_import:
        import langchain_huggingface  # noqa: F401
        import torch  # noqa: F401
        import transformers
        from transformers.utils.logging import disable_progress_bar

        for name in _USED:
            getattr(transformers, name)
        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would write across the progress of the turn
    return transformers


def _hub_cache(settings: Settings) -> Path | None:
    """Where the weights are kept; as for the library itself, HF_HUB_CACHE goes before HF_HOME.

    None is its own default.
    """
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    return settings.hf_home and settings.hf_home / "hub"


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """The same with what the system says at the head of the user's first turn, for models that know no such role."""
    told = [turn["content"] for turn in turns if turn["role"] == "system"]
    kept = [dict(turn) for turn in turns if turn["role"] != "system"]
    for turn in [turn for turn in kept if turn["role"] == "user"][:1]:
        turn["content"] = "\n\n".join([*told, turn["content"]])
    return kept


def _tell(loop: asyncio.AbstractEventLoop, say: Callable[[str], None], stop: threading.Event, piece: str) -> None:
    if piece and not stop.is_set():
        loop.call_soon_threadsafe(say, piece)


def _streamer(tokenizer: Any, tell: Callable[[str], None]) -> Any:
    class Streamer(_library().TextStreamer):  # type: ignore[misc]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            tell(text)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
