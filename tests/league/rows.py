"""Competitions in a line: who took part and what came of it."""

from __future__ import annotations

from compegpt.league.match import Entry, Match


def match(*entries: str, task: str = "ocr", agreement: float | None = 0.9, confidence: float | None = None,
          rounds: int = 1, own: float | None = None) -> Match:
    """Entries as `name`, `name=` (the winner's answer), `name!` (failed) or `name~` (cancelled); the first that stands
    wins. A name's family is its first letter; `own` is everybody's own confidence."""
    made, winner = list[Entry](), None
    for each in entries:
        name, what = each.rstrip("=!~"), each[-1] if each[-1] in "=!~" else ""
        stood = what not in ("!", "~")
        won = stood and winner is None
        winner = name if won else winner
        made.append(Entry(name, name[0], {"!": "failed", "~": "cancelled"}.get(what, "ok"), 0.5, 0.8 if stood else None,
                          won, what == "=" and not won, own if stood else None))
    return Match(task, tuple(made), winner, agreement, confidence, rounds, 100.0)
