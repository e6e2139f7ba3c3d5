"""How alike the outputs are, as a heat map, and what the judge saw in each, as a table with its words explained."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.schema import Candidate
from compegpt.web.shown.text import bar, line, number, safe, scroll, share, short

SIGNALS: dict[str, str] = {
    "support": "how right it would be if each of the outputs were the truth as often as its maker is usually right; "
               "one vote per family",
    "echo": "the same, where only the very same output counts",
    "agreement": "how alike the other families' outputs are",
    "confidence": "the expert's own, as the share of such outputs that were right",
    "weakest": "how sure the expert is of the letter or word it is least sure of",
    "record": "how good the expert was where the truth was known",
    "precedent": "how good the expert was when it said the same",
    "alignment": "how near it is in meaning to what was asked",
    "familiarity": "how common its words are",
    "completeness": "how much it found, against the most that anybody found",
    "fidelity": "how well it explains the picture it was made from",
    "validity": "whether it is sound: words that are words, boxes inside the picture, speech as long as its text takes"}
"""What each signal says, from 0 (bad) to 1 (good), in the order of the table."""


def letter(place: int) -> str:
    """A, B, ... Z, then 27, 28: what stands for a candidate in the tables."""
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def heat_map(compared: Sequence[Candidate], similarity: Sequence[Sequence[float]], winner: str | None) -> str:
    """n candidates and n x n similarities in the same order, as a table; the higher, the deeper the colour."""
    rows = "".join(
        f'<tr><th scope="row">{_name(one, place, winner)}</th>{"".join(map(_cell, values))}</tr>'
        for place, (one, values) in enumerate(zip(compared, similarity, strict=True)))
    table = (f'<table class="cg-table cg-heat"><caption>Each pair of outputs, from 0 (not alike) to 1 (the same).'
             f'</caption><thead><tr><td></td>{_heads(compared)}</tr></thead><tbody>{rows}</tbody></table>')
    return scroll(table, "Similarity matrix")


def _cell(value: float) -> str:
    return f'<td class="cg-cell" style="--v:{share(value) ** 2:.4f}">{number(value)}</td>'


def signals(compared: Sequence[Candidate], winner: str | None) -> str:
    """The scores, then a row per signal that any candidate has; signals without a name here come last."""
    told = {name for one in compared for name in one["signals"]}
    names = [name for name in SIGNALS if name in told] + sorted(told - SIGNALS.keys())
    scores = "".join(_figure(one["score"], one["expert"] == winner) for one in compared)
    rows = "".join(f'<tr><th scope="row">{_explained(name)}</th>'
                   f'{"".join(_figure(one["signals"].get(name), one["expert"] == winner) for one in compared)}</tr>'
                   for name in names)
    total = f'<tr class="cg-total"><th scope="row">score<small>all of it weighed together</small></th>{scores}</tr>'
    table = (f'<table class="cg-table cg-signals"><caption>From 0 (bad) to 1 (good); how much each counts was learned '
             f'where the truth is known.</caption><thead><tr><td></td>{_heads(compared)}</tr></thead>'
             f"<tbody>{total}{rows}</tbody></table>")
    return scroll(table, "Scores and signals")


def _explained(name: str) -> str:
    said = f"<small>{SIGNALS[name]}</small>" if name in SIGNALS else ""
    return f"{line(name, 40)}{said}"


def _figure(value: float | None, won: bool) -> str:
    kind = ' class="cg-winning"' if won else ""
    return f"<td{kind}>{number(value)}{'' if value is None else bar(value)}</td>"


def _heads(compared: Sequence[Candidate]) -> str:
    return "".join(f'<th scope="col" title="{line(short(one["expert"]))}">{letter(place)}'
                   f'<span class="cg-unseen"> {line(short(one["expert"]))}</span></th>'
                   for place, one in enumerate(compared))


def _name(one: Candidate, place: int, winner: str | None) -> str:
    won = ' <span class="cg-tag cg-ok">winner</span>' if one["expert"] == winner else ""
    return (f'<span class="cg-letter" aria-hidden="true">{letter(place)}</span> {line(short(one["expert"]))}{won}'
            f'<small>family {safe(one["family"])}</small>')
