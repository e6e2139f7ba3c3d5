"""How each task type gets its arguments from what it works on and from the words of the request: a table of makers."""

from __future__ import annotations

import re
from typing import Any

from compegpt.plan import pairing, spoken, wording
from compegpt.plan.choosing import TAKES
from compegpt.plan.supplying import Maker, Supply
from compegpt.schema import Task
from compegpt.tasks import TASKS

_ASKING = ("question-answering", "table-question-answering")


def planned(supply: Supply) -> list[Task]:
    """The tasks of a plan, with their arguments."""
    return supply.planned(_MAKERS, _one_input)


def _one_input(supply: Supply, place: int) -> list[dict[str, Any]]:
    """Types with one input, and perhaps words for how."""
    each = supply.found[place]
    row = TASKS[each.task]
    name, kind = next(iter(row.needs.items()))
    more: dict[str, Any] = dict(wording.count(each.task, supply.words.text))
    if "text" in row.accepts and (said := _instruction(supply, place, needed=False) or _style(supply, place)):
        more["text"] = said
    values = supply.apart(place, supply.inputs(place, kind), kind)
    texts = wording.styles(str(more.pop("text"))) if "text" in more else []
    return [{name: value, **more, **spoken.tongue(supply, place, value), **said}
            for value in values for said in ([{"text": text} for text in texts] or [{}])]


def _style(supply: Supply, place: int) -> str:
    """What a picture is to be turned into, as its clause says it."""
    each = supply.found[place]
    said = wording.style(supply.words.clause(each)) if each.task == "image-to-image" else ""
    return "" if "⟦" in said or len(said.split()) > _STYLE else _ARTICLE.sub("", said)


_STYLE = 5
"""Words of a style at most; what is longer tells of something else."""
_ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)


def _from_words(supply: Supply, place: int) -> list[dict[str, Any]]:
    """Types that make something from words: a picture, a film, a sound, a text."""
    values = supply.inputs(place, "text", needed=False)
    each = supply.found[place]
    own = supply.words.own(each)
    if own and each.task in ("text-generation", "conversational") and values:
        own = own if all(value.startswith("<resource>") or value in own for value in values) else ""
    if values:
        joined = supply.apart(place, values, "text")
        if own and all(value.startswith("<resource>") for value in values):
            return [{"text": f"{own}: {value}"} for value in joined]
        return [{"text": value} for value in joined]
    text = own or supply.words.restored(supply.words.clause(each)).strip(" .,;")
    return [{"text": text}] if text else []


def _question(supply: Supply, place: int) -> list[dict[str, Any]]:
    """A question and what it is asked of."""
    each = supply.found[place]
    question = _asked(supply, place)
    name = "table" if each.task == "table-question-answering" else "context"
    kind = "table" if name == "table" else "text"
    values = [value for value in supply.inputs(place, kind, but=[question]) if value != question]
    if not question and len(values) > 1:
        question = values.pop()
    question = question or supply.words.restored(wording.question(supply.words.clause(each)))
    values = values or _context(supply, question)
    if len(values) > 1 and all(value.startswith("<resource>") for value in values) and each.more[0] < 0:
        values = [" ".join(values)]
    asked = _all_asked(supply, place, question)
    return [{"question": each_asked, name: value} for value in values for each_asked in asked]


def _all_asked(supply: Supply, place: int, question: str) -> list[str]:
    """The question, or all of the request where its type is called for more often than once on one thing."""
    each, asked = supply.found[place], supply.words.questions
    one_thing = len([at for at in each.sources if not supply.sources[at].is_text]) + len(each.givers) < 2
    several = 1 < len(asked) <= _QUESTIONS and one_thing and (each.more[0] > 0 or len(asked) == supply.words.clauses)
    return list(asked) if several else [question]


_QUESTIONS = 4
"""Of one request, that are asked one by one."""


def _context(supply: Supply, question: str) -> list[str]:
    """What a request without a file says beside its question."""
    said = supply.words.restored(supply.words.text)
    rest = said.replace(question, " ").strip(" :.,;?-\n") if question else ""
    return [rest] if len(rest.split()) > _CONTEXT and rest != said else []


_CONTEXT = 4
"""Words that a text has at least in which an answer is looked for."""


