"""What one expert gave, by the keys its output has: text, bars of labels, tables of finds, pictures, sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from compegpt.languages import LANGUAGES
from compegpt.schema import Output
from compegpt.tasks import TASKS
from compegpt.web.shown.text import NONE, bar, block, known, line, long, number, safe

Link = Callable[[str], str | None]
"""The address a browser may fetch a file from; None where there is none."""

FIRST, MOST = 6, 200
"""Items of a list that are seen at once, and that are shown at all."""


@dataclass(frozen=True)
class Maker:
    """Whose output it is, for the words that stand for a picture."""

    task: str
    expert: str

    @property
    def title(self) -> str:
        return TASKS[self.task].title if self.task in TASKS else self.task


def output(given: Output, maker: Maker, link: Link) -> str:
    """All of an output; a sentence where it holds nothing."""
    parts = [_medium(kind, str(given[kind]), maker, link)
             for kind in ("image", "audio", "video") if given.get(kind)]
    if given.get("text", "").strip():
        parts.append(long(given["text"]))
    if given.get("labels"):
        parts.append(_labels(given["labels"], maker))
    if given.get("boxes"):
        parts.append(_table(given["boxes"], maker))
    if given.get("scores"):
        parts.append(_numbers(given["scores"], "score"))
    if given.get("data"):
        parts.append(_data(given["data"], maker, link))
    return "".join(parts) or '<p class="cg-none">It gave nothing.</p>'


def _medium(kind: str, path: str, maker: Maker, link: Link) -> str:
    """A picture, sound or film by its address, or its name where it has none."""
    name = f"{maker.expert}, {maker.title}"
    address = link(path)
    if address is None:
        return f'<p class="cg-note">{kind.capitalize()} {line(PurePath(path).name)} cannot be shown here.</p>'
    source = safe(address)
    if kind == "image":
        return f'<img class="cg-image" src="{source}" alt="Picture by {line(name)}" loading="lazy">'
    label = f'aria-label="{"Sound" if kind == "audio" else "Film"} by {line(name)}"'
    return f'<{kind} class="cg-{kind}" controls preload="metadata" src="{source}" {label}></{kind}>'


def _labels(labels: Sequence[Mapping[str, Any]], maker: Maker) -> str:
    def item(one: Mapping[str, Any]) -> str:
        said = str(one.get("label", ""))
        if maker.task == "language-identification" and said in LANGUAGES:
            said = f"{LANGUAGES[said]} ({said})"
        return (f'<li><span class="cg-label" dir="auto">{line(said)}</span>{bar(one.get("score"))}'
                f'<span class="cg-value">{number(one.get("score"))}</span></li>')

    return _folded(labels, lambda some: f'<ul class="cg-labels">{"".join(map(item, some))}</ul>')


def _table(found: Sequence[Mapping[str, Any]], maker: Maker) -> str:
    """Boxes or spans, with a column for each thing that any of them tells."""
    seconds = maker.task == "voice-activity-detection"
    columns: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        ("label", lambda one: line(one.get("label") or "", 60)), ("text", lambda one: line(one.get("text") or "", 200)),
        ("score", lambda one: number(one["score"]) if known(one.get("score")) else ""),
        ("box (pixels)", lambda one: _box(one.get("box"))),
        ("seconds" if seconds else "characters", lambda one: _span(one, 2 if seconds else 0))]
    used = [(name, tell) for name, tell in columns if any(tell(one) for one in found[:MOST])]
    if not used:
        return long(list(found))
    heads = "".join(f'<th scope="col">{name}</th>' for name, _ in used)

    def table(some: Sequence[Mapping[str, Any]]) -> str:
        rows = "".join(f"<tr>{''.join(f'<td>{tell(one)}</td>' for _, tell in used)}</tr>" for one in some)
        return f'<table class="cg-table cg-found"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'

    return f'<div class="cg-scroll">{_folded(found, table)}</div>'


def _box(box: Any) -> str:
    """Corners as "x0, y0 – x1, y1"; nothing where it is no box."""
    if not isinstance(box, list | tuple) or len(box) != 4:
        return ""
    x0, y0, x1, y1 = (f"{side:.0f}" if known(side) else NONE for side in box)
    return f"{x0}, {y0} – {x1}, {y1}"


def _span(one: Mapping[str, Any], digits: int) -> str:
    if not known(one.get("start")) or not known(one.get("end")):
        return ""
    return f"{one['start']:.{digits}f}–{one['end']:.{digits}f}"


def _data(data: Any, maker: Maker, link: Link) -> str:
    """Masks as pictures, spans as a table, vectors by their beginning, anything else as text."""
    if not isinstance(data, list | tuple):
        return long(data)
    if all(isinstance(one, Mapping) for one in data):
        if any(one.get("image") for one in data):
            return _folded(data, lambda some: block(
                "div", "cg-masks", "".join(_mask(one, maker, link) for one in some)))
        return _table(data, maker)
    first = data[0] if isinstance(data[0], list | tuple) else data
    return _numbers(first, "number") if first and all(map(known, first)) else long(data)


def _mask(one: Mapping[str, Any], maker: Maker, link: Link) -> str:
    label = str(one.get("label", "region"))
    picture = _medium("image", str(one["image"]), Maker(label, maker.expert), link) if one.get("image") else ""
    return f"<figure>{picture}<figcaption>{line(label, 60)} {number(one.get('score'))}</figcaption></figure>"


def _numbers(values: Sequence[Any], what: str) -> str:
    if len(values) == 1:
        return (f'<p class="cg-labels"><span class="cg-label">{what}</span>{bar(values[0])}'
                f'<span class="cg-value">{number(values[0])}</span></p>')
    return (f'<p class="cg-text">{len(values):,} {what}s: {"; ".join(number(one, 3) for one in values[:FIRST])}'
            f'{"; …" if len(values) > FIRST else ""}</p>')


def _folded(items: Sequence[Any], shown: Callable[[Sequence[Any]], str]) -> str:
    """The first items, and the others to unfold."""
    if len(items) <= FIRST + 1:
        return shown(items)
    left = len(items) - MOST
    end = f'<p class="cg-note">{left:,} more are not shown here.</p>' if left > 0 else ""
    return (f"{shown(items[:FIRST])}<details class=\"cg-more\"><summary>… {len(items) - FIRST:,} more</summary>"
            f"{shown(items[FIRST:MOST])}{end}</details>")
