"""Splitting a request into clauses, each of which asks for about one task.

A clause ends where a sentence ends, and inside a sentence at a conjunction or comma that is followed by something
that can stand as an instruction of its own: a verb, a question, or a noun that names a task ("and its keywords").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from compegpt.plan.languages import NAME

MAX_CLAUSES = 12
MAX_LENGTH = 400
"""Characters of a clause that are read; instructions are short, what is longer is content."""

_STEMS = [
    "translat", "transcri", "summari", "paraphras", "rephras", "rewrit", "classif", "categori", "identif", "recogni",
    "detect", "extract", "segment", "enhanc", "upscal", "enlarg", "denois", "sharpen", "convert", "transform",
    "styli", "colori", "animat", "illustrat", "visuali", "visualis", "generat", "caption", "descri", "narrat",
    "pronounc", "embed", "vectori", "compar", "comput", "calculat", "estimat", "determin", "examin", "analy",
    "evaluat", "assess", "measur", "proofread", "simplif", "condens", "shorten", "locat", "highlight", "outlin",
    "isolat", "separat", "dub", "synthesi", "recit", "replac", "remov", "modif", "improv", "restor", "increas",
    "decod",
]
_WORDS = [
    "read", "reads", "reading", "write", "writing", "draw", "drawing", "paint", "sketch", "say", "saying", "speak",
    "speaking", "tell", "telling", "give", "giving", "show", "showing", "find", "finding", "spot", "count",
    "counting", "check", "make", "making", "create", "creating", "compose", "answer", "answering", "turn", "turning",
    "edit", "editing", "change", "changing", "add", "adding", "put", "putting", "render", "sort", "label", "tag",
    "rate", "judge", "list", "name", "state", "report", "explain", "look", "listen", "scan", "ocr", "crop", "rotate",
    "resize", "blur", "clean", "cleaning", "produce", "provide", "get", "getting", "return", "print", "display",
    "output", "let", "mark", "point", "pick", "choose", "guess", "fill", "complete", "continue", "reply", "respond",
    "chat", "abridge", "rewrite", "speak", "spell", "voice", "cut", "erase", "swap", "match", "map", "build", "apply",
    "run", "perform", "do", "use", "take", "have", "repeat", "tidy", "brighten", "darken", "invert", "flip", "mirror",
    "sum", "boil", "work", "vocalize", "vocalise", "type", "figure", "see", "hear", "predict", "split", "divide",
    "score", "grade", "call", "deliver", "send", "reduce", "suppress", "filter", "strip", "polish", "fix", "correct",
    "smooth", "record", "dictate", "quote", "play", "parse", "grab", "pull", "digitize", "digitise", "copy", "note",
    "try", "help", "save", "store",
]
_VERB = r"(?:(?:" + "|".join(_STEMS) + r")\w*|(?:" + "|".join(_WORDS) + r"))\b(?!['’]s\b)"
_POLITE = (r"(?:(?:hi|hello|hey|dear \w+|ok|okay|please|pls|kindly|also|too|then|next|now|first|firstly|second|"
           r"secondly|"
           r"third|thirdly|finally|lastly|last|afterwards?|after that|once (?:that is |that's )?done|in addition|"
           r"additionally|besides|further|furthermore|moreover|and|but|so|just|quickly|simply|again|at last|"
           r"at the same time|in the end|with that|from (?:that|there|it)|using (?:that|it)|based on (?:that|it)|"
           r"can (?:yo)?u|could (?:yo)?u|would you|will you|could i|can i|may i|i(?:'d| would)? (?:also )?(?:like|"
           r"love|want|need|"
           r"wish)(?: (?:you|for you|it|that|them))?|i need|i have|i must|we need|we want|help me(?: to)?|i'm trying|"
           r"i am trying|i was wondering if you could|would you mind|do you mind|be so kind(?: and| as)?|are you able|"
           r"is it possible|your task is|you should|you have|it should|make sure|to|my \w+ (?:needs|wants) you to|"
           r"let's|lets|let us|go ahead and|\d+[.)]|[-*•–])[\s,:!]+)*")
_QUESTION = (r"(?:what|which|who|whom|whose|where|when|why|how|is|are|was|were|does|do|did|has|have|can|could|whether|"
             r"if|"
             r"in (?:what|which)|what's|who's|where's|how's|of (?:what|which))\b")
_NAMED = (r"(?:(?:the|its|their|his|her|this|a|an|all|any|some|my|every|each|of)\s+)*(?:(?!and\b)[\w-]+\s+){0,3}?"
          r"(?:summary|summaries|(?:main|key) points|gist|takeaways|people|names|places|translation|transcript\w*|"
          r"transcription|sentiment|mood|tone|keywords?|key\s?words?|"
          r"key\s?phrases?|key\s?terms?|language|entit(?:y|ies)|faces?|(?:(?:qr|bar)\s?-?)?codes?|objects|captions?|"
          r"descriptions?|depth|similarity|embeddings?|vectors?|segmentation|edges?|edge map|depth map|audio version|"
          r"spoken version|speech)\b")
_OPENS_VERB = re.compile(_POLITE + _VERB, re.IGNORECASE)
_OPENS_QUESTION = re.compile(_POLITE + _QUESTION + r"(?:\W+\w+){2}", re.IGNORECASE)
_OPENS_NAMED = re.compile(_POLITE + _NAMED, re.IGNORECASE)
_OPENS_LANGUAGE = re.compile(rf"(?:back )?(?:in)?to {NAME}\b", re.IGNORECASE)
_ONLY_ASKS = re.compile(_POLITE + r"(?:who|what|when|where|why|how)$", re.IGNORECASE)
"""Half of a double question ("When and where ...")."""
_LEAD = re.compile(_POLITE, re.IGNORECASE)
_TAIL = re.compile(r"(?:,?\s+(?:please|pls|plz)|,\s*(?:thanks|thank you|thx|will you|would you|ok))+(?=[\s.?!]*$)",
                   re.IGNORECASE)
_ONLY_LEAD = re.compile(_POLITE + r"$", re.IGNORECASE)

_SENTENCE = re.compile(r"(?<=[.?!;])[\s)]+|\s*\n+\s*|(?<=⟧)\.\s+")
_SOFT = re.compile(r"\s*[,;:]?\s*\b(?P<word>and then|and also|and after that|and finally|and|then|but also|but|plus|"
                   r"as well as|followed by|before|after(?! that\b)|once|while|so that|so i can|along with|"
                   r"together with)\b\s*|"
                   r"\s*[,:&+]\s+|\s+[-–—>]+\s+|\s*→\s*", re.IGNORECASE)
_CREATIVE = re.compile(_POLITE + r"(?:draw|paint|sketch|write|compose|imagine|generate|create)\b", re.IGNORECASE)
_CONTEXT = re.compile(r"^\W*(?:(?:hi|hello|hey|so|ok|well)\W+)*(?:it(?:'s| is) (?:about|in|from)|i(?:'ve|"
                      r" have)(?: got| also)?|we have|here(?:'s| is|"
                      r" are)|this is|"
                      r"there(?:'s| is| are)|i am (?:attaching|sending|uploading|sharing|giving)|i'm (?:attaching|"
                      r"sending|"
                      r"uploading|sharing)|(?:the|my)\s+\w+(?:\s\w+)?\s+(?:is|are|reads|says|goes)\W*(?=⟦\w+⟧\W*$)|"
                      r"(?:the )?(?:context|text|article|passage|paragraph|sentence|"
                      r"image|picture|photo|audio|recording|file|document|input|source|data|"
                      r"review)s?\s*\d?\s*:\s*(?=⟦\w+⟧\W*$)|i(?:'ve| have)? (?:attached|uploaded|recorded|took|got|"
                      r"found|received|wrote)|"
                      rf"attached|(?:i|we) (?:do not|don't|can't|cannot) (?:have|(?:speak|understand|know|read) "
                      rf"(?:any )?{NAME})|"
                      r"(?:my|the|this|that) (?!.*(?:_{2}|\[mask))[^.?!;,]{0,60}?\b(?:is|are|was|looks|"
                      r"sounds|contains)\b(?!.*\?)|someone sent me|a friend|(?:my|an?|the) \w+ (?:sent|gave|wrote|"
                      r"texted|emailed|showed)\b)(?:\b|(?=⟦))", re.IGNORECASE)
_GIVEN = re.compile(_POLITE + r"(?:(?:given|using|according to|based on|as per|judging by|referring to|going by|with|"
                              r"from|for|in|on|take|taking|(?:take a )?look(?:ing)? (?:at|into|in|through)|go through|"
                              r"check|inspect|open|load|consider|use|about|"
                    r"regarding|as for|inside)\b(?:\s+[\w'-]+){0,3}\W*)?(?:⟦\w+⟧(?:\s|,|and|"
                    r"or)*)+[\W]*$", re.IGNORECASE)
_USED = re.compile(_POLITE + r"(?:use|using|consider|(?:take a )?look (?:at|into|in|through)|go through|check|inspect|"
                             r"see|take|open|load|check out|with|given|for)\b[^⟦]{0,40}⟦\w+⟧"
                   r"(?:\s+(?:as|for)\b[^⟦]{0,40})?\W*$", re.IGNORECASE)
_ONLY_THERE = re.compile(r"\W*⟦\w+⟧(?:\W*$|\s+(?:is|are|was|were|looks?|sounds?|seems?)\b(?!.*(?:\?|\bwhat|\bwhich)))",
                         re.IGNORECASE)
_READ_FIRST = re.compile(_POLITE + r"read\s(?:[\w'-]+\s+){0,3}⟦(?:text|table)\d+⟧\W*$", re.IGNORECASE)
"""Nobody who goes on asking about a text wants to hear it ("Read notes.txt and answer ...")."""
_LABELLED = re.compile(r"\W*(?:(?:the|my|this)\s+)?\w+\s*\d?\s*[:=]\s*⟦(?!labels)\w+⟧\W*$", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:first|beforehand)\W*$", re.IGNORECASE)
_WISH = re.compile(r"\b(?:(?:that|which|and)\s+)?(?:i|we|it|that|which|they)\s*(?:'d|would|"
                   r"really)?\s*(?:also )?(?:want|need|needs|"
                   r"like to|love to|wish|should|must|has to|have to)\b|\band (?:want|need|wish|would like|"
                   r"also want)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Clause:
    text: str
    joined: str = ""
    """The conjunction before it, lower case; "." at the start of a sentence."""
    context: bool = False
    """It only says what there is ("I have a photo"), and asks for nothing."""


def opens_verb(text: str) -> bool:
    """Whether a text begins as an instruction does."""
    return _OPENS_VERB.match(text) is not None


def bare(clause: str) -> str:
    """A clause without what is only polite or only orders it ("Could you please also ...")."""
    return _TAIL.sub("", clause[_LEAD.match(clause).end() :]).strip() or clause.strip()  # type: ignore[union-attr]


def split(text: str) -> list[Clause]:
    """The clauses of a masked request, in the order in which they are to be done, at most MAX_CLAUSES."""
    clauses: list[Clause] = []
    at = 0
    for end in [*_SENTENCE.finditer(text), None]:
        sentence = text[at : end.start() if end else len(text)].strip()
        at = end.end() if end else at
        if re.search(r"\w", sentence):
            clauses += _of_sentence(sentence[: MAX_LENGTH * 4])
        if len(clauses) >= MAX_CLAUSES:
            break
    asked = clauses[:MAX_CLAUSES]
    if len(asked) == 1:
        return asked
    given = [_USED.match(clause.text) or _ONLY_THERE.match(clause.text) for clause in asked]
    read = [_READ_FIRST.match(clause.text) for clause in asked[:-1]] + [None]
    return [replace(clause, context=clause.context or bool(given[at] or read[at])) for at, clause in enumerate(asked)]


def _of_sentence(sentence: str) -> list[Clause]:
    context: list[Clause] = []
    if _CONTEXT.match(sentence):
        wish = _WISH.search(sentence, 4)
        head, sentence = (sentence[: wish.start()], sentence[wish.start() :]) if wish else (sentence, "")
        opened = [cut for cut in _SOFT.finditer(head) if _opens(head[cut.end() :], head)]
        if not wish and opened:
            head, sentence = head[: opened[0].start()], head[opened[0].end() :]
        context = [Clause(head[:MAX_LENGTH], ".", context=True)]
        sentence = re.sub(r"^(?:(?:that|which|and)\s+)?(?:it|that|which|they)\s+", "", sentence, flags=re.IGNORECASE)
    return context + (_ordered(_cut(sentence)) if sentence.strip() else [])


def _cut(sentence: str) -> list[Clause]:
    found: list[Clause] = []
    start, joined = 0, "."
    for soft in _SOFT.finditer(sentence):
        before, rest = sentence[start : soft.start()], sentence[soft.end() :]
        word = (soft["word"] or ",").lower()
        if not before.strip(" ,.") or _ONLY_LEAD.match(before.strip() + " "):
            if word in ("before", "after", "once") and not found:
                joined = f"{word} first"
            start = soft.end()
            continue
        goes_on = "then" in word or "also" in word
        if _ONLY_ASKS.match(before.strip(" ,")):
            continue
        if not (_opens(rest, "" if goes_on else before) or (goes_on and _OPENS_LANGUAGE.match(rest))):
            continue
        found.append(Clause(before.strip()[:MAX_LENGTH], joined))
        start, joined = soft.end(), word
    return [*found, Clause(sentence[start:].strip()[:MAX_LENGTH], joined)]


def _opens(rest: str, before: str) -> bool:
    """Whether what follows a conjunction can stand as an instruction of its own."""
    if _OPENS_VERB.match(rest):
        return True
    if _CREATIVE.match(before):
        return False
    return bool(_OPENS_QUESTION.match(rest) or _OPENS_NAMED.match(rest))


def _ordered(clauses: list[Clause]) -> list[Clause]:
    """Clauses in the order in which they are done: "A after B" is B, A; "before A, B" is B, A."""
    done = [replace(clause, context=bool(_GIVEN.match(clause.text) or _LABELLED.match(clause.text)))
            for clause in clauses[:-1]] + clauses[-1:]
    for at in range(len(clauses) - 1):
        swapped = clauses[at].joined == "before first" or clauses[at + 1].joined == "after"
        if swapped or _FIRST.search(clauses[at + 1].text):
            done[at], done[at + 1] = _first_named(done[at + 1], done[at])
    return done


def _first_named(first: Clause, second: Clause) -> tuple[Clause, Clause]:
    """Two clauses with what both are about named in the first, and "it" in the second."""
    named = re.search(r"⟦\w+⟧", second.text)
    if named is None or "⟦" in first.text:
        return first, second
    it = re.search(r"\b(?:it|them|this|that)\b", first.text)
    text = first.text[: it.start()] + named[0] + first.text[it.end() :] if it else f"{first.text} of {named[0]}"
    return replace(first, text=text), replace(second, text=second.text.replace(named[0], "it"))
