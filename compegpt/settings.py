"""Every setting, typed once: command-line flag > environment > `.env` > default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from compegpt.errors import ConfigurationError
from compegpt.redaction import Redactor

TOP_K_ALL = 1_000
"""What `COMPEGPT_TOP_K=all` stands for."""


class Secret(str):
    """A key or token; shows as stars wherever it is printed with repr."""

    def __repr__(self) -> str:
        return "'****'"


@dataclass(frozen=True)
class Settings:
    """One value per setting; the environment variable stands in the field's metadata."""

    llm: str = field(default="auto", metadata={"env": "COMPEGPT_LLM"})
    planner: str = field(default="auto", metadata={"env": "COMPEGPT_PLANNER"})
    experts: str = field(default="auto", metadata={"env": "COMPEGPT_EXPERTS"})
    """Ordered, comma-separated list of sources."""
    top_k: int = field(default=3, metadata={"env": "COMPEGPT_TOP_K"})
    deadline: float = field(default=180.0, metadata={"env": "COMPEGPT_DEADLINE"})
    """Seconds for a request."""
    task_deadline: float = field(default=60.0, metadata={"env": "COMPEGPT_TASK_DEADLINE"})
    """Seconds for one task, from its first expert's start."""
    quorum: int | None = field(default=None, metadata={"env": "COMPEGPT_QUORUM"})
    """Answers after which stragglers are hurried; None for k - 1."""
    patience: float = field(default=2.0, metadata={"env": "COMPEGPT_PATIENCE"})
    """Stragglers may take this many times the quorum's time in all, and at least 1 s more."""
    concurrency: int = field(default=8, metadata={"env": "COMPEGPT_CONCURRENCY"})
    """Expert calls at once in this process."""
    league: bool = field(default=True, metadata={"env": "COMPEGPT_LEAGUE"})
    adaptive: bool = field(default=True, metadata={"env": "COMPEGPT_ADAPTIVE"})
    """Whether fewer than `top_k` may begin and more may follow; off by default where `top_k` was given."""
    data_dir: Path = field(default=Path(), metadata={"env": "COMPEGPT_DATA_DIR"})
    inference_url: str | None = field(default=None, metadata={"env": "COMPEGPT_INFERENCE_URL"})
    judge: str = field(default="auto", metadata={"env": "COMPEGPT_JUDGE"})
    """Who settles close calls: `embedded`, or `llm`; auto takes the language model where there is one."""
    chat_models: str | None = field(default=None, metadata={"env": "COMPEGPT_CHAT_MODELS"})
    """Comma-separated `provider:model`s that compete as chat experts beside the language model."""
    device: str = field(default="auto", metadata={"env": "COMPEGPT_DEVICE"})
    """Where local models run: auto, cpu, cuda, mps."""
    local_memory: float | None = field(default=None, metadata={"env": "COMPEGPT_LOCAL_MEMORY"})
    """Gigabytes that loaded local models may take together; None for half of the device's memory."""
    openai_api_key: Secret | None = field(default=None, metadata={"env": "OPENAI_API_KEY"})
    openai_base_url: str | None = field(default=None, metadata={"env": "OPENAI_BASE_URL"})
    azure_openai_api_key: Secret | None = field(default=None, metadata={"env": "AZURE_OPENAI_API_KEY"})
    azure_openai_endpoint: str | None = field(default=None, metadata={"env": "AZURE_OPENAI_ENDPOINT"})
    openai_api_version: str | None = field(default=None, metadata={"env": "OPENAI_API_VERSION"})
    hf_token: Secret | None = field(default=None, metadata={"env": "HF_TOKEN"})
    hf_endpoint: str | None = field(default=None, metadata={"env": "HF_ENDPOINT"})
    hf_home: Path | None = field(default=None, metadata={"env": "HF_HOME"})
    hf_hub_offline: bool = field(default=False, metadata={"env": "HF_HUB_OFFLINE"})
    api_keys: Secret | None = field(default=None, metadata={"env": "COMPEGPT_API_KEYS"})
    origins: str | None = field(default=None, metadata={"env": "COMPEGPT_ORIGINS"})
    """Comma-separated origins whose pages may call the server."""
    rate: str = field(default="600/minute", metadata={"env": "COMPEGPT_RATE"})
    """Requests that each key of a server has."""
    database_url: Secret | None = field(default=None, metadata={"env": "COMPEGPT_DATABASE_URL"})

    @classmethod
    def load(cls, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None,
             dotenv: Path | None = Path(".env")) -> Settings:
        """Settings from flags (field names), the environment and a `.env` file.

        Raises ConfigurationError naming the variable whose value cannot be used.
        """
        env = {**_read_dotenv(dotenv), **(os.environ if environ is None else environ)}
        if not env.get("HF_TOKEN") and env.get("HUGGINGFACEHUB_API_TOKEN"):
            env["HF_TOKEN"] = env["HUGGINGFACEHUB_API_TOKEN"]
        values: dict[str, Any] = {}
        for setting in fields(cls):
            variable = setting.metadata["env"]
            given = (flags or {}).get(setting.name)
            text = str(given) if given is not None else env.get(variable, "")
            if text.strip():
                values[setting.name] = _parse(variable, str(setting.type), text.strip())
        values.setdefault("data_dir", _default_data_dir())
        values.setdefault("adaptive", "top_k" not in values)
        return cls(**values)

    @property
    def secrets(self) -> list[Secret]:
        """Every key and token of these settings."""
        values = [getattr(self, setting.name) for setting in fields(self)]
        return [value for value in values if isinstance(value, Secret)]

    def redacted(self, text: str) -> str:
        """The text with every key and token of these settings as stars."""
        return Redactor(self.secrets)(text)


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {key: value for key, value in dotenv_values(path).items() if value is not None}


def _default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("compegpt", appauthor=False)


def _parse(variable: str, kind: str, text: str) -> Any:
    try:
        if kind.startswith("bool"):
            return {"on": True, "1": True, "true": True, "yes": True,
                    "off": False, "0": False, "false": False, "no": False}[text.lower()]
        if kind.startswith("int"):
            return _positive(TOP_K_ALL if variable == "COMPEGPT_TOP_K" and text.lower() == "all" else int(text))
        if kind.startswith("float"):
            return _positive(float(text))
        if kind.startswith("Path"):
            return Path(text).expanduser().absolute()
        return Secret(text) if kind.startswith("Secret") else text
    except (ValueError, KeyError) as error:
        wanted = {"b": "on or off", "i": "a whole number above 0", "f": "a number above 0"}[kind[0]]
        if variable == "COMPEGPT_TOP_K":
            wanted += " or 'all'"
        raise ConfigurationError(f"{variable} is '{text[:40]}', but must be {wanted}.") from error


def _positive(value: Any) -> Any:
    if not 0 < value < float("inf"):
        raise ValueError(value)
    return value
