"""Keys and tokens taken out of texts: servers, and the models behind them, like to quote what they were sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

SHORTEST_SECRET = 6
"""Characters; what is shorter ("none", "x") is no key and may stand in any text."""
PLACEHOLDERS = frozenset({"ollama", "lm-studio", "vllm", "dummy", "unused", "nothing", "placeholder", "no-key", "nokey",
                          "not-needed", "not-used", "no-key-required", "sk-no-key-required", "token-abc123"})
"""What people set where a server asks for no key; these are words that may stand in texts and paths."""
STARS = "****"
Value = TypeVar("Value")


class Redactor:
    """`redactor(text)` is the text with stars in place of every secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        kept = {str(one) for one in secrets if len(one) >= SHORTEST_SECRET and one.lower() not in PLACEHOLDERS}
        self.secrets = tuple(sorted(kept, key=lambda one: (-len(one), one)))
        self._pattern = re.compile("|".join(map(re.escape, self.secrets)) or "(?!)")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(STARS, text)

    def all_in(self, value: Value) -> Value:
        """Plain data with every text in it redacted, keys of dicts too."""
        return self._all_in(value) if self.secrets else value  # type: ignore[return-value]

    def _all_in(self, value: object) -> object:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self._all_in(key): self._all_in(item) for key, item in value.items()}
        return [self._all_in(item) for item in value] if isinstance(value, list | tuple) else value

    def safe(self, text: str) -> int:
        """How many characters of a text that goes on are settled: no secret can begin in them and end after them."""
        settled = min((start for secret in self.secrets if (start := _begun(text, secret)) is not None),
                      default=len(text))
        for match in self._pattern.finditer(text):
            if match.start() < settled < match.end():
                settled = match.start()
        return settled


class Veil:
    """A text that comes in pieces, said on redacted; what may be the beginning of a secret waits for the next piece."""

    def __init__(self, redactor: Redactor, say: Callable[[str], None]) -> None:
        self._redactor, self._say, self._held = redactor, say, ""

    def feed(self, piece: str) -> None:
        text = self._held + piece
        settled = self._redactor.safe(text)
        self._held = text[settled:]
        if settled:
            self._say(self._redactor(text[:settled]))

    def end(self) -> None:
        """Say what still waited."""
        held, self._held = self._held, ""
        if held:
            self._say(self._redactor(held))


def _begun(text: str, secret: str) -> int | None:
    """Where a secret begins that the end of the text breaks off; None where none does."""
    first = max(len(text) - len(secret) + 1, 0)
    return next((start for start in range(first, len(text)) if secret.startswith(text[start:])), None)
