"""What planning may look at on the disk: whether a name is a file's, and of which kind.

Names come out of requests; of one that is confined to its own files nobody learns what else there is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from pathlib import Path

from compegpt.media.artifacts import media_type

_WITHIN: ContextVar[Collection[str] | None] = ContextVar("within", default=None)


@contextlib.contextmanager
def only(files: Collection[str] | None) -> Iterator[None]:
    """Inside it no file but these can be seen; with None, any."""
    token = _WITHIN.set(files)
    try:
        yield
    finally:
        _WITHIN.reset(token)


def is_file(name: str) -> bool:
    """Whether there is a file of this name. Raises ValueError for a name with a NUL."""
    return _seen(name) and os.path.isfile(os.path.expanduser(name))


def exists(name: str) -> bool:
    """Whether there is a file or folder of this name."""
    return _seen(name) and os.path.exists(name)


def mime(name: str) -> str:
    """MIME type by content. Raises OSError, ValueError or RuntimeError where there is no such file."""
    if not _seen(name):
        raise FileNotFoundError(name)
    return media_type(Path(name).expanduser())


def _seen(name: str) -> bool:
    within = _WITHIN.get()
    return within is None or name in within
