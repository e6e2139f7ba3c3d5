"""Listings of the Hub kept on disk, one small file for each query and ranking.

What is not ours, half-written or of another format is as good as absent; a folder that cannot be written keeps nothing.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compegpt.settings import Settings
from compegpt.sources.hub.model import Model
from compegpt.sources.hub.queries import Query

FORMAT = 1
"""Goes up with every change of what a file holds."""


@dataclass(frozen=True)
class Page:
    """One ranking of one query as the Hub told it."""

    models: tuple[Model, ...]
    at: float
    """Seconds since the epoch when it was told."""
    endpoint: str = ""
    query: Query | None = None
    sort: str = ""
    format: int = FORMAT


@functools.cache
def reader() -> Any:
    """What turns pages into JSON and back; a tenth of a second to make."""
    from pydantic import TypeAdapter

    return TypeAdapter(Page)


@dataclass(frozen=True)
class Shelf:
    settings: Settings

    @property
    def endpoint(self) -> str:
        return (self.settings.hf_endpoint or "").rstrip("/")

    def read(self, query: Query, sort: str) -> Page | None:
        """The page that was kept last, however old; None where there is none."""
        try:
            page: Page = reader().validate_json(self._path(query, sort).read_bytes())
        except (OSError, ValueError):
            return None
        return page if (page.format, page.endpoint, page.query, page.sort) == (
            FORMAT, self.endpoint, query, sort) else None

    def keep(self, query: Query, sort: str, models: tuple[Model, ...], at: float) -> None:
        """Keep a page for later runs, whole or not at all."""
        path = self._path(query, sort)
        half = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:8]}.part")
        text = reader().dump_json(Page(models, at, self.endpoint, query, sort)).decode()
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                half.write_text(self.settings.redacted(text), encoding="utf-8")
                os.replace(half, path)
            finally:
                half.unlink(missing_ok=True)

    def _path(self, query: Query, sort: str) -> Path:
        name = hashlib.sha256(repr((self.endpoint, query, sort)).encode()).hexdigest()[:24]
        return self.settings.data_dir / "catalogue" / f"{name}.json"
