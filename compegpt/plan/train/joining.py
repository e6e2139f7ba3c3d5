"""How steps follow one another: in sentences of their own, in a list, before and after."""

from __future__ import annotations

import random
from collections.abc import Sequence

from compegpt.plan.train.bank import phrases, voices
from compegpt.plan.train.clauses import clause
from compegpt.plan.train.sample import Draft, Line, Piece, filled, plain

_FROM_EARLIER = {
    "image-editing": ["edit {x} based on {t}", "modify {x} according to {t}", "change {x} to match {t}",
                      "adjust {x} so that it fits {t}", "edit {x} using {t}", "alter {x} as {t} says",
                      "apply {t} to {x}", "rework {x} so it agrees with {t}", "let {t} decide how {x} is changed"],
    "visual-question-answering": ["use {t} as a question about {x}", "answer {t} about {x}", "ask {t} about {x}",
                                  "take {t} as the question and answer it from {x}",
                                  "answer a question about {x} with {t} in mind"],
    "document-question-answering": [
        "use {t} as a question about the document {x}", "look up {t} in the document {x}",
        "find the answer to {t} in the document image {x}", "find the information in {x} that has to do with {t}",
        "answer {t} from the scanned document {x}", "use {t} to answer a question about the document {x}"]}
Told = tuple[int, Line | None, Line | None, bool]
"""A step, its input, its second text, and whether it is independent of the step told before."""


def sentence(rng: random.Random, draft: Draft, number: int, x: Line | None, y: Line | None, later: bool = False
             ) -> Line:
    """One step as a sentence of its own."""
    lists = phrases()[draft.steps[number].task]
    forms = ["do"] * 6 + (["get"] * 3 if lists.get else []) + (["want"] * 2 if lists.want and x else [])
    form = rng.choice(forms + (["ask"] * 7 if lists.ask and not later else []))
    line = clause(rng, draft, number, form, x, y)
    if form == "ask" or (form == "do" and rng.random() < 0.45):
        return line
    return filled(rng.choice(voices()[f"wrap_{form}"]), -1, {form: line})


def enumerated(rng: random.Random, lines: Sequence[Line], last: str | None = None) -> Line:
    """"a, b and c"."""
    end = last or rng.choice([" and ", " and ", ", and ", " & ", " as well as "])
    made: Line = ()
    for place, line in enumerate(lines):
        made += (*((Piece(end if place == len(lines) - 1 else ", "),) if place else ()), *line)
    return made


def told(rng: random.Random, draft: Draft, steps: Sequence[Told]) -> list[Line]:
    """The sentences in which steps are told."""
    if len(steps) == 2 and rng.random() < 0.45:
        one, two = (_imperative(rng, draft, *step) for step in steps)
        return [filled(rng.choice(voices()["two_steps"]), -1, {"1": one, "2": two})]
    if rng.random() < 0.55:
        return [_listed(rng, draft, steps)]
    lines: list[Line] = []
    for place, step in enumerate(steps):
        number, x, y, beside = step
        if place == 0:
            lines.append(sentence(rng, draft, number, x, y))
            continue
        ends = place == len(steps) - 1 and rng.random() < 0.5
        words = rng.choice(voices()["also" if beside else "finally" if ends else "then"])
        line = _imperative(rng, draft, *step)
        if words.lower().startswith("and") and rng.random() < 0.3:
            words = words.lower()
        lines.append((Piece(words + " "), *line))
        if rng.random() < 0.12:
            end = Piece(". " if rng.random() < 0.5 else ", ")
            lines[-1] = (*lines[-1], end, *plain(rng.choice(voices()["purpose"])))
    return lines


def _listed(rng: random.Random, draft: Draft, steps: Sequence[Told]) -> Line:
    """All steps in one sentence: "I want to a, b, and finally c", or as numbered lines."""
    lines = [_imperative(rng, draft, *step, bare=0.4) for step in steps]
    intro = rng.choice(voices()["list_intro"])
    style = rng.random()
    if style < 0.12:
        numbered = rng.choice(["{}. ", "{}) ", "- ", "* "])
        made: Line = plain(intro)
        for place, line in enumerate(lines, 1):
            made += (Piece("\n" + numbered.format(place)), *line)
        return made
    last = rng.choice([", and finally ", " and ", ", then ", " and then ", ", and ", ", and lastly ", " and finally "])
    if steps[-1][3]:
        last = rng.choice([" and ", " and also ", " as well as ", ", and "])
    if any(step[3] for step in steps) or rng.random() < 0.5:
        body = enumerated(rng, lines, last)
    else:
        linked = [(Piece(rng.choice(["then ", "next ", "after that ", "", ""])), *line) for line in lines[1:]]
        body = enumerated(rng, [lines[0], *linked], last)
    if "{" not in intro and intro[-1:] not in ",.:!?" and rng.random() < 0.2:
        intro = ""
    return (*plain(intro + " " if intro else ""), *body)


def _imperative(rng: random.Random, draft: Draft, number: int, x: Line | None, y: Line | None, beside: bool = False,
                bare: float = 0.12) -> Line:
    """One step as an imperative clause; at times without its object, where that is the result of the step before."""
    task = draft.steps[number].task
    if y is not None and task in _FROM_EARLIER and x is not None:
        return filled(rng.choice(_FROM_EARLIER[task]), number, {"x": x, "t": y})
    pointing = x is not None and len(x) == 1 and not x[0].value and x[0].text in ("it", "that", "this", "the result")
    takes_last = draft.steps[number].takes == (number - 1,) and number > 0
    clear = pointing or (takes_last and not beside)
    if x is not None and y is None and clear and rng.random() < bare + 0.15 * pointing and phrases()[task].what:
        return clause(rng, draft, number, "what", x, None)
    return clause(rng, draft, number, "do", x, y)
