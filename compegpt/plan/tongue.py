"""Which language a request is asked in: the embedded planner reads English."""

from __future__ import annotations

import re

from compegpt.plan.languages import CODES
from compegpt.plan.mentions import TOKEN, Masked

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
_OTHERS = frozenset((
    "acest", "alsjeblieft", "apa", "auf", "avec", "baca", "beschreibe", "bestand", "bild", "bir", "bitte", "bu",
    "cette", "che", "cho", "citește", "co", "com", "como", "con", "cosa", "của", "da", "dan", "dans", "das", "datei",
    "del", "della", "dello", "dem", "den", "der", "des", "descreva", "descrivi", "det", "deze", "di", "die",
    "diesen", "dieses", "dis", "dit", "donne", "du", "décris", "dịch", "e", "een", "egy", "ein", "eine", "einen",
    "el", "en", "er", "est", "esta", "este", "et", "ett", "ez", "fais", "favor", "fichier", "fordítsd", "foto",
    "för", "für", "gli", "het", "ho", "hva", "hvad", "hvor", "ich", "il", "im", "imagen", "immagine", "ini", "ins",
    "isso", "ist", "isto", "için", "ja", "jak", "je", "jest", "kannst", "który", "kun", "käännä", "kérlek", "las",
    "le", "lee", "lees", "leggi", "leia", "les", "lies", "lire", "lis", "los", "lue", "là", "läs", "lütfen", "ma",
    "med", "mes", "met", "mi", "mikä", "mir", "mit", "moi", "mon", "na", "ne", "nedir", "nel", "nicht", "này", "não",
    "obrazie", "och", "og", "oku", "ole", "olvasd", "op", "opisz", "os", "oversett", "oversæt", "para", "per",
    "peux", "pliku", "pode", "por", "pour", "proszę", "prosím", "przeczytaj", "przetłumacz", "puede", "puedes",
    "puoi", "på", "přelož", "přečti", "qual", "quale", "que", "questa", "questo", "qui", "quiero", "quoi", "qué",
    "resim", "resuma", "resume", "riassumi", "rog", "résume", "sag", "se", "snälla", "steht", "sul", "sur", "ta",
    "te", "ten", "terjemahkan", "texte", "texto", "tolong", "traduce", "traducere", "traduci", "traduire", "traduis",
    "traduza", "tu", "tym", "tämä", "uma", "una", "und", "une", "untuk", "vad", "van", "ve", "vertaal", "vilken",
    "você", "voglio", "von", "voor", "và", "vær", "w", "wat", "welche", "welke", "wie", "wil", "yang", "z", "zeig",
    "zu", "zusammen", "är", "çevir", "és", "översätt", "übersetze", "și"))
"""Frequent words of other languages in Latin letters; they count only where there is no English word at all."""


def foreign(found: Masked) -> bool:
    """Whether a request is asked in another language than English; what it quotes and the files it names do not
    count."""
    text = " ".join(TOKEN.sub(" ", found.text)[:_READ].split())
    words = re.findall(r"[^\W\d_]+", text.lower())
    latin = sum(not re.search(r"[^\u0000-\u024f]", word) for word in words)
    if latin < len(words) / 2 or "¿" in text or "¡" in text:
        return True
    if len(words) < _ENOUGH or any(
            word in CODES or (word in _ENGLISH and word not in _SHARED) for word in words):
        return False
    return sum(word in _OTHERS for word in words) >= max(2, len(words) / 5)


TOLD = (f"This request does not seem to be in {KNOWN}, the only language that the embedded planner understands. Ask in "
        f"{KNOWN}, or set up a language model (OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own), which "
        "plans in any language it knows. The texts and files to be worked on may be in any language.")
