"""JSON in a reply, whatever stands around it; at once for JSON as it should be."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

LONGEST = 100_000
"""Characters that are searched for it."""
_STARTS = (re.compile(r"(?:\A|[^\[,\s])\s*(\{)"), re.compile(r"(\[)"), re.compile(r"^([\[{])", re.MULTILINE))
"""Where it may begin: not inside of a list, since one that was cut off is no answer."""
_LITERAL = 20_000
"""Characters of Python that are read as such."""
_SURPLUS_COMMA = re.compile(r",(\s*[\]}])")


def value(reply: str) -> Any:
    """The first object or list in the reply, else a bare number or string; None where there is none. Never raises."""
    text = reply.strip()[:LONGEST]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    decoder = json.JSONDecoder()
    for form in (text, _SURPLUS_COMMA.sub(r"\1", text)):
        for start in sorted({found.start(1) for found in (one.search(form) for one in _STARTS) if found}):
            try:
                read, _ = decoder.raw_decode(form, start)
            except (ValueError, RecursionError):
                continue
            if read:
                return read
    return _python(text)


def _python(text: str) -> Any:
    """An object in Python's quotes."""
    first, last = text.find("{"), text.rfind("}")
    if not 0 <= first < last or last - first > _LITERAL or "[" in text[:first]:
        return None
    try:
        return ast.literal_eval(text[first : last + 1])
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
