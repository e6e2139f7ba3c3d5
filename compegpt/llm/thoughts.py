"""What a reasoning model thinks aloud before its answer, `<think>...</think>`, taken off; servers that do not part the
two send it as text."""

from __future__ import annotations

BEGIN, END = "<think>", "</think>"


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
        if start.startswith(BEGIN) and not self._thought:
            if END not in start:
                return ""
            self._thought, start = True, start.partition(END)[2].lstrip()
        if self._thought:
            self._held = start
            return self._let_go() if start else ""
        return "" if BEGIN.startswith(start) else self._let_go()

    def end(self) -> str:
        """What was held back and is no thought after all."""
        held = (self._held or "").lstrip()
        return "" if held.startswith(BEGIN) else self._let_go()

    def _let_go(self) -> str:
        held, self._held = self._held or "", None
        return held


def without_thoughts(text: str) -> str:
    """A whole answer without the thoughts before it."""
    thoughts = Thoughts()
    return thoughts.feed(text) + thoughts.end()
