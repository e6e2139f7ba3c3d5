"""From chosen tasks to a plan: finding each task's inputs, making the missing ones, one task per file.

An input is looked for in this order: what the clause names, the results it refers to by their nouns ("the summary"),
words that stand in it without quotes, and the nearest thing of a fitting kind. Where none fits, a conversion is put
in between: ocr for pictures, speech recognition for recordings, text-to-speech for texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compegpt.plan import things, wording
from compegpt.plan.clauses import Clause, bare
from compegpt.plan.mentions import TOKEN, Masked, Mention
from compegpt.plan.ranking import Situation
from compegpt.plan.things import Pool, Thing
from compegpt.plan.validate import references
from compegpt.schema import Task
from compegpt.tasks import TASKS

_TO_TEXT = {"image": "ocr", "audio": "automatic-speech-recognition", "video": "automatic-speech-recognition"}
_ANSWER = re.compile(r"\b(?:answer\w*|questions?|ask\w*|know|find out|tell me|according to|based on)\b", re.IGNORECASE)
_WORKED_ON = re.compile(r"(?:transl|say|read|speak|write|rephras|paraphras|classif|compar|embed|summar|pronounc|"
                        r"detect|draw|reply|respond)",
                        re.IGNORECASE)
_AFTER_COLON = re.compile(r":\s*⟦text\d+⟧\W*$")
"""What the first verb of a sentence works on may stand at its end ("Summarize this and read the summary: ...")."""
_HAVE_QUESTION = re.compile(r"\W*(?:and |also |then )*i(?:'ve| have)\b", re.IGNORECASE)
_ASKS_ON = re.compile(r"(?:who|whom|whose|what|which|when|where|why|how)\b(?!.*\b(?:say|call|mean|translat\w*)\b)",
                      re.IGNORECASE)
_KINDS_FOR = {"text": ("text", "table"), "table": ("table", "text", "image"), "audio": ("audio", "video", "file")}
_MADE_FROM_TEXT = ("text-to-speech", "text-to-image", "text-to-video", "text-to-audio")


@dataclass
class Scene:
    """One clause while its tasks are linked."""

    clause: str
    """Masked; nouns of results replaced by plain ones."""
    number: int
    named: list[Thing]
    """The files and texts it names."""
    referred: list[Thing]
    """The results it refers to by their nouns."""
    mentions: list[Mention]
    asked: str = ""
    """A quoted question that the clause wants answered."""


@dataclass
class Draft:
    """The plan as it grows."""

    request: Masked
    pool: Pool
    tasks: list[Task] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    """Quoted questions that nothing has answered yet."""

    def scene(self, clause: Clause, number: int) -> Scene:
        plain, referred = things.referred(clause.text, self.pool)
        mentions = self.request.of(plain)
        asked = self._asked(plain, mentions)
        named = [things.of_mention(mention, number) for mention in mentions
                 if mention.kind != "labels" and mention.value != asked and mention.value not in self.questions]
        if referred and _AFTER_COLON.search(plain):
            used = [value for task in self.tasks for value in task["args"].values()]
            named = [thing for thing in named if thing.value not in used]
        if not named and not referred and _ASKS_ON.match(bare(plain)):
            named = self._source()
        waits = clause.context and asked in self.questions
        return Scene(plain, number, named, referred, mentions, "" if waits else asked)

    def _source(self) -> list[Thing]:
        """What the newest answer was found in: the next question is about that, not about the answer."""
        newest = self.pool.newest()
        if newest is None or newest.task not in things.ASKED.split("|"):
            return []
        return [thing for thing in self.pool.things if thing.value == newest.origin][-1:]

    def _asked(self, clause: str, mentions: list[Mention]) -> str:
        """The quoted question that a clause wants answered; one it only mentions ("I have a question: ...") waits."""
        quoted = [str(mention.value) for mention in mentions if mention.kind == "text" and not mention.is_file
                  and (mention.role in ("question", "query") or str(mention.value).endswith("?"))]
        wants = _ANSWER.search(clause) or not TOKEN.sub("", clause).strip(" .,:;?!")
        if quoted and wants and not _WORKED_ON.match(bare(clause)):
            waits = _HAVE_QUESTION.match(clause)
            self.questions += [quoted[-1]] if waits else []
            return quoted[-1]
        return self.questions[-1] if self.questions and re.search(r"\banswer|\bquestion", clause, re.IGNORECASE) else ""

    def situation(self, scene: Scene) -> Situation:
        """What the scene can work on, for the ranking."""
        about = [*scene.named, *scene.referred]
        labels = frozenset({"labels"} & {mention.kind for mention in scene.mentions})
        newest = self.pool.newest()
        spoken_of = frozenset(things.noun_kinds(scene.clause)[:1]) & self.kinds()
        near = frozenset({newest.kind}) if newest else self.later()
        focus = frozenset(thing.kind for thing in about) or spoken_of or near
        own = [mention for mention in scene.mentions if mention.kind in ("image", "file")]
        pictures = own or [mention for mention in self.request.mentions[:9] if mention.kind in ("image", "file")]
        named = [str(mention.value) for mention in pictures]
        files = " ".join([*named, newest.value[:300] if newest and newest.kind == "image" else ""])
        inline = frozenset(task for task in TASKS if wording.inline(scene.clause, task))
        if not about and inline & {"text-to-speech", "translation"}:
            focus |= {"text"}
        return Situation(named=frozenset(thing.kind for thing in about) | labels, focus=focus | labels, files=files,
                         present=self.kinds() | self.later() | frozenset(thing.kind for thing in about) | labels,
                         asked=scene.asked, words=self.request.text[:500], inline=inline)

    def kinds(self) -> frozenset[str]:
        return self.pool.kinds()

    def later(self) -> frozenset[str]:
        """Kinds of everything the request names anywhere."""
        return frozenset(mention.kind for mention in self.request.mentions)

    def remember(self, scene: Scene) -> None:
        self.pool.things += [thing for thing in scene.named if thing not in self.pool.things[-len(scene.named):]]

    def add(self, task: str, args: dict[str, Any], group: int, origin: str = "") -> Thing:
        """A new task, or the one that is there already with the same args."""
        for known in self.tasks:
            if known["task"] == task and known["args"] == args:
                return next(thing for thing in self.pool.things if thing.value == f"<resource>-{known['id']}")
        dep = sorted({number for value in args.values() for number in references(value)})
        made = Task(task=task, id=len(self.tasks), dep=dep or [-1], args=args)
        self.tasks.append(made)
        self.pool.things.append(things.of_task(made, group, origin))
        return self.pool.things[-1]

    # finding inputs

    def inputs(self, scene: Scene, kind: str, task: str = "") -> list[Thing]:
        """What a task over an input of this kind works on; several things give several tasks; [] where nothing fits."""
        about = [*scene.referred, *scene.named]
        direct = [thing for thing in about if thing.kind in kinds_for(kind)]
        if direct:
            return direct
        if converted := [thing for each in about if (thing := self.converted(each, kind, scene))]:
            return converted
        if kind == "text":
            if found := things.analytic(scene.clause, self.pool, task):
                return found
            if text := wording.inline(scene.clause, task):
                return [Thing("text", text)]
            return self.near_text(scene)
        return self.pool.nearest(kinds_for(kind)) or self.ahead(kinds_for(kind))

    def near_text(self, scene: Scene) -> list[Thing]:
        """The nearest text; a picture or recording that the clause speaks of, or that came after it, is read for it."""
        spoken_of = things.noun_kinds(scene.clause)
        for kind in spoken_of:
            if kind == "text":
                break
            if kind in ("image", "audio", "video") and (found := self.pool.nearest(kinds_for(kind))):
                made = [thing for each in found if (thing := self.converted(each, "text", scene))]
                if made:
                    return made
        text, newest = self.pool.nearest(("text", "table")), self.pool.newest()
        if text and (newest is None or newest.kind in ("text", "table") or newest.task in _MADE_FROM_TEXT
                     or (text[-1].origin and text[-1].origin in (newest.value, newest.origin))):
            return text
        media = self.pool.nearest((*_TO_TEXT, "file")) or self.ahead(("text", *_TO_TEXT, "file"))
        return [thing for each in media
                if (thing := each if each.kind == "text" else self.converted(each, "text", scene))] or text

    def ahead(self, kinds: Sequence[str]) -> list[Thing]:
        """What the request names only later ("Translate it: ...")."""
        return [things.of_mention(mention) for mention in self.request.mentions if mention.kind in kinds and
                mention.value not in self.questions and mention.role not in ("question", "query")][:1]

    def converted(self, thing: Thing, kind: str, scene: Scene) -> Thing | None:
        """A thing as text or as audio, by a task of its own."""
        if kind == "text" and thing.kind in _TO_TEXT:
            name = "audio" if thing.kind == "video" else thing.kind
            return self.add(_TO_TEXT[thing.kind], {name: thing.value}, scene.number, thing.value)
        if kind == "audio" and thing.kind == "text":
            return self.add("text-to-speech", spoken(thing), scene.number, thing.value)
        return thing if thing.kind == "file" else None


def kinds_for(kind: str) -> tuple[str, ...]:
    """Kinds that an input of this kind can be, best first."""
    return _KINDS_FOR.get(kind, (kind, "file"))


def spoken(thing: Thing) -> dict[str, Any]:
    """Args for reading a thing aloud, in its language where that is known."""
    return {"text": thing.value} | ({"language": thing.target} if thing.target else {})
