"""What a reasoning model thinks aloud before its answer, `<think>...</think>` or `<thinking>...</thinking>`, taken off;
servers that do not part the two send it as text."""

from __future__ import annotations

import re

_MARKS = {"<think>": "</think>", "<thinking>": "</thinking>"}

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHTS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)


def answer_of(reply: str) -> str:
    """What a whole reply says after all its thoughts, wherever they stand; empty where it only thought.

    Also where a template opened the thought in the prompt, so that the reply only ends it.
    """
    return _END_OF_THOUGHTS.split(_THOUGHTS.sub("", reply))[-1].strip()


class Thoughts:
    """Takes an answer piece by piece and gives back what is not thought; only thoughts at the beginning count."""

    def __init__(self) -> None:
        self._held: str | None = ""
        self._thought = False

    def feed(self, piece: str) -> str:
        """What may be shown now; a piece that may still belong to a thought is held back."""
        if self._held is None:
            return piece
        self._held += piece
        start = self._held.lstrip()
        mark = _opened(start)
        if mark is not None and not self._thought:
            if _MARKS[mark] not in start:
                return ""
            self._thought, start = True, start.partition(_MARKS[mark])[2].lstrip()
        if self._thought:
            self._held = start
            return self._let_go() if start else ""
        return "" if any(mark.startswith(start) for mark in _MARKS) else self._let_go()

    def end(self) -> str:
        """What was held back and is no thought after all."""
        held = (self._held or "").lstrip()
        return "" if _opened(held) else self._let_go()

    def _let_go(self) -> str:
        held, self._held = self._held or "", None
        return held


def _opened(text: str) -> str | None:
    """The mark of a thought that `text` begins with."""
    return next((mark for mark in _MARKS if text.startswith(mark)), None)


def left_open(prompt: str) -> str:
    """The mark that a prompt ends with, where a template begins the thought for its model, and the answer only ends it.

    Empty where it does not.
    """
    return next((mark for mark in _MARKS if prompt.rstrip().endswith(mark)), "")


def without_thoughts(text: str) -> str:
    """A whole answer without the thoughts before it."""
    thoughts = Thoughts()
    return thoughts.feed(text) + thoughts.end()
