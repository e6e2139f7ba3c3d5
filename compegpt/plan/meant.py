"""What words say of the tasks that a network chose, where they leave no doubt: not this, of the original, the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from compegpt.plan.choosing import Source, Wanted
from compegpt.plan.languages import NAME
from compegpt.tasks import TASKS

_NOT = re.compile(
    r"\b(?:do not|don['’]?t|never|without|no need to|rather than|instead of)\s+"
    r"(?!(?:know|understand|have|speak|see|get|"
    r"care|think|mind|want|need|like|remember|trust|hear|laugh|forget|worry|even|really|quite|let|ask|be|bother)\b)"
    r"[^,.;:!?\n]*?(?=[,.;:!?\n]|\b(?:but|just|only)\b|$)", re.IGNORECASE)
_ORIGINAL = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
_RESULT = re.compile(r"\b(?:the|that|this) (?:summar|transl|result)", re.IGNORECASE)
_ORDERS = ((re.compile(r"\bthe (?:first|1st)\b", re.IGNORECASE), 0),
           (re.compile(r"\bthe (?:second|2nd|other)\b", re.IGNORECASE), 1),
           (re.compile(r"\bthe (?:third|3rd)\b", re.IGNORECASE), 2),
           (re.compile(r"\bthe last (?:one|file|picture|photo|image|recording)\b", re.IGNORECASE), -1))


def denied(text: str) -> list[tuple[int, int]]:
    """Where a masked request says what is not to be done ("but don't read it aloud")."""
    return [found.span() for found in _NOT.finditer(text)
            if not re.search(rf"\b{NAME}\b", found[0], re.IGNORECASE) or "transl" in found[0].lower()]


def without(found: list[Wanted], dropped: Sequence[int]) -> list[Wanted]:
    """The wanted types less those at these places; who took their results takes what they took."""
    for place in sorted(dropped, reverse=True):
        gone = found[place]
        for each in found:
            if place in each.givers:
                each.sources += [source for source in gone.sources if source not in each.sources]
                each.givers += [giver for giver in gone.givers if giver not in each.givers]
        found = _less(found, place)
    return found


def made_before(found: list[Wanted], sources: Sequence[Source]) -> list[Wanted]:
    """Without the types that only feed others and whose result an earlier turn left: that is what is meant then."""
    for place in reversed(range(len(found))):
        takers = [each for each in found if place in each.givers]
        left = [at for at, source in enumerate(sources) if source.made_by == found[place].task]
        if takers and left and all(sources[at].past for at in found[place].sources):
            for each in takers:
                each.sources = [*(at for at in each.sources if at != left[-1]), left[-1]]
            found = _less(found, place)
    return found


def _less(found: list[Wanted], place: int) -> list[Wanted]:
    """The wanted types without the one at a place, and without what the others took from it."""
    for each in found:
        each.givers = [giver - (giver > place) for giver in each.givers if giver != place]
        each.odds_of = {(what, other - (what == "task" and other > place)): odds
                        for (what, other), odds in each.odds_of.items() if (what, other) != ("task", place)}
        for giver in each.givers:
            each.odds_of.setdefault(("task", giver), 0.0)
    return [each for number, each in enumerate(found) if number != place]


def of_the_original(found: Sequence[Wanted], text: str, clause: Callable[[Wanted], str]) -> None:
    """Let findings be of what the first step worked on: "summarize a.txt and give me its keywords"."""
    if _RESULT.search(text):
        return
    for each in found:
        if TASKS[each.task].output not in ("labels", "spans") or len(each.givers) != 1 or each.sources:
            continue
        giver = found[each.givers[0]]
        if giver.task in ("summarization", "translation") and not giver.givers and len(giver.sources) == 1 and (
                _ORIGINAL.search(clause(each))):
            each.givers, each.sources = [], list(giver.sources)


def told_apart(found: Sequence[Wanted], sources: Sequence[Source], implicit: Sequence[int],
               clause: Callable[[Wanted], str]) -> None:
    """Of several attachments, those that a clause calls by their names or by their order."""
    for each in found:
        mine = [at for at in each.sources if at in implicit]
        if len(mine) < 2:
            continue
        said = clause(each).lower()
        words = set(re.findall(r"[a-z]{4,}", said))
        named = [at for at in mine if words & set(re.findall(r"[a-z]{4,}", _stem(sources[at].value)))]
        ordered = [implicit[place] for pattern, place in _ORDERS
                   if place < len(implicit) and pattern.search(said)]
        chosen = named if 0 < len(named) < len(mine) else [at for at in ordered if at in mine]
        if chosen:
            each.sources = [at for at in each.sources if at not in mine or at in chosen]


def _stem(name: str) -> str:
    return re.sub(r"\.\w+$", "", re.split(r"[\\/]", name)[-1]).lower()
