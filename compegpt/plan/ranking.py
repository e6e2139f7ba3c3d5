"""Which task a clause asks for: nearness to example phrasings, plus cues, less what does not fit its inputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from compegpt.embed import Array
from compegpt.plan.allowed import instead
from compegpt.plan.clauses import bare
from compegpt.plan.cues import cues
from compegpt.plan.examples import NONE, nearness
from compegpt.tasks import TASKS

THRESHOLD = 0.52
"""Scores below it mean no task; a strong cue alone passes, a paraphrase of an example does without one."""
CONVERTIBLE = ("image", "audio", "video")
"""Kinds that can be made into text: by ocr, by speech recognition."""
INVENTS = frozenset({"text-to-image", "text-generation", "text-to-video", "text-to-audio", "conversational"})
"""Tasks whose text is in the instruction itself ("Draw a sheep")."""
_TEXT_VERB = re.compile(r"(?:summ?ari|sum up|translat|condens|rephras|embed|compar|narrat|speak|voice|say|classif|"
                        r"shorten)|"
                        r"read\b.*\b(?:aloud|to me|out)",
                        re.IGNORECASE)
_OBJECT = re.compile(r"(\s)(?:what(?:'s| is| was)?\b.*?\b(?:written|says?|said|spoken|printed)\b|(?:the|"
                     r"its) (?:summar(?:y|ies)|"
                     r"translations?|transcripts?|transcriptions?|captions?|descriptions?)(?= of ⟦))\s*", re.IGNORECASE)
"""What a verb that works on text is to work on, where another task is needed for it first."""
_TEXT_OF = re.compile(r"\bthe (?:text|words?|writing) (?:in|on|from|of) (?=[^⟦]{0,20}⟦(?:image|audio|video))",
                      re.IGNORECASE)
_TEXT_IN = re.compile(r"\b((?:from|of|in|is|to|are) )the (?:text|words?|writing) (?:in|on|from|"
                      r"of) (?=[^⟦]{0,20}⟦image)", re.IGNORECASE)
_DONE_TO = re.compile(r"\b(?:the|its|an?) (?:summary|translation|transcript|transcription|caption|"
                      r"description) of (?=⟦\w+⟧ "
                      r"(?:translated|condensed|summari[sz]ed|shortened|read|spoken|rephrased)\b)", re.IGNORECASE)
_TOLD = re.compile(r"^(?:(?:tell me|let me know|find out|figure out|check|see|know|show me|i wonder|"
                   r"explain(?: to me)?)\s+)+"
                   r"(?=(?:if|whether|what|what's|which|who|whose|where|when|how|why)\b)", re.IGNORECASE)
_ASKS = re.compile(r"\?|^(?:if|whether|what|which|who|whose|whom|where|when|how|why|is|are|was|were|do|does|did|has|"
                   r"have|can|in what|"
                   r"in which)\b|\b(?:answer|question|find|tell|look up|according|give me)\b|\bwhat\b", re.IGNORECASE)
ANSWERS = {"image": ("visual-question-answering", "document-question-answering"),
           "table": ("table-question-answering",),
           "text": ("question-answering",)}
"""Tasks that answer a question, by what it is asked about."""
_INNER = re.compile(r"\b(of|in|for|from) (?:the|its|an?) (?:summary|translation|transcript|transcription|caption|"
                    r"description)\b",
                    re.IGNORECASE)
_ITS_TEXT = re.compile(r"\b(?:text|words?|writing|message) (?:in|on|from|of) [^⟦]{0,20}⟦image", re.IGNORECASE)
_DOCUMENT = re.compile(r"(?<![a-z])(?:receipt|invoice|bill|form|contract|document|letter|statement|ticket|"
                       r"scan(?! (?:⟦|(?:the|an?|all|for|this|these|it)\b))|"
                       r"certificate|report|"
                       r"menu|resume|\bcv\b|passport|page|paper)|\.pdf", re.IGNORECASE)
_CODE = re.compile(r"(?<![a-z])(?:(?<!source[-_])code|qr|qr[-_]?code|bar[-_]?code)s?(?![a-z])(?!\S*[/\\])",
                   re.IGNORECASE)
"""A file name that says that the picture is of a code; what such a picture says is its code."""


@dataclass(frozen=True)
class Situation:
    """What a clause can work on."""

    named: frozenset[str]
    """Kinds of what it names itself."""
    focus: frozenset[str]
    """Kinds it is about: those it names, else that of the nearest thing before it."""
    present: frozenset[str]
    """Kinds of everything there is."""
    files: str = ""
    """Names of the pictures it can be about."""
    words: str = ""
    """The beginning of the request."""
    asked: str = ""
    """A quoted question that it wants answered."""
    inline: frozenset[str] = frozenset()
    """Tasks whose text stands in the clause without quotes."""


@dataclass(frozen=True)
class Choice:
    task: str
    """A task type, or `none`."""
    score: float
    confidence: float


def outer(clause: str) -> str:
    """A clause as it is ranked: in "the keywords of the summary" it is the keywords that are asked for."""
    plain = _TOLD.sub("", _INNER.sub(r"\1 the text", bare(clause)))
    plain = _TEXT_IN.sub(lambda found: found[1], plain)
    if not _TEXT_VERB.match(plain):
        return _DONE_TO.sub("", plain)
    return _TEXT_OF.sub("", _OBJECT.sub(r"\1the text ", plain))


def choose(clause: str, vector: Array, situation: Situation, allowed: Collection[str] | None = None) -> Choice:
    """The task that a masked clause asks for, `none` where it asks for nothing that is known, possible or allowed."""
    scores = _pooled(ranked(clause, vector, situation), allowed)
    order = sorted(scores, key=lambda task: -scores[task])
    best, second = order[0], order[1]
    if scores[best] < THRESHOLD or instead(best, allowed) is None:
        return Choice(NONE, scores[best], 0.0)
    margin = min(1.0, max(0.0, scores[best] - scores[second]) / .35)
    strength = min(1.0, max(0.0, scores[best] - .4) / .8)
    return Choice(best, scores[best], strength * (.6 + .4 * margin))


def _pooled(scores: Mapping[str, float], allowed: Collection[str] | None) -> dict[str, float]:
    """Scores in which a task that is not allowed counts for its nearest equivalent, where it has one."""
    pooled: dict[str, float] = {}
    for task, score in scores.items():
        name = instead(task, allowed) or task
        pooled[name] = max(score, pooled.get(name, score))
    return pooled


def ranked(clause: str, vector: Array, situation: Situation) -> dict[str, float]:
    """Score of each task type and of `none`."""
    lowered = outer(clause)
    scores: dict[str, float] = dict(nearness(vector))
    there = cues(lowered, situation.focus)
    possible = cues(lowered, situation.present)
    opening = cues(" ".join(lowered.split()[:2]), situation.focus)
    for task in TASKS:
        cue = max(there.get(task, 0.0), .75 * possible.get(task, 0.0)) + (.12 if opening.get(task, 0) >= .3 else 0.0)
        scores[task] = scores.get(task, 0.0) + cue + _fit(task, situation)
    if not situation.asked and not _ASKS.search(lowered):
        for task in (task for tasks in ANSWERS.values() for task in tasks):
            scores[task] -= .4
    if situation.asked:
        question = cues(situation.asked, situation.focus)
        kind = next((kind for kind in ANSWERS if kind in situation.focus), "text")
        for task in ANSWERS[kind]:
            scores[task] += .6 + question.get(task, 0.0)
    if _ITS_TEXT.search(clause):
        for task in ANSWERS["image"]:
            scores[task] -= .3
    if _DOCUMENT.search(situation.files):
        scores["document-question-answering"] += .35
    elif _DOCUMENT.search(situation.words + situation.asked):
        scores["document-question-answering"] += .35 if situation.asked else .2
    if _CODE.search(situation.files) and not re.search(r"\b(?:text|words?)\b", lowered):
        scores["barcode-detection"] = max(scores["barcode-detection"], scores["ocr"] + .1)
    if situation.present:
        scores[NONE] -= .12
    return scores


def _fit(task: str, situation: Situation) -> float:
    """How well what is there suits what a task needs; -2 where it cannot be had."""
    needs: Mapping[str, str] = TASKS[task].needs
    fit = 0.0
    for kind in set(needs.values()) & {"image", "audio", "video", "labels", "table"}:
        makes_it = task == "video-dubbing" and kind == "audio"
        if not makes_it and not _reachable(kind, situation.present):
            return -2.0
        fit += .08 if _reachable(kind, situation.named) else 0.0
    if "text" in needs.values() and not set(needs.values()) & {"image"} and task not in INVENTS:
        if not _reachable("text", situation.present, CONVERTIBLE) and task not in situation.inline:
            return -2.0
        fit += .05 if "text" in situation.named or "table" in situation.named else 0.0
    takes = set(needs.values()) | set(TASKS[task].accepts.values())
    left = {kind for kind in situation.named - {"labels", "file"}
            if kind not in takes and {"table": "text", "video": "audio"}.get(kind, kind) not in takes}
    convertible = {kind for kind in left if "text" in takes - situation.named and kind in CONVERTIBLE}
    fit -= .06 * len(convertible) + .22 * len(left - convertible)
    return fit - (.25 if "labels" in situation.named and "labels" not in takes else 0.0)


def _reachable(kind: str, kinds: frozenset[str], others: tuple[str, ...] = ()) -> bool:
    also = {"table": {"text", "image"}, "text": {"table"}, "audio": {"video"}}.get(kind, set())
    return bool(kinds & {kind, "file", *others, *also})
