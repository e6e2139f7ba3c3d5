"""Who sits before a page: a token that the browser keeps, and the conversations that it knows of."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Any

from compegpt.printable import printable, shortened
from compegpt.web.access import LOCAL
from compegpt.web.desk import new_thread

MOST = 20
"""Conversations that a browser lists; of older ones it knows no more."""
_TOKEN = re.compile(r"[0-9a-f]{32}")
_THREAD = re.compile(r"t-[0-9a-f]{24}")
_KEY = re.compile(rf"{LOCAL}|key-[0-9a-f]{{16}}")
_KEYS = 8
"""Other keys that a browser keeps conversations of."""


@dataclass(frozen=True)
class Visitor:
    """One browser with one key. Its token, with the key where there are keys, is all that gives access to its threads
    and files, so it is 128 random bits."""

    token: str
    thread: str
    """The conversation that is open."""
    titles: tuple[tuple[str, str], ...] = ()
    """(thread, title) of the conversations, the newest first."""
    key: str = LOCAL
    """The owner of the key that he came in with; `LOCAL` where none is asked for."""
    others: tuple[tuple[str, Any], ...] = ()
    """What the browser keeps for other keys: unread, and given back to it as it was."""

    @property
    def owner(self) -> str:
        return f"visitor-{self.token}" if self.key == LOCAL else f"{self.key}.visitor-{self.token}"

    @property
    def full(self) -> str:
        """The open thread with its owner."""
        return f"{self.owner}/{self.thread}"

    @classmethod
    def of(cls, kept: Any, key: str = LOCAL) -> Visitor:
        """Whom the browser says it is to this key; a new one where what it says has not the form."""
        all_kept = kept if isinstance(kept, dict) else {}
        others = tuple((name, value) for name, value in all_kept.items() if name != key and _is_key(name))[:_KEYS]
        kept = all_kept.get(key)
        kept = kept if isinstance(kept, dict) else {}
        token, thread, titles = kept.get("visitor"), kept.get("thread"), kept.get("titles")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return cls(secrets.token_hex(16), new_thread(), (), key, others)
        listed = [(one[0], shortened(printable(one[1]), 60)) for one in titles if _is_title(one)] \
            if isinstance(titles, list) else []
        return cls(token, thread if _is_thread(thread) else new_thread(), tuple(dict(listed).items())[:MOST], key,
                   others)

    @property
    def kept(self) -> dict[str, Any]:
        """What the browser keeps: by key, so that nobody who comes in with another sees it."""
        mine = {"visitor": self.token, "thread": self.thread, "titles": [list(one) for one in self.titles]}
        return {self.key: mine, **dict(self.others)}

    def named(self, text: str) -> Visitor:
        """With the open conversation in the list, under its first request."""
        if any(thread == self.thread for thread, _ in self.titles):
            return self
        title = shortened(printable(text), 60) or "(without words)"
        return replace(self, titles=((self.thread, title), *self.titles)[:MOST])

    def fresh(self) -> Visitor:
        """In a new conversation."""
        return replace(self, thread=new_thread())

    def without(self) -> Visitor:
        """In a new conversation, without the open one."""
        return replace(self.fresh(), titles=tuple(one for one in self.titles if one[0] != self.thread))

    def at(self, thread: Any) -> Visitor:
        """In another of his conversations; where it is none, as before."""
        return replace(self, thread=thread) if any(thread == known for known, _ in self.titles) else self


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _is_thread(value: Any) -> bool:
    return isinstance(value, str) and _THREAD.fullmatch(value) is not None


def _is_title(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_thread(value[0]) and isinstance(value[1], str)
