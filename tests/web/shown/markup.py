"""Reads drawn markup as a browser's parser does, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

HOSTILE = '<script>alert(1)</script>" onmouseover="alert(2)" \x1b[31m\x00\u202e\u2066\'&lt;'
HARMLESS = '<script>alert(1)</script>" onmouseover="alert(2)" \'&lt;'
"""What people see of it."""

TAGS = frozenset((
    "article", "audio", "caption", "circle", "code", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "g",
    "h3", "h4", "header", "img", "li", "p", "path", "rect", "section", "small", "span", "strong", "summary", "svg",
    "table", "tbody", "td", "text", "th", "thead", "title", "tr", "tspan", "ul", "video"))
ATTRIBUTES = frozenset((
    "alt", "aria-hidden", "aria-label", "class", "controls", "cx", "cy", "d", "dir", "height", "loading", "open",
    "preload", "r", "role", "rx", "scope", "src", "style", "tabindex", "title", "transform", "viewbox", "width", "x",
    "y"))
_EMPTY = ("img", "circle", "path", "rect")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    @property
    def own(self) -> str:
        """Its text less that of the elements inside."""
        return "".join(one for one in self.inside if isinstance(one, str)).strip()

    def all(self, tag: str = "", kind: str = "") -> Iterator[Element]:
        for one in (one for one in self.inside if isinstance(one, Element)):
            if (not tag or one.tag == tag) and (not kind or kind in one.kinds):
                yield one
            yield from one.all(tag, kind)

    def one(self, tag: str = "", kind: str = "") -> Element:
        found = list(self.all(tag, kind))
        assert len(found) == 1, (tag, kind, len(found))
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute stands twice in {tag}"
        made = Element(tag, dict(attrs))
        self.open[-1].inside.append(made)
        if tag != "img":
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _EMPTY, f"{tag} does not close itself"
        self.open[-1].inside.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"{self.open[-1].tag} is closed by {tag}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")


def read(markup: str) -> Element:
    """The markup as a tree; fails where it is not well formed, could execute, or holds what must not be shown."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    assert len(reader.open) == 1, f"{reader.open[-1].tag} is not closed"
    for one in reader.root.all():
        assert one.tag in TAGS
        assert one.attributes.keys() <= ATTRIBUTES, one
        assert all(kind.startswith("cg") for kind in one.kinds)
    assert not set(markup) & set("\x00\x1b\u202e\u2066")
    return reader.root


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where texts stand in plain data."""
    if isinstance(data, str):
        return [path]
    if not isinstance(data, Mapping | list):
        return []
    items = data.items() if isinstance(data, Mapping) else enumerate(data)
    return [place for key, value in items for place in places(value, (*path, key))]


def put(data: Any, path: Sequence[Any], value: Any) -> Any:
    """A copy of plain data with another value at a place."""
    if not path:
        return value
    copied = dict(data) if isinstance(data, Mapping) else list(data)
    copied[path[0]] = put(data[path[0]], path[1:], value)
    return copied
