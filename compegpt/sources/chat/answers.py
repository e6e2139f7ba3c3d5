"""Texts that chat models reply with, freed of what is surely not part of the answer; a refusal is never an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compegpt.errors import ExpertError
from compegpt.llm.thoughts import answer_of
from compegpt.printable import printable, shortened
from compegpt.schema import Finding

NOTHING = "NOTHING FOUND"
"""What a model is told to say where there is nothing to say."""
LONGEST = 200_000
"""Characters of one reply."""
_SHORT = 600
"""Characters; who says more than this refuses nothing."""

Args = Mapping[str, Any]

_FENCE = re.compile(r"\A```[\w+-]{0,40}[ \t]*\n")
_RESULT = (r"(?:summary|translation|answer|caption|description|transcription|text|poem|story|letter|e-?mail|essay|"
           r"article|version|list|result|reply|rewrite)")
_ASSENT = r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|no problem)[,.!:]*"
_HERE = rf"here(?: is|'s|’s| are) (?:a|an|the|your|my)\b[^\n]{{0,80}}\b{_RESULT}\b[^\n]{{0,120}}:"
_PREFACE = re.compile(rf"\A(?:{_ASSENT}[^\n]{{0,200}}:|{_ASSENT}|{_HERE})[ \t]*\n+(?=\S)", re.IGNORECASE)
_NAMED = re.compile(rf"\A\**(?:{_RESULT})\**[ \t]*:\**\s+(?=\S)", re.IGNORECASE)
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’", "'": "'", "`": "`"}

_CANNOT = (r"(?:can(?:no|['’])t|can not|am unable to|['’]m unable to|am not able to|['’]m not able to|won['’]t|"
           r"will not)")
_SORRY = (r"(?:(?:i['’]m |i am )?(?:very |so |really )?sorry[,.!]?[^\n]{0,40}?|unfortunately,? |"
          r"i apologi[sz]e[,.]?[^\n]{0,40}?)?(?:but |however,? )?")
_REFUSALS = re.compile(
    rf"\A{_SORRY}(?:as an ai\b|i ?{_CANNOT} |i (?:must|have to) (?:decline|refuse)|"
    r"i (?:do not|don['’]t) (?:see|have access to|have the ability)|"
    r"there (?:is|seems to be|appears to be) no (?:image|picture|photo|attachment)|"
    r"(?:no|the) (?:image|picture) (?:was|is) (?:not )?(?:provided|attached|visible|included))"
    r"|\A(?:es )?tut mir leid[^\n]{0,60}\bnicht\b|\A(?:je suis )?désolée?[^\n]{0,60}\bne (?:peux|suis) pas\b|"
    r"\Alo siento[^\n]{0,60}\bno puedo\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:assist|help|comply|fulfil|provide|process|analy[sz]e|view|see|access|open|describe|identify|translate|"
    r"summari[sz]e|complete|generate|create|write|answer|read|decline|refuse|do that|do this|as an ai|language model|"
    r"image|picture|photo|attachment|helfen|aider|ayudar)\b", re.IGNORECASE)


def without_thoughts(reply: str) -> str:
    """The reply without what a model thought aloud before it, without controls, at most LONGEST characters."""
    return printable(answer_of(reply[: 2 * LONGEST])).strip()[:LONGEST]


def refused(text: str) -> bool:
    """Whether a whole reply surely says that the model will or can not do it."""
    return len(text) <= _SHORT and bool(_REFUSALS.match(text)) and bool(_ABOUT.search(text))


def refusal(text: str) -> ExpertError:
    return ExpertError(f"It refused: '{shortened(text, 120)}'.")


def _checked(text: str) -> str:
    if not text.strip():
        raise ExpertError("It gave an empty text.")
    if refused(text):
        raise refusal(text)
    return text


def written(reply: str, args: Args) -> Finding:
    """A text that was asked for, without a preface; a single block of code without its fences."""
    return _text(_unfenced(_PREFACE.sub("", _checked(reply))))


def spoken(reply: str, args: Args) -> Finding:
    """A turn of a conversation, as it is."""
    return _text(_checked(reply))


def composed(reply: str, args: Args) -> Finding:
    """A summary, caption or answer: without preface, its own name, fences and quotation marks around it."""
    return _text(_bare(_checked(reply), str(args.get("text", ""))))


def translated(reply: str, args: Args) -> Finding:
    """A translation, freed like `composed`.

    Into English, what reads like a refusal may be the translation of one: it counts as that where it is as long as its
    source.
    """
    source = str(args["text"])
    if args.get("target") != "en" or not 0.4 < len(reply) / max(1, len(source)) < 2.5:
        _checked(reply)
    return _text(_bare(reply, source))


def found(reply: str, args: Args) -> Finding:
    """An answer from material; nothing where it is not told there."""
    return Finding({"text": ""}, empty=True) if _nothing(reply) else composed(reply, {})


def read(reply: str, args: Args) -> Finding:
    """Text that was read: its quotation marks and headings are its own."""
    if _nothing(reply):
        return Finding({"text": ""}, empty=True)
    return _text(_unfenced(_checked(reply)))


def _nothing(reply: str) -> bool:
    return " ".join(re.findall(r"\w+", reply[:100])).upper() == NOTHING


def _text(text: str) -> Finding:
    if not text.strip():
        raise ExpertError("It gave an empty text.")
    return Finding({"text": text.strip()})


def _unfenced(text: str) -> str:
    bare = text.strip()
    opening = _FENCE.match(bare)
    if opening is None or bare.count("```") != 2 or not bare.endswith("```"):
        return text
    return bare[opening.end() : -3].strip()


def _bare(text: str, source: str) -> str:
    """The text itself; what its source begins with too is left as it is."""
    first = source.lstrip().partition("\n")[0]
    if not first.rstrip().endswith(":"):
        text = _PREFACE.sub("", text)
    text = _unfenced(text)
    if not _NAMED.match(f"{first} x") and ":" not in first[:30]:
        text = _NAMED.sub("", text)
    return text if source.lstrip()[:1] in (*_QUOTES, *_QUOTES.values()) and source else _unquoted(text.strip())


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing is None or len(text) < 3 or text[-1] != closing or closing in inner or text[0] in inner:
        return text
    return inner.strip()
