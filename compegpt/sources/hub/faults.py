"""What a call of the hub's client raises, as our errors: who is to blame, and whether trying again may help."""

from __future__ import annotations

import errno
import math
import re
import socket
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from compegpt.errors import (
    AuthenticationError,
    CompeGPTError,
    ExpertError,
    ExpertGone,
    ExpertTimeout,
    ExpertUnavailable,
    InputError,
    StorageError,
)

MOST_SAID = 200
"""Characters of a server's own words that go into a sentence."""

class Refused(Exception):
    """The server answered with a status of 400 or more; `response` is an httpx.Response, read to its end."""

    def __init__(self, response: Any) -> None:
        super().__init__(f"{response.status_code} {message(_body(response))}")
        self.response = response


_Made = Callable[[str, str, float | None], CompeGPTError]


def _busy(advice: str, tries: int) -> _Made:
    return lambda name, said, wait: ExpertUnavailable(f"{name} {advice}{said}.", wait, tries)


def _gone(what: str) -> _Made:
    return lambda name, said, wait: ExpertGone(f"{name} {what}{said}.")


def _input(what: str) -> _Made:
    return lambda name, said, wait: ExpertError(f"{name} {what}{said}.")


_BY_STATUS: dict[int, _Made] = {
    400: _input("does not take this input"),
    401: lambda name, said, wait: AuthenticationError(
        f"The token was refused for {name}{said}; set HF_TOKEN to a valid token that may call Inference Providers."),
    402: _gone("cannot be paid for: the account has no credit left"),
    403: lambda name, said, wait: AuthenticationError(
        f"The token may not use {name}{said}; give HF_TOKEN a token that is permitted to."),
    404: _gone("is not served there"),
    405: _gone("cannot be called there"),
    408: _busy("took too long", 2),
    410: _gone("is no longer served"),
    413: _input("does not take an input as large as this"),
    415: _input("does not take a file of this type"),
    422: _input("does not take this input"),
    429: lambda name, said, wait: ExpertUnavailable(
        f"{name} had too many calls{said}; try again {_in_time(wait)}.", wait, 3),
    500: _busy("broke down", 2),
    501: _gone("cannot do this"),
    502: _busy("cannot be reached", 2),
    503: _busy("is loading or overloaded", 30),
    504: _busy("took too long", 2),
}
_NOT_SERVED = re.compile(r"not supported by (?:any |the )?provider|model_not_supported|not a chat model", re.IGNORECASE)
"""What a router says with a 400 of a model that no input would please."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_GATED = ("gated", "restricted", "accept the condition", "agree to", "awaiting a review")


def mended(error: BaseException, name: str, token: str | None = None) -> CompeGPTError:
    """The error that says what went wrong when calling `name`; an error of ours stays as it is.

    `token` never gets into its text: servers quote what they refuse.
    """
    if isinstance(error, CompeGPTError):
        return error
    if isinstance(error, Refused):
        return by_status(error.response.status_code, error.response.headers, _body(error.response), name, token)
    return _without_answer(error, name, token)


def by_status(status: int, headers: Mapping[str, str], body: Any, name: str, token: str | None = None) -> CompeGPTError:
    """The error for an HTTP answer of 400 or more; `body` is its JSON, or text."""
    words = headers.get("x-error-message") or message(body)
    said = f": {redacted(words, token)}" if words else ""
    if status == 403 and (headers.get("x-error-code") == "GatedRepo" or any(sign in words.lower() for sign in _GATED)):
        return ExpertGone(f"{name} is gated{said}; accept its terms on its page first.")
    if status in (400, 422) and _NOT_SERVED.search(words):
        status = 404
    family = _BY_STATUS[400] if status < 500 else _BY_STATUS[500]
    return _BY_STATUS.get(status, family)(name, said, retry_after(headers, body))


def _in_time(wait: float | None) -> str:
    """ "in 45 seconds", "in 60 minutes", "in 5 hours"; "later" where it is not told."""
    if wait is None:
        return "later"
    size, unit = next(((size, unit) for size, unit in ((1, "second"), (60, "minute")) if wait <= 90 * size),
                      (3600, "hour"))
    count = max(math.ceil(wait / size), 1)
    return f"in {count} {unit}{'' if count == 1 else 's'}"


def retry_after(headers: Mapping[str, str], body: Any = None) -> float | None:
    """Seconds until its server wants to be asked again: `Retry-After` (seconds or a date), or the `estimated_time` of
    a loading model; None where it does not say, or nothing one could wait for."""
    said = headers.get("retry-after", "").strip()
    given: Any = body.get("estimated_time") if isinstance(body, dict) else None
    if said:
        try:
            given = float(said)
        except ValueError:
            given = _until(said)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e6:
        return None
    return float(given)


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def redacted(text: str, token: str | None) -> str:
    """One line of at most MOST_SAID characters, the token as stars, without a full stop at its end."""
    if token:
        text = text.replace(token, "****")
    return " ".join(text.split())[:MOST_SAID].rstrip(". ")


def _body(response: Any) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return response.text


def message(body: Any) -> str:
    """What the server says is wrong, whatever its form: text, `error`, `message`, `detail`, nested or in a list."""
    for _ in range(4):
        if isinstance(body, dict):
            body = next((body[key] for key in ("error", "message", "detail", "msg") if body.get(key)), "")
        elif isinstance(body, list):
            body = body[0] if body else ""
    text = body if isinstance(body, str) else ""
    return "" if text.lstrip().startswith("<") else text


def _without_answer(error: BaseException, name: str, token: str | None) -> CompeGPTError:
    import httpx

    what = plainly(error)
    if isinstance(error, TimeoutError):
        return ExpertTimeout(f"{name} gave no answer in time.")
    if isinstance(error, UnicodeEncodeError):
        return InputError("The text holds halves of characters that cannot be sent; copy it once more.")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return ExpertError(f"The address of {name} cannot be used: {redacted(str(error), token)}.")
    if isinstance(error, httpx.TooManyRedirects):
        return ExpertGone(f"{name} is not served there: its address leads in a circle.")
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(f"No file can be written: {error.strerror}; free some space or set COMPEGPT_DATA_DIR.")
    if isinstance(error, httpx.HTTPError | socket.gaierror | ConnectionError) \
            and not isinstance(error, httpx.DecodingError):
        return ExpertUnavailable(f"{name} cannot be reached: {what}.", tries=2)
    return ExpertError(f"{name} failed: its answer could not be read.")


def plainly(error: BaseException) -> str:
    """What went wrong on the way, in words that follow a colon: never the error's own text or name."""
    import httpx

    if "getaddrinfo" in str(error) or _NAMELESS.search(str(error)):
        return "nobody knows its address"
    return next((said for kinds, said in (
        (httpx.ConnectTimeout | httpx.ConnectError | ConnectionRefusedError, "nobody answers there"),
        (TimeoutError | httpx.TimeoutException, "it gave no answer in time"),
        (httpx.UnsupportedProtocol | httpx.InvalidURL, "its address is not a valid one"),
        (httpx.TooManyRedirects, "its address leads in a circle"),
        (httpx.DecodingError, "its answer could not be unpacked"),
        (httpx.HTTPError | httpx.StreamError | ConnectionError, "the connection broke off"),
        (OSError, "the connection could not be made"),
    ) if isinstance(error, kinds)), "its answer makes no sense")


_NAMELESS = re.compile(r"name resolution|name or service not known|nodename nor servname|no address associated",
                       re.IGNORECASE)


def raised() -> tuple[type[Exception], ...]:
    """What one call of the client may raise; anything else is a defect and not caught."""
    import httpx

    return (CompeGPTError, Refused, httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError, LookupError,
            AttributeError, TypeError, RecursionError)
