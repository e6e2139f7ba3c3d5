"""The raw body of an answer: JSON or a file, or in plain words what it is instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.sources.hub import faults

_PAGE = re.compile(rb"\A<(?:!doctype|!--|html|head|body|\?xml)", re.IGNORECASE)


def checked(content: bytes, token: str | None = None) -> bytes:
    """The body as it is. Raises ExpertError where it is empty, a web page, or an error with a status of success, which
    is quoted without `token`."""
    start = content[:64].lstrip()
    if not start and not content.strip():
        raise ExpertError("It gave an empty answer.")
    if _PAGE.match(start):
        raise ExpertError("It answered with a web page, not with a result.")
    if start[:1] in (b"{", b"[") and (error := _error_in(content)):
        raise ExpertError(f"It answered with an error: {faults.redacted(error, token)}.")
    return content


def _error_in(content: bytes) -> str:
    if b'"error"' not in content:
        return ""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    first = given[0] if isinstance(given, list) and len(given) == 1 else given
    error = first.get("error") if isinstance(first, Mapping) else None
    return (faults.message(error) or json.dumps(error)) if error else ""


def result(content: bytes, file: bool) -> Any:
    """The object or list of a JSON body; where a `file` is awaited, a body of anything else is that file.

    Raises ExpertError for any other body.
    """
    opened = content.lstrip()[:1] in (b"{", b"[")
    if file and not opened:
        return content
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        raise ExpertError(f"Its answer is {described(content)}, not a result.") from None
    if not isinstance(given, list | dict):
        raise ExpertError(f"Its answer is {described(content)}, not a result.")
    return given


def described(content: bytes) -> str:
    """What a body is, as in "its answer is ..."."""
    try:
        given = json.loads(content.decode())
    except UnicodeDecodeError:
        return "no text but other bytes"
    except (ValueError, RecursionError):
        opened = content.lstrip()[:1] in (b"{", b"[")
        return "JSON that is broken off or broken" if opened else "text that is no JSON"
    return "JSON of another form" if isinstance(given, list | dict) else f"only {json.dumps(given)[:40]}"
