"""Which language model a spec `provider:model` names, and what it needs of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from compegpt.errors import AuthenticationError, ConfigurationError
from compegpt.llm.failures import Where
from compegpt.llm.protocol import LanguageModel
from compegpt.redaction import Redactor
from compegpt.settings import Settings

if TYPE_CHECKING:
    from compegpt.llm.links import Link

DEFAULT_MODEL = "gpt-4.1-mini"
"""Of OpenAI, where only a key or an address is set."""
OPENAI = "https://api.openai.com/v1"
ROUTER = "https://router.huggingface.co"
AZURE_VERSION = "2024-10-21"
SECONDS = 60.0
NO_KEY = "none"
"""What servers that ask for no key are sent."""


def default_spec(settings: Settings) -> str | None:
    """`provider:model` of the language model these settings stand for; None where they name none.

    A token of Hugging Face alone gives none: it would spend the account's credit unasked.
    """
    if settings.llm == "auto":
        return f"openai:{DEFAULT_MODEL}" if settings.openai_api_key or settings.openai_base_url else None
    return None if settings.llm == "embedded" else settings.llm


def language_model(spec: str, settings: Settings, *, base_url: str | None = None, api_key: str | None = None,
                   seconds: float = SECONDS) -> LanguageModel:
    """The model of a spec: `openai:MODEL`, `azure_openai:DEPLOYMENT`, `huggingface:ORG/MODEL`,
    `local:ORG/MODEL` or `local:FOLDER`.

    `base_url` and `api_key` replace those of the settings; an address of one's own is never sent a key of the settings.
    `seconds` bound a call that names no bound itself. No request is made here.

    Raises ConfigurationError for a spec or address that cannot be used, AuthenticationError for a key that is missing.
    """
    provider, _, model = (part.strip() for part in spec.partition(":"))
    if provider not in _PROVIDERS or not model:
        raise ConfigurationError(f"COMPEGPT_LLM is '{spec[:80]}', but must be 'embedded', or one of "
                                 f"{', '.join(_PROVIDERS)} followed by ':' and a model.")
    return _PROVIDERS[provider](Wanted(model, settings, base_url, api_key, seconds))


@dataclass(frozen=True)
class Wanted:
    """One model, and what overrides the settings for it."""

    model: str
    settings: Settings
    base_url: str | None
    api_key: str | None
    seconds: float

    def address(self, default: str | None, name: str) -> str:
        """The base address to use. Raises ConfigurationError, by its setting's name, where it is none."""
        address = (self.base_url or default or "").strip().rstrip("/")
        try:
            parts = urlsplit(address)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigurationError(f"{name} is not an address: set it to http://HOST or https://HOST and a path.")
        return address

    def key(self, own: str | None, name: str, home: bool) -> str:
        """The key to send: `own`, that of the settings, is for the server they name (`home`) alone.

        Raises AuthenticationError where a key is needed and missing, or is text that cannot be one.
        """
        key = self.api_key or (own if self.base_url is None else None)
        if key is None and home:
            raise AuthenticationError(f"{name} is not set: set it, or set COMPEGPT_LLM to embedded or another model.")
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise AuthenticationError(f"{name} holds characters that no key has: copy the key again.")
        return key or NO_KEY

    def where(self, provider: str, address: str, key: str, key_name: str, address_name: str) -> Where:
        parts = urlsplit(address)
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        return Where(f"{provider}:{self.model}", host, key_name, address_name,
                     Redactor([key, *self.settings.secrets]))


def _openai(wanted: Wanted) -> LanguageModel:
    from compegpt.llm.links import openai_link

    settings = wanted.settings
    address = wanted.address(settings.openai_base_url or OPENAI, "OPENAI_BASE_URL")
    key = wanted.key(settings.openai_api_key, "OPENAI_API_KEY", home=address == OPENAI)
    link = openai_link(wanted.model, address, key)
    return _remote(wanted, link, wanted.where("openai", address, key, "OPENAI_API_KEY", "OPENAI_BASE_URL"))


def _azure(wanted: Wanted) -> LanguageModel:
    from compegpt.llm.links import azure_link

    settings = wanted.settings
    address = wanted.address(settings.azure_openai_endpoint, "AZURE_OPENAI_ENDPOINT")
    key = wanted.key(settings.azure_openai_api_key, "AZURE_OPENAI_API_KEY", home=True)
    link = azure_link(wanted.model, address, settings.openai_api_version or AZURE_VERSION, key)
    return _remote(wanted, link, wanted.where("azure_openai", address, key, "AZURE_OPENAI_API_KEY",
                                              "AZURE_OPENAI_ENDPOINT"))


def _huggingface(wanted: Wanted) -> LanguageModel:
    from compegpt.llm.links import huggingface_link

    settings = wanted.settings
    address = wanted.address(settings.inference_url or ROUTER, "COMPEGPT_INFERENCE_URL").removesuffix("/v1")
    key = wanted.key(settings.hf_token, "HF_TOKEN", home=wanted.base_url is None)
    link = huggingface_link(wanted.model, address, key)
    return _remote(wanted, link, wanted.where("huggingface", address, key, "HF_TOKEN", "COMPEGPT_INFERENCE_URL"))


def _local(wanted: Wanted) -> LanguageModel:
    from compegpt.llm.local import LocalModel

    return LocalModel(wanted.model, wanted.settings, wanted.seconds)


def _remote(wanted: Wanted, link: Link, where: Where) -> LanguageModel:
    from compegpt.llm.links import rehearse
    from compegpt.llm.remote import RemoteModel
    from compegpt.llm.rungs import memory

    rehearse(link)
    return RemoteModel(link, where, memory(wanted.settings.data_dir), wanted.seconds)


_PROVIDERS: dict[str, Callable[[Wanted], LanguageModel]] = {
    "openai": _openai, "azure_openai": _azure, "huggingface": _huggingface, "local": _local}
