"""The experts a user adds by `experts.toml` in the data directory; docs/experts.md tells how it is written.

A file that cannot be used stops the start, with all that is wrong in it: an expert that is silently left out would look
like one that lost.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compegpt.errors import ConfigurationError
from compegpt.settings import Secret, Settings
from compegpt.sources.hub.model import Own
from compegpt.sources.local.runner import Checkpoint

FILE = "experts.toml"


@dataclass(frozen=True)
class OwnChat:
    """A chat model on any server."""

    name: str
    spec: str
    """`provider:model`, as `llm.models.language_model` takes it."""
    base_url: str | None = None
    key: Secret | None = field(default=None, repr=False)
    vision: bool | None = None
    tasks: frozenset[str] | None = None
    """None for all that a chat model can do."""
    family: str | None = None
    languages: frozenset[str] | None = None
    licence: str | None = None


@dataclass(frozen=True)
class OwnExperts:
    """What the file adds to each source, in its order."""

    local: tuple[Checkpoint, ...] = ()
    hub: tuple[Own, ...] = ()
    chat: tuple[OwnChat, ...] = ()

    @property
    def keys(self) -> list[Secret]:
        """The keys of all of them."""
        keys = [*(one.key for one in self.hub), *(one.key for one in self.chat)]
        return [key for key in keys if key is not None]


def own_experts(settings: Settings, environ: Mapping[str, str] | None = None) -> OwnExperts:
    """What `experts.toml` of the data directory adds; nothing where there is no such file.

    `environ` holds the keys that the file names; None for the environment and, behind it, `.env`. Raises
    ConfigurationError with everything that is wrong, by entry.
    """
    path = settings.data_dir / FILE
    if not path.exists():
        return OwnExperts()
    from compegpt.sources.own_entries import Place, converted

    entries = _entries(path)
    if not entries:
        return OwnExperts()
    place = Place(path.parent, _environ() if environ is None else environ)
    rows, wrong = converted(entries, place)
    if wrong:
        raise ConfigurationError(f"{path} cannot be used: {'; '.join(wrong)}.")
    return OwnExperts(tuple(row for row in rows if isinstance(row, Checkpoint)),
                      tuple(row for row in rows if isinstance(row, Own)),
                      tuple(row for row in rows if isinstance(row, OwnChat)))


def _environ() -> dict[str, str]:
    from dotenv import dotenv_values

    return {**{name: value for name, value in dotenv_values(".env").items() if value is not None}, **os.environ}


def _entries(path: Path) -> list[Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): make it a file that you may read, or "
                                 "remove it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        said = error if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        raise ConfigurationError(f"{path} is not TOML ({said}): mend it, or remove it.") from None
    entries = content.pop("expert", [])
    if content:
        raise ConfigurationError(f"{path} holds '{next(iter(content))[:40]}', but every expert begins with a line "
                                 "[[expert]].")
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path} holds [expert]: write [[expert]] in double brackets, once for each.")
    return entries
