"""Names of languages, as people write them in a request, and their ISO 639-1 codes."""

from __future__ import annotations

import re

CODES: dict[str, str] = {
    "afrikaans": "af", "albanian": "sq", "amharic": "am", "arabic": "ar", "armenian": "hy", "azerbaijani": "az",
    "basque": "eu", "belarusian": "be", "bengali": "bn", "bosnian": "bs", "bulgarian": "bg", "burmese": "my",
    "cantonese": "zh", "castilian": "es", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "esperanto": "eo", "estonian": "et", "farsi": "fa", "finnish": "fi",
    "flemish": "nl", "french": "fr", "galician": "gl", "georgian": "ka", "german": "de", "greek": "el",
    "gujarati": "gu", "haitian creole": "ht", "hausa": "ha", "hebrew": "he", "hindi": "hi", "hungarian": "hu",
    "icelandic": "is", "igbo": "ig", "indonesian": "id", "irish": "ga", "italian": "it", "japanese": "ja",
    "kannada": "kn", "kazakh": "kk", "khmer": "km", "korean": "ko", "kurdish": "ku", "lao": "lo", "latin": "la",
    "latvian": "lv", "lithuanian": "lt", "luxembourgish": "lb", "macedonian": "mk", "malay": "ms", "malayalam": "ml",
    "maltese": "mt", "mandarin": "zh", "marathi": "mr", "mongolian": "mn", "nepali": "ne", "norwegian": "no",
    "pashto": "ps", "persian": "fa", "polish": "pl", "portuguese": "pt", "punjabi": "pa", "romanian": "ro",
    "russian": "ru", "sanskrit": "sa", "scottish gaelic": "gd", "serbian": "sr", "sinhala": "si", "slovak": "sk",
    "slovene": "sl", "slovenian": "sl", "somali": "so", "spanish": "es", "swahili": "sw", "swedish": "sv",
    "tagalog": "tl", "tamil": "ta", "telugu": "te", "thai": "th", "tibetan": "bo", "turkish": "tr", "ukrainian": "uk",
    "urdu": "ur", "uzbek": "uz", "vietnamese": "vi", "welsh": "cy", "xhosa": "xh", "yiddish": "yi", "yoruba": "yo",
    "zulu": "zu",
}
NAME = "(?:" + "|".join(CODES) + ")"
"""Pattern of any language name; match it without regard to case."""

_TARGET = re.compile(rf"\b(?:in|into|to|as|speak)\s+(?:(?:good|plain|simple|proper|the)\s+)?({NAME})\b"
                     rf"|\b({NAME})\s+(?:version|translation|equivalent|voice[- ]?over|dub(?:bing)?)\b", re.IGNORECASE)
_SOURCE = re.compile(rf"\bfrom\s+(?:the\s+)?({NAME})\b|\b({NAME})\s+(?:text|sentence|article|phrase|original|"
                     rf"word)\b", re.I)
_ALSO = re.compile(rf"\s*(?:,|,?\s*\band\b|&|,?\s*\bor\b)\s*(?:(?:in|into|to)\s+)?({NAME})\b", re.IGNORECASE)
_ANY = re.compile(rf"\b({NAME})s?\b", re.IGNORECASE)


def targets(clause: str) -> list[str]:
    """Codes of the languages a clause wants its result in ("to German and French" gives two)."""
    found = _TARGET.search(clause)
    if found is None:
        return []
    codes = [_code(found)]
    end = found.end()
    while more := _ALSO.match(clause, end):
        codes.append(_code(more))
        end = more.end()
    return list(dict.fromkeys(codes))


def source(clause: str) -> str | None:
    """Code of the language a clause says its input is in."""
    found = _SOURCE.search(clause)
    return _code(found) if found else None


def mentioned(clause: str) -> list[str]:
    """Codes of all languages a clause names, in order."""
    return [CODES[name.lower()] for name in _ANY.findall(clause)]


def _code(match: re.Match[str]) -> str:
    return CODES[next(group for group in match.groups() if group).lower()]


def all_targets(clause: str) -> list[str]:
    """Codes of all languages a clause asks for, one for each text included ("a.txt to French and b.txt to German")."""
    found = [_code(match) for match in _TARGET.finditer(clause)]
    return list(dict.fromkeys([*found, *targets(clause)]))
