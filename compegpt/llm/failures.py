"""What went wrong in a call of a language model, as one of our errors: by HTTP status, or by kind of exception."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compegpt.errors import (
    AuthenticationError,
    CompeGPTError,
    ConfigurationError,
    ExpertError,
    ExpertGone,
    ExpertUnavailable,
)

LONGEST_DETAIL = 200
"""Characters of a server's own words that an error quotes."""
TRANSIENT = frozenset({408, 409, 425, 429})
_NO_CREDIT = re.compile(r"insufficient_quota|billing|exceeded your (current|monthly)|credit", re.IGNORECASE)


@dataclass(frozen=True)
class Where:
    """Whose call it was, for the sentences."""

    name: str
    """`provider:model`."""
    host: str
    key_name: str
    """What sets the key: "OPENAI_API_KEY"."""
    address_name: str
    """What sets the address: "OPENAI_BASE_URL"."""
    redacted: Callable[[str], str]


def diagnosed(error: Exception, where: Where, lost: tuple[type[Exception], ...]) -> CompeGPTError:
    """Our error for one of a client library; `lost` are the types it raises where there is no connection."""
    if isinstance(error, CompeGPTError):
        return error
    status = status_of(error)
    if status is not None:
        return _by_status(status, error, where)
    detail = f" ({quoted(error, where)})"
    if isinstance(error, lost):
        return ExpertUnavailable(f"{where.name} cannot be reached at {where.host}{detail}: try again.")
    return ExpertError(f"{where.name} at {where.host} answered with what is no chat completion{detail}: check "
                       f"{where.address_name}.")


def status_of(error: Exception) -> int | None:
    """HTTP status of an error answer; None where the error is none, such as a success that could not be parsed."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) and status >= 300 else None


def quoted(error: Exception, where: Where) -> str:
    """What the server or the library said, in one short line without keys; the type's name where it said nothing."""
    text = " ".join(where.redacted(_message_and_code(error)[0]).split())
    return (text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL] + " ...") or type(error).__name__


def words(error: Exception) -> str:
    """What the server said of it, with its code; else the exception's own text."""
    return " ".join(_message_and_code(error))


def retry_after(error: Exception) -> float | None:
    """Seconds after which the server wants to be asked again, from its headers; None where it does not say."""
    headers: Any = getattr(getattr(error, "response", None), "headers", {})
    value = headers.get("retry-after", "")
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _message_and_code(error: Exception) -> tuple[str, str]:
    body = _body(error)
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):
        return str(inner.get("message") or inner.get("detail") or error), str(inner.get("code") or "")
    return str(inner or error), ""


def _body(error: Exception) -> Any:
    """What the server sent: parsed by the openai SDK, or by us from the answer that huggingface_hub kept."""
    if status_of(error) is None or hasattr(error, "body"):
        return getattr(error, "body", None)
    response: Any = getattr(error, "response", None)
    try:
        return response.json()
    except ValueError:
        return response.text


def _by_status(status: int, error: Exception, where: Where) -> CompeGPTError:
    detail = f"({status}: {quoted(error, where)})"
    if status < 400:
        return ConfigurationError(f"{where.host} redirects {detail}: set {where.address_name} to the final address.")
    if status in (401, 403):
        return AuthenticationError(f"{where.name} refused the key {detail}: check {where.key_name}.")
    if status == 404:
        return ConfigurationError(f"{where.host} has no {where.name} {detail}: set COMPEGPT_LLM=provider:MODEL to a "
                                  f"model it has, or check {where.address_name}.")
    if status == 402 or (status == 429 and _NO_CREDIT.search(words(error))):
        return ExpertGone(f"The account of {where.name} is out of credit {detail}: top it up or set another model.")
    if status == 410:
        return ExpertGone(f"{where.name} is no longer served {detail}: set COMPEGPT_LLM to another model.")
    if status in TRANSIENT or status >= 500:
        return ExpertUnavailable(f"{where.name} is not available now {detail}: try again.", retry_after(error))
    return ExpertError(f"{where.name} refused the request {detail}.")
