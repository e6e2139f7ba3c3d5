"""Words for what the results hold as codes: languages by their ISO 639-1 code, verbs for what a task does."""

from __future__ import annotations

from compegpt.languages import LANGUAGES

_VERBS: dict[str, str] = {
    "answering": "answer", "classifying": "classify", "cleaning": "clean", "comparing": "compare",
    "describing": "describe", "dividing": "divide", "drawing": "draw", "editing": "edit", "enlarging": "enlarge",
    "estimating": "estimate", "filling": "fill", "finding": "find", "holding": "hold", "making": "make",
    "putting": "put", "reading": "read", "restyling": "restyle", "rewriting": "rewrite", "sharpening": "sharpen",
    "sorting": "sort", "summarizing": "summarize", "telling": "tell", "translating": "translate", "turning": "turn",
    "writing": "write",
}


def language(code: str) -> str:
    """ "German (de)"; the code alone where it has no name here."""
    name = LANGUAGES.get(code.lower())
    return f"{name} ({code})" if name else code


def infinitive(title: str) -> str:
    """ "reading the text in a picture" as "read the text in a picture"."""
    return " ".join(_VERBS.get(word, word) for word in title.split(" "))
