"""The competition of one task: who won and why, the candidates side by side, how alike they are, what the judge saw."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.judge.close import standing
from compegpt.schema import Candidate, Result
from compegpt.tasks import TASKS
from compegpt.web.shown.matrix import heat_map, letter, signals
from compegpt.web.shown.outputs import Link, Maker, output
from compegpt.web.shown.text import bar, block, counted, line, number, short, told

_STATUS: dict[str, str] = {
    "ok": "answered", "empty": "found nothing", "abstained": "could not tell", "failed": "failed",
    "timeout": "took too long", "cancelled": "was not waited for"}
_BROKEN = ("failed", "timeout")


def shown(result: Result, link: Link) -> str:
    """One result as a section of a page; `link` gives the address a browser may fetch a file from, or None."""
    order = _order(result)
    compared = [one for one in order if one["score"] is not None]
    title = TASKS[result["task"]].title if result["task"] in TASKS else ""
    cards = "".join(_card(one, letter(place) if place < len(compared) > 1 else "", result, link)
                    for place, one in enumerate(order))
    name = line(result["task"])
    return (f'<section class="cg cg-competition" aria-label="Competition of task {result["id"]}, {name}">'
            f'<h3 class="cg-title"><span class="cg-number">{result["id"]}</span> {name} '
            f"<small>{title}</small></h3>{_verdict(result, compared)}"
            f'{block("div", "cg-cards", cards)}{_tables(result, compared)}</section>')


def _order(result: Result) -> list[Candidate]:
    """The winner, then those that were compared by score, then the others as they were selected."""
    return sorted(result["candidates"], key=lambda one: (
        one["expert"] != result["winner"], one["score"] is None, -(one["score"] or 0.0)))


def _verdict(result: Result, compared: Sequence[Candidate]) -> str:
    """What came of it, in words; for a task without a winner, why."""
    if result["winner"] is None:
        status = "skipped" if result["status"] == "skipped" else "failed"
        why = result["error"] or result["reason"] or "No reason was given"
        return f'<p class="cg-verdict"><span class="cg-tag cg-{status}">{status}</span> {told(why)}</p>'
    parts = [f'<p class="cg-verdict"><span class="cg-tag cg-ok">winner</span> '
             f'<strong>{line(short(result["winner"]))}</strong></p>', _stats(result)]
    if result.get("unsure"):
        parts.append('<p class="cg-verdict"><span class="cg-tag cg-failed">unsure</span> '
                     "It is more likely wrong than right: do not rely on it.</p>")
    said = told(result["reason"][:1].upper() + result["reason"][1:])
    if len(compared) < 2:
        others = len(result["candidates"]) - 1
        fallen = f"; {'the other one' if others == 1 else f'the {others} others'} did not" if others else ""
        said = f"Only {line(short(result['winner']))} gave a result{fallen}, so nothing was compared: check it."
    return "".join([*parts, f'<p class="cg-reason">{said}</p>'])


def _stats(result: Result) -> str:
    """Agreement and confidence, where there are any."""
    figures = (("agreement", result["agreement"], "with the other families"),
               ("confidence", result.get("confidence"), "measured chance that it is right"))
    stats = "".join(f"<div><dt>{name} <small>{about}</small></dt><dd>{number(value)}{bar(value)}</dd></div>"
                    for name, value, about in figures if value is not None)
    return f'<dl class="cg-stats">{stats}</dl>' if stats else ""


def _card(one: Candidate, sign: str, result: Result, link: Link) -> str:
    name, won = line(short(one["expert"])), one["expert"] == result["winner"]
    tag = f'<span class="cg-tag cg-{"failed" if one["status"] in _BROKEN else "quiet"}">{_STATUS[one["status"]]}</span>'
    answered = f"{_STATUS[one['status']]} · " if won or one["status"] == "ok" else ""
    tag = '<span class="cg-tag cg-ok">winner</span>' if won else "" if one["status"] == "ok" else tag
    figures = [("score", one["score"]), ("own confidence", one["confidence"])]
    lines = "".join(f"<div><dt>{what}</dt><dd>{number(value)}{bar(value)}</dd></div>"
                    for what, value in figures if value is not None)
    given = output(one["output"] or {}, Maker(result["task"], short(one["expert"])), link)
    return (f'<article class="cg-card{" cg-won" if won else ""}" aria-label="{name}{", winner" if won else ""}">'
            f'<header>{block("span", "cg-letter", sign)}<h4>{name}</h4>{tag}</header>'
            f'<p class="cg-meta">family {line(one["family"], 60)} · {answered}'
            f'{number(one["seconds"])}&nbsp;s</p>'
            f'{block("dl", "cg-figures", lines)}'
            f'{block("div", "cg-output", given if one["status"] == "ok" else "")}{_remarks(one)}</article>')


def _remarks(one: Candidate) -> str:
    """Why it failed, what to know of its output, why it was chosen."""
    kind = "error" if one["status"] in _BROKEN else "note"
    error = block("p", f"cg-{kind}", told(one["error"] or ""))
    notes = [told(text, 300) for text in (one.get("note"), f"Chosen: {one['why']}" if one.get("why") else None)
             if text]
    return error + "".join(block("p", "cg-note", note) for note in notes)


def _tables(result: Result, compared: Sequence[Candidate]) -> str:
    """The matrix and the signals in the order of the cards; nothing where nothing was compared."""
    if len(compared) < 2:
        return ""
    places = {id(one): place for place, one in enumerate(standing(result["candidates"]))}
    rows = [places[id(one)] for one in compared]
    similarity = [[result["similarity"][row][column] for column in rows] for row in rows]
    families = len({one["family"] for one in compared})
    count = f"{counted(len(compared), 'output')}, {counted(families, 'family')}"
    return (f'<details class="cg-fold" open><summary>How alike they are <small>{count}</small></summary>'
            f'{heat_map(compared, similarity, result["winner"])}</details>'
            f'<details class="cg-fold"><summary>What the judge saw <small>scores and signals</small></summary>'
            f'{signals(compared, result["winner"])}</details>')
