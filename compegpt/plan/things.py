"""What a clause can be about: files, quoted texts, results of earlier tasks, and what earlier turns left behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from compegpt.plan.mentions import Mention, kind_of
from compegpt.plan.validate import harmless, references
from compegpt.schema import Task, Turn
from compegpt.tasks import TASKS

ASKED = "question-answering|visual-question-answering|document-question-answering|table-question-answering"
NOUNS: tuple[tuple[str, str], ...] = (
    (r"summar(?:y|ies)|summari[sz]ed (?:text|version|article)|gist", "summarization"),
    (r"trans?cri(?:pt|ption)s?|transcribed (?:text|speech|words)|dictation", "automatic-speech-recognition"),
    (r"translations?|translated (?:text|version|sentence|summary|answer)", "translation"),
    (r"captions?|descriptions?", "image-to-text"), (r"answers?", ASKED),
    (r"repl(?:y|ies)|responses?", "conversational|text-generation"),
    (r"poems?|story|stories|essay|joke|haiku|limerick|tale|generated text|letter|paragraph|slogan", "text-generation"),
    (r"(?:rewritten|rephrased|corrected|simplified|paraphrased) \w+|rewrite|paraphrase", "text2text-generation"),
    (r"(?:extracted|recogni[sz]ed|read|ocr) (?:text|words|writing)", "ocr"),
    (r"(?:enhanced|cleaned|clean|denoised|improved|processed)(?: up)? (?:audio|recording|speech|sound|version|"
     r"file)", "audio-to-audio"),
    (r"(?:enlarged|upscaled|sharper|larger|bigger|sharpened|enhanced|improved) (?:image|picture|photo|version|"
     r"one)", "image-upscaling"),
    (r"(?:edited|modified|changed) (?:image|picture|photo|version)", "image-editing"),
    (r"sketch|cartoon|(?:styli[sz]ed|transformed|restyled) (?:image|picture|photo|version)", "image-to-image"),
    (r"depth (?:map|image|picture)", "depth-estimation"), (r"edge (?:map|image|picture)|edges", "canny-control"),
    (r"drawing|painting|illustration|(?:generated|drawn|created) (?:image|picture|photo)", "text-to-image|"
                                                                                           "image-to-image"),
)
"""Nouns of results and the tasks that give them."""
ANALYTIC: tuple[tuple[str, str], ...] = (
    (r"key ?words?|key phrases?|key terms?", "keyword-extraction"), (r"language", "language-identification"),
    (r"sentiment|mood", "text-classification"), (r"entities|names", "token-classification"),
    (r"labels?|class(?:es)?|categor(?:y|ies)|classification(?: results?)?", "image-classification|"
                                                                            "zero-shot-classification|"
     "zero-shot-image-classification|audio-classification|video-classification|tabular-classification|"
     "text-classification"),
    (r"objects?|detections?|boxes", "object-detection"), (r"codes?|qr code|link|barcode", "barcode-detection"),
)
"""Nouns of findings, which only these nouns refer to: "it" is never a label."""
_KIND_NOUNS = (
    (r"images?|pictures?|photos?|pics?|photographs?|drawings?|screenshots?|scans?|sign|poster", "image"),
    (r"recordings?|audios?|sounds?|sound files?|speech|voice (?:memo|note|message)s?|songs?|clip", "audio"),
    (r"videos?|movies?|films?|clip|footage", "video"), (r"tables?|spreadsheets?", "table"),
    (r"texts?|sentences?|articles?|paragraphs?|passages?|words?|story|quote|message|essay|review|phrase", "text"),
)
_THE = r"\b(?:the|this|that|its|their|these|those|each|every|both|all|my|your|his|her)\s+(?:\w+\s+)?"


@dataclass(frozen=True)
class Thing:
    kind: str
    value: str
    """A file as the user wrote it, a text, or `<resource>-ID`."""
    task: str = ""
    """The task type that makes it."""
    group: int = -1
    """The clause it comes from; -1 where it was there before."""
    analytic: bool = False
    origin: str = ""
    """Value of what it was made from."""
    target: str = ""
    """The language it was translated into."""


@dataclass
class Pool:
    """All things, nearest last."""

    things: list[Thing] = field(default_factory=list)

    def kinds(self) -> frozenset[str]:
        return frozenset(thing.kind for thing in self.things if not thing.analytic)

    def nearest(self, kinds: Sequence[str]) -> list[Thing]:
        """The newest thing of one of these kinds, with the others of its group; [] where there is none."""
        for thing in reversed(self.things):
            if thing.kind in kinds and not thing.analytic:
                return [other for other in self.things if other is thing or (
                    thing.group != -1 and other.group == thing.group and other.task == thing.task
                    and other.kind == thing.kind and not other.analytic)]
        return []

    def set_aside(self, found: Sequence[Thing]) -> None:
        """Let only nouns refer to these things, as to findings."""
        self.things = [replace(thing, analytic=True) if thing in found else thing for thing in self.things]

    def newest(self) -> Thing | None:
        return next((thing for thing in reversed(self.things) if not thing.analytic), None)

    def made_by(self, tasks: str) -> list[Thing]:
        """The newest results of one of these tasks, with the others of their group."""
        for thing in reversed(self.things):
            if thing.task in tasks.split("|"):
                return [other for other in self.things if other.task == thing.task and other.group == thing.group]
        return []


def referred(clause: str, pool: Pool) -> tuple[str, list[Thing]]:
    """The results a clause refers to by their nouns, and the clause with plain nouns instead ("the text")."""
    found: list[tuple[int, list[Thing]]] = []
    for nouns, tasks in NOUNS:
        for match in re.finditer(rf"{_THE}(?:{nouns})\b(?! (?:of|from) ⟦)", clause, re.IGNORECASE):
            if things := pool.made_by(tasks):
                plain = {"text": "the text", "image": "the image", "audio": "the recording"}.get(things[0].kind, "it")
                found.append((match.start(), things))
                clause = clause[: match.start()] + plain + " " * (len(match[0]) - len(plain)) + clause[match.end() :]
    original = re.search(r"\bthe (?:original|source|first)(?: (?:text|one|sentence|version|image|article))?\b", clause)
    if original and (first := next((thing for thing in pool.things if not thing.task), None)):
        found.append((original.start(), [first]))
    result = re.search(r"\bthe (?:result|output)\b", clause, re.IGNORECASE)
    if result and pool.things and pool.things[-1].kind == "image" and pool.things[-1].analytic:
        found.append((result.start(), pool.things[-1:]))
    found.sort(key=lambda entry: entry[0])
    return re.sub(r" {2,}", " ", clause), [thing for _, things in found for thing in things]


def analytic(clause: str, pool: Pool, task: str) -> list[Thing]:
    """The findings (labels, keywords ...) that a clause refers to, if it does not ask for them itself."""
    for nouns, tasks in ANALYTIC:
        spoken_of = re.search(rf"{_THE}(?:{nouns})\b(?! (?:of|in|from) )", clause, re.IGNORECASE)
        if spoken_of and task not in tasks.split("|") and (found := pool.made_by(tasks)) and found[0].analytic:
            return found
    return []


def noun_kinds(clause: str) -> list[str]:
    """Kinds of the things a clause speaks of by plain nouns ("the picture"), in the order of the table."""
    return [kind for nouns, kind in _KIND_NOUNS if re.search(rf"{_THE}(?:{nouns})\b", clause, re.IGNORECASE)]


def of_mention(mention: Mention, group: int = -1) -> Thing:
    return Thing(mention.kind, str(mention.value), group=group)


def of_history(history: Sequence[Turn]) -> list[Thing]:
    """What earlier turns were given and made, oldest first; texts by their content, files by their path."""
    things: list[Thing] = []
    for turn in history[-6:]:
        things += [Thing(kind_of(file), file) for file in turn["request"]["files"]]
        for result in turn["results"]:
            inputs = _inputs(result["task"], result["args"])
            things += inputs
            output = result["output"] or {}
            kind = TASKS[result["task"]].gives if result["task"] in TASKS else "text"
            value = output.get(kind)
            labels = output.get("labels") or []
            if isinstance(value, str) and value.strip():
                origin = inputs[-1].value if inputs and result["task"] in ASKED.split("|") else ""
                things.append(Thing(kind, harmless(value), task=result["task"], origin=origin,
                                    target=str(result["args"].get("target", ""))))
            elif labels:
                things.append(Thing("text", labels[0]["label"], task=result["task"], analytic=True))
        if not turn["results"]:
            things += [thing for task in turn["plan"] for thing in _inputs(task["task"], task["args"])]
    return list(dict.fromkeys(reversed(things)))[::-1]


def of_task(task: Task, group: int, origin: str) -> Thing:
    kind = TASKS[task["task"]]
    return Thing(kind.gives, f"<resource>-{task['id']}", task=task["task"], group=group, origin=origin,
                 analytic=kind.output in ("labels", "spans", "boxes", "masks", "scores", "vectors"),
                 target=str(task["args"].get("target", "")))


def _inputs(task: str, args: object) -> list[Thing]:
    if task not in TASKS or not isinstance(args, dict):
        return []
    kinds = TASKS[task].args
    return [Thing(kind_of(value) if kinds[name] != "text" else "text", value) for name, value in args.items()
            if name in ("text", "image", "audio", "video", "context", "other", "table") and name in kinds
            and isinstance(value, str) and value and not references(value)
            and not (name == "text" and kinds.get("image"))]
