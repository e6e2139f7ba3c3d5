"""What can go wrong between a client and the server, and the HTTP status that each error has."""

from __future__ import annotations

from typing import Any

from compegpt.errors import CompeGPTError, ExpertUnavailable
from compegpt.record import error_object


class Unauthorized(CompeGPTError):
    """No key, or one that this server does not know."""

    code = "unauthorized"


class Forbidden(CompeGPTError):
    """Something that no key allows here."""

    code = "forbidden"


class Unknown(CompeGPTError):
    """No such run, file or thread, or another's: the two look the same."""

    code = "not_found"


class Conflict(CompeGPTError):
    """What is asked for does not go together with what is."""

    code = "conflict"


class TooLarge(CompeGPTError):
    """A body or file beyond the limits."""

    code = "too_large"


class TooMany(ExpertUnavailable):
    """More requests than the rate limit, or more runs than the server takes at once."""

    code = "too_many"


class Closing(ExpertUnavailable):
    """The server is shutting down."""

    code = "closing"


STATUS: dict[str, int] = {
    "usage": 400, "input": 400, "nothing_to_resume": 409, "unauthorized": 401, "forbidden": 403, "not_found": 404,
    "model_not_found": 404, "conflict": 409, "too_large": 413, "too_many": 429, "closing": 503, "transient": 503,
    "deadline": 504, "authentication": 502, "gone": 502, "no_expert": 501, "configuration": 500, "storage": 507,
    "internal": 500,
}
"""HTTP status by `CompeGPTError.code`; 502 for any other, since that is a model's failure."""


def status_of(error: CompeGPTError) -> int:
    return STATUS.get(error.code, 502)


def body_of(error: CompeGPTError) -> dict[str, Any]:
    """The JSON body of an error, as on the command line."""
    return {"error": error_object(error)}


def headers_of(error: CompeGPTError) -> dict[str, str]:
    headers = {}
    if isinstance(error, ExpertUnavailable) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return headers
