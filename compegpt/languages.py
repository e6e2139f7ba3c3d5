"""Languages by their ISO 639-1 codes."""

from __future__ import annotations

import re

LANGUAGES: dict[str, str] = {
    "af": "Afrikaans", "am": "Amharic", "an": "Aragonese", "ar": "Arabic", "as": "Assamese", "az": "Azerbaijani",
    "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "bo": "Tibetan", "br": "Breton", "bs": "Bosnian",
    "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "dz": "Dzongkha", "el": "Greek",
    "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fo": "Faroese", "fr": "French", "fy": "West Frisian", "ga": "Irish", "gd": "Scottish Gaelic",
    "gl": "Galician", "gu": "Gujarati", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "is": "Icelandic",
    "it": "Italian", "ja": "Japanese", "jv": "Javanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer",
    "kn": "Kannada", "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish",
    "lg": "Ganda", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mg": "Malagasy", "mi": "Maori",
    "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese",
    "my": "Burmese", "nb": "Norwegian Bokmål", "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian Nynorsk",
    "no": "Norwegian", "oc": "Occitan", "or": "Odia", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto",
    "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian", "ru": "Russian", "rw": "Kinyarwanda", "sa": "Sanskrit",
    "sd": "Sindhi", "se": "Northern Sami", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sn": "Shona",
    "so": "Somali", "sq": "Albanian", "sr": "Serbian", "st": "Sotho", "su": "Sundanese", "sv": "Swedish",
    "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "tg": "Tajik", "th": "Thai", "ti": "Tigrinya", "tk": "Turkmen",
    "tl": "Tagalog", "tn": "Tswana", "tr": "Turkish", "ts": "Tsonga", "tt": "Tatar", "ug": "Uyghur",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "vo": "Volapük", "wa": "Walloon",
    "wo": "Wolof", "xh": "Xhosa", "yi": "Yiddish", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}
"""English name of each code."""

ALSO: dict[str, str] = {
    "cantonese": "zh", "castilian": "es", "farsi": "fa", "flemish": "nl", "mandarin": "zh", "slovene": "sl"}
"""Other English names, in lower case, and their codes."""

LONG: dict[str, str] = {
    "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl", "rus": "ru",
    "ukr": "uk", "pol": "pl", "ces": "cs", "slk": "sk", "bul": "bg", "ell": "el", "tur": "tr", "ara": "ar",
    "heb": "he", "zho": "zh", "jpn": "ja", "kor": "ko", "hin": "hi", "vie": "vi", "tha": "th", "ind": "id",
    "swe": "sv", "dan": "da", "nob": "nb", "nor": "no", "fin": "fi", "est": "et", "lav": "lv", "lit": "lt",
    "hun": "hu", "ron": "ro", "cat": "ca", "glg": "gl", "eus": "eu", "afr": "af", "jap": "ja",
}
"""ISO 639-3 codes, and one that people take for one."""

_BY_NAME = {name.casefold(): code for code, name in LANGUAGES.items()} | ALSO
_OWN = {"français": "fr", "deutsch": "de", "español": "es", "italiano": "it", "português": "pt", "nederlands": "nl",
        "polski": "pl", "русский": "ru", "中文": "zh", "日本語": "ja"}
"""What some languages call themselves."""


def code_of(text: str) -> str | None:
    """The ISO 639-1 code that is meant: `French`, `FR`, `fr-FR`, `fr_XX`, `fra` and `français` are fr; else None."""
    name = text.strip().casefold()
    if code := _BY_NAME.get(name) or _OWN.get(name):
        return code
    code = re.split(r"[-_]", name)[0]
    return code if code in LANGUAGES else LONG.get(code)
