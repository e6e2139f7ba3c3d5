"""Which language a request is asked in: the embedded planner reads English."""

from __future__ import annotations

import re

from compegpt.plan.mentions import TOKEN, Masked
from compegpt.sources.embedded.language import identified

KNOWN = "English"
_ENGLISH = frozenset((
    "the", "an", "of", "to", "and", "for", "with", "from", "into", "please", "what", "which", "who", "how", "where",
    "when", "why", "does", "do", "is", "are", "was", "can", "could", "would", "you", "your", "my", "i", "me", "this",
    "that", "these", "those", "it", "its", "picture", "image", "photo", "video", "audio", "recording", "file",
    "text", "translate", "summarize", "summarise", "transcribe", "describe", "read", "draw", "find", "make", "give",
    "tell", "show", "write", "count", "say", "sound", "voice", "aloud", "words", "main", "points", "speech", "clean",
    "edit", "change", "remove", "add", "colour", "color", "turn", "detect", "classify", "compare", "answer",
    "question", "summary", "list", "need", "want", "have", "get", "using", "then", "also", "after", "before",
    "about", "out", "there", "any", "not", "but", "if", "so", "let", "us", "hi", "hello", "hey", "thanks", "thank",
    "cut", "help", "over", "by", "new", "old", "like", "style", "art", "poster", "between", "behind", "under",
    "without", "more", "less", "out", "fix", "name", "names", "similar", "bigger", "sharper", "blur", "create",
    "generate", "convert", "extract", "identify", "analyze", "analyse", "caption"))
"""Words that a request in English has some of, short ones that other languages share left out below."""
_SHARED = frozenset((
    "an", "do", "me", "is", "was", "i", "us", "so", "hi", "video", "audio", "file", "name", "names", "list",
    "points"))
_ENOUGH = 3
"""Words without which nothing is said of a language."""
_READ = 600
_WRITTEN_IN_LATIN = frozenset((
    "af", "ca", "cs", "cy", "da", "de", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr", "hu", "id", "is", "it", "lt",
    "lv", "ms", "nb", "nl", "nn", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "vi"))
"""What is believed of a short text: a guess at a rare language is a guess."""


def foreign(found: Masked) -> bool:
    """Whether a request is asked in another language than English; what it quotes and the files it names do not
    count."""
    text = " ".join(TOKEN.sub(" ", found.text)[:_READ].split())
    words = re.findall(r"[^\W\d_]+", text.lower())
    latin = sum(not re.search(r"[^\u0000-\u024f]", word) for word in words)
    if latin < len(words) / 2:
        return True
    if len(words) < _ENOUGH or any(word in _ENGLISH and word not in _SHARED for word in words):
        return False
    return identified(text) in _WRITTEN_IN_LATIN


TOLD = (f"This request does not seem to be in {KNOWN}, the only language that the embedded planner understands. Ask in "
        f"{KNOWN}, or set up a language model (OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own), which "
        "plans in any language it knows. The texts and files to be worked on may be in any language.")
