"""Errors in OpenAI's form, for the routes below /v1."""

from __future__ import annotations

from typing import Any

from compegpt.errors import UsageError
from compegpt.web.faults import Unknown

PREFIX = "/v1/"
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Unusable(UsageError):
    """A parameter of a request that cannot be honoured."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class NoModel(Unknown):
    """A model that is not served here."""

    code, param = "model_not_found", "model"


def in_form(path: str, body: dict[str, Any], status: int, param: str | None = None) -> dict[str, Any]:
    """The body of an error as the clients of this path know it."""
    return openai_error(body["error"], status, param) if path.startswith(PREFIX) else body


def openai_error(fault: dict[str, Any], status: int, param: str | None = None) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}` of an error object of our own."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": fault["message"], "type": kind, "param": param, "code": fault["code"]}}
