"""Foreign text as a language model is told it: cut to size, marked as cut, and unable to end the block it stands in."""

from __future__ import annotations

import json
import re
from typing import Any

from compegpt.printable import printable

TOKEN = 4
"""Characters of a token, roughly."""
_LEAST = 40
"""No text is cut shorter."""
_ENCODED = re.compile(r"(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/_=-]{256,}")
"""Bytes as text; no word is that long."""


def block(data: Any) -> str:
    """The data as JSON that holds no angle bracket, so that no text in it can end the block it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(", ", ": "))
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def cut(text: str, length: int) -> str:
    """The text without controls and encoded bytes: of a long one its beginning and end, `length` characters."""
    length = max(length, _LEAST)
    clean = printable(text[: 20 * length] + text[-length:] if len(text) > 21 * length else text)
    clean = _ENCODED.sub(lambda match: f"[{len(match[0]):,} characters of binary data]", clean)
    if len(clean) <= length:
        return clean
    tail = length // 4
    return f"{clean[: length - tail]} [... about {len(text) - length:,} characters left out ...] {clean[-tail:]}"
