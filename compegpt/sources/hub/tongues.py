"""Which languages a text may be in, told in no time by its script and its commonest words; no detector is run."""

from __future__ import annotations

import functools
import re
from collections import Counter

from compegpt.languages import LANGUAGES

_SCRIPTS: tuple[tuple[str, str], ...] = (
    (r"[\u3040-\u30ff]", "ja"), (r"[\uac00-\ud7af]", "ko"), (r"[\u4e00-\u9fff]", "zh ja"),
    (r"[\u0400-\u04ff]", "be bg kk ky mk mn ru sr tg tt uk"), (r"[\u0370-\u03ff]", "el"),
    (r"[\u0590-\u05ff]", "he yi"), (r"[\u0600-\u06ff]", "ar fa ku ps sd ug ur"), (r"[\u0e00-\u0e7f]", "th"),
    (r"[\u0900-\u097f]", "hi mr ne sa"), (r"[\u0980-\u09ff]", "as bn"), (r"[\u0b80-\u0bff]", "ta"),
    (r"[\u0c00-\u0c7f]", "te"), (r"[\u10a0-\u10ff]", "ka"), (r"[\u0530-\u058f]", "hy"),
)
_WORDS = {
    "en": "the and is are was were this that with for of to have has you it not but they from what",
    "de": "der die das und ist sind nicht ein eine mit für auf ich wir sie dem den zu wie aber",
    "fr": "le les des est et une pas que qui dans pour avec nous vous sont je il elle très mais",
    "es": "el los las es y una que en con para por pero muy está son como más del yo esta",
    "it": "il gli è e una che di per con non sono molto ma come della nel questo questa anche mi",
    "pt": "o os as é e uma não que em com para muito mas são como do da está você isso",
    "nl": "het de een en is zijn niet met voor van dat ik wij maar ook naar heeft deze dit zeer",
    "sv": "och är det att en som för inte med på jag vi mycket har den av till detta",
    "da": "og er det at en som ikke med på jeg vi meget har den af til dette",
    "pl": "i jest nie to się na z że do jak bardzo ale są był ten czy tego",
    "tr": "ve bir bu için çok ile değil ama daha gibi olan ne kadar",
    "ro": "și este nu un o cu pe la din care foarte dar sunt pentru mai",
}
_HINTS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_FOREIGN = frozenset(code for _, codes in _SCRIPTS for code in codes.split())
_LATIN = frozenset(LANGUAGES) - _FOREIGN | {"sr", "ku", "tt"}
_READ = 2_000
"""Characters that are looked at."""


def possible(text: str) -> frozenset[str] | None:
    """ISO 639-1 codes of the languages a text may be in; None where it holds no letters."""
    return _possible(text[:_READ])


@functools.lru_cache(maxsize=64)
def _possible(text: str) -> frozenset[str] | None:
    """The same text is looked at for each model of a listing."""
    letters = sum(character.isalpha() for character in text)
    if not letters:
        return None
    for pattern, codes in _SCRIPTS:
        if len(re.findall(pattern, text)) > (0 if codes == "ja" else letters / 3):
            return frozenset(codes.split())
    words = Counter(re.findall(r"\w+", text.lower()))
    hits = sorted(((sum(words[word] for word in known), code) for code, known in _HINTS.items()), reverse=True)
    (most, language), (next_most, _) = hits[:2]
    return frozenset({language}) if most >= 2 and most > 1.5 * next_most else _LATIN