def _asked(supply: Supply, place: int) -> str:
    """The question in quotes or as the network points at it; "" where there is neither."""
    each = supply.found[place]
    quotes = [supply.sources[at] for at in each.sources if supply.sources[at].is_text]
    asked = next((source for source in quotes if source.role in ("question", "query")), None) or next(
        (source for source in quotes if source.value.rstrip(" '\"").endswith("?")), None)
    if asked is not None:
        return asked.value
    return supply.words.own(each)


def _instruction(supply: Supply, place: int, needed: bool = True) -> str:
    """What is to be done to a picture, or asked of it: quoted, in the user's words, or a text made before."""
    each = supply.found[place]
    quotes = [supply.sources[at].value for at in each.sources if supply.sources[at].is_text]
    said = _asked(supply, place) if each.task.endswith("answering") else ""
    said = said or (quotes[0] if quotes else supply.words.own(each))
    said = _ARTICLE.sub("", said) if each.task == "image-to-image" else said
    texts = [value for giver in each.givers for value in supply.made[giver]
             if TASKS[supply.found[giver].task].gives == "text"
             and (TASKS[supply.found[giver].task].output == "text" or "image" not in
                  TASKS[supply.found[giver].task].kinds)]
    if texts:
        return " ".join([said, *texts]) if said else " ".join(texts)
    if said or not needed:
        return said
    clause = supply.words.clause(each)
    ask = each.task.endswith("answering")
    return supply.words.restored(wording.question(clause, "picture") if ask else wording.instruction(clause))


def _told(supply: Supply, place: int) -> list[dict[str, Any]]:
    """A picture and what to do with it or to ask of it."""
    text = _instruction(supply, place)
    pictures = supply.apart(place, supply.inputs(place, "image"), "image")
    texts = _all_asked(supply, place, text) if supply.found[place].task.endswith("answering") else [text]
    return [{"text": each, "image": picture} for picture in pictures for each in texts if each]


def _labelled(supply: Supply, place: int) -> list[dict[str, Any]]:
    name, kind = next(iter(TASKS[supply.found[place].task].needs.items()))
    labels = next(iter(supply.words.labels), None)
    if labels is None:
        return []
    return [{name: value, "labels": labels}
            for value in supply.apart(place, supply.inputs(place, kind, but=labels), kind)]


def _compared(supply: Supply, place: int) -> list[dict[str, Any]]:
    texts = supply.inputs(place, "text")
    if len(texts) < 2:
        each = supply.found[place]
        others = sorted(((odds, key) for key, odds in each.odds_of.items()), reverse=True)
        for _, (what, at) in others:
            more = self_made if (self_made := supply.made.get(at)) and what == "task" else (
                [supply.sources[at].value] if what == "source" and supply.sources[at].kind in TAKES["text"] else [])
            texts += [value for value in more if value not in texts]
    if len(texts) < 2 and (own := supply.words.own(supply.found[place])):
        texts = pairing.two(own) if texts in ([], [own]) else [*texts, own]
        texts = texts if len(texts) > 1 else [*pairing.before(own, supply.words.restored(supply.words.text)), *texts]
    return [{"text": texts[0], "other": other} for other in texts[1:] if other != texts[0]]


def _along(supply: Supply, place: int) -> list[dict[str, Any]]:
    """A new picture along a control picture, which is made from a photo first."""
    each = supply.found[place]
    control = each.task.removesuffix("-text-to-image") + "-control"
    text = _instruction(supply, place)
    made = []
    for image in supply.inputs(place, "image")[:1]:
        ready = any(task["task"] == control and image == f"<resource>-{task['id']}" for task in supply.tasks)
        made.append({"text": text, "image": image if ready else supply.add(control, {"image": image})})
    return made


_MAKERS: dict[str, Maker] = {
    "translation": spoken.translation, "sentence-similarity": _compared, "video-dubbing": spoken.dubbed,
    **dict.fromkeys(_ASKING, _question),
    **dict.fromkeys((
        "text-to-image", "text-to-video", "text-to-audio", "text-generation", "conversational"), _from_words),
    **{name: _labelled for name, row in TASKS.items() if "labels" in row.needs},
    **dict.fromkeys(("visual-question-answering", "document-question-answering", "image-editing"), _told),
    **{name: _along for name in TASKS if name.endswith("-text-to-image")},
}
