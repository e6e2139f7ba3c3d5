"""Each provider over a server on loopback, by its real client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compegpt.llm.models import language_model
from compegpt.llm.protocol import LanguageModel
from compegpt.settings import Settings
from tests.loopback.server import Handler, Server

KEY = "sk-canary-0123456789abcdef"
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"title": "Plan", "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
          "additionalProperties": False}

PROVIDERS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "openai": ("openai:some-model", lambda url: {"openai_api_key": KEY, "openai_base_url": f"{url}/v1"}),
    "azure": ("azure_openai:some-model", lambda url: {"azure_openai_api_key": KEY, "azure_openai_endpoint": url}),
    "huggingface": ("huggingface:org/some-model", lambda url: {"hf_token": KEY, "inference_url": url}),
}


def settings(data_dir: Path, **flags: Any) -> Settings:
    """Settings from nothing but these, whatever the environment holds."""
    return Settings.load({"data_dir": data_dir, **flags}, environ={}, dotenv=None)


@contextmanager
def served(tmp_path: Path, handler: Handler, provider: str = "openai", seconds: float = 10.0
           ) -> Iterator[tuple[LanguageModel, Server]]:
    """A model of the provider whose server answers by the handler; waits between tries take no time."""
    spec, flags = PROVIDERS[provider]
    with Server(handler) as server:
        model: Any = language_model(spec, settings(tmp_path, **flags(server.url)), seconds=seconds)
        model.waits = []

        async def rest(wait: float) -> None:
            model.waits.append(wait)

        model._rest = rest
        yield model, server
