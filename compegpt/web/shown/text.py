"""Text and numbers inside markup: whatever comes from elsewhere passes `safe`, `line`, `told` or `long`."""

from __future__ import annotations

import html
import math
from typing import Any

from compegpt.printable import printable, shortened

FIRST, REST = 1_200, 20_000
"""Characters of a long text that are seen at once, and that can be unfolded."""
NONE = "–"


def safe(value: object) -> str:
    """The value as text that is only text, in an element and in a quoted attribute."""
    return html.escape(printable(str(value)), quote=True)


def line(value: object, length: int = 120) -> str:
    """`safe` on one line of at most `length` characters."""
    return safe(shortened(printable(str(value)), length))


def long(value: object) -> str:
    """A text of any length as a block: the beginning, and the rest to unfold."""
    text = printable(str(value)).strip()
    if len(text) <= FIRST:
        return _block(text, "" if len(text) < FIRST // 2 else " cg-tall")
    rest, left = text[FIRST:], len(text) - FIRST - REST
    end = f'<p class="cg-note">{left:,} more characters are not shown here.</p>' if left > 0 else ""
    return (f'{_block(text[:FIRST], " cg-tall")}<details class="cg-more"><summary>… {len(rest):,} more characters'
            f'</summary>{_block(rest[:REST], " cg-tall")}{end}</details>')


def _block(text: str, more: str) -> str:
    scrolls = ' tabindex="0"' if more else ""
    return f'<div class="cg-text{more}" dir="auto"{scrolls}>{html.escape(text, quote=True)}</div>'


def short(expert: str) -> str:
    """An expert's id as people read it."""
    return expert.removeprefix("embedded:")


def told(text: str, length: int = 600) -> str:
    """`line` for a reason, a note or an error, with experts' names as people read them."""
    return line(text.replace("embedded:", ""), length)


def number(value: Any, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return f"{float(value):,.{digits}f}" if known(value) else NONE


def known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def share(value: Any) -> float:
    """A number within [0, 1], 0 where there is none."""
    return round(min(1.0, max(0.0, float(value))), 4) if known(value) else 0.0


def bar(value: Any, kind: str = "") -> str:
    """A share as a bar; it stands beside its number, so readers of screens are spared it."""
    return f'<span class="cg-bar{" cg-" + kind if kind else ""}" style="--v:{share(value)}" aria-hidden="true"></span>'


def block(tag: str, kind: str, inner: str) -> str:
    """Markup in an element of a class; nothing where there is nothing inside."""
    return f'<{tag} class="{kind}">{inner}</{tag}>' if inner else ""


def scroll(inner: str, label: str) -> str:
    """What may be wider than the page, in a box that scrolls by itself; `label` names it to readers of screens."""
    return f'<div class="cg-scroll" role="group" tabindex="0" aria-label="{safe(label)}">{inner}</div>'


def counted(count: int, one: str) -> str:
    """ "1 task", "3 tasks", "1 family", "2 families"."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{count} {one if count == 1 else many}"
