"""Labels of models in our words: sentiment as positive, neutral, negative; languages as ISO 639-1 codes."""

from __future__ import annotations

import re

from compegpt.languages import ALSO, LANGUAGES
from compegpt.schema import Label

_NAMES = {"negative": "negative", "neg": "negative", "neutral": "neutral", "neu": "neutral", "positive": "positive",
          "pos": "positive", "mixed": "neutral", "bearish": "negative", "bullish": "positive", "n": "negative",
          "p": "positive", "nag": "negative", "bad": "negative", "good": "positive"}
_STRONG = re.compile(r"^(?:very|extremely|strongly|slightly|somewhat|weakly)[ _-]+")
_STARS = re.compile(r"^([1-5])(?:[ _-]*stars?)?$")
_NUMBERED = re.compile(r"^label_([0-4])$")
_OF_NUMBERS = {2: "np", 3: "nup", 5: "nnupp"}
"""What LABEL_0, LABEL_1 ... stand for among so many, in a model that says it is about sentiment."""
_WORDS = {"n": "negative", "u": "neutral", "p": "positive"}


def as_sentiment(labels: list[Label], about_sentiment: bool) -> list[Label]:
    """Positive, neutral, negative where every label surely stands for one of them; else the labels as they are.

    Numbered labels count only where the model says that it is `about_sentiment`. Labels that mean the same are added.
    """
    if not about_sentiment and all(label["label"].lower() in ("good", "bad", "n", "p") for label in labels):
        return labels
    meant = [_meaning(label["label"], len(labels), about_sentiment) for label in labels]
    return labels if None in meant else _merged(labels, meant)


def _meaning(label: str, count: int, about_sentiment: bool) -> str | None:
    name = label.strip().lower()
    if (numbered := _NUMBERED.match(name)) and about_sentiment:
        order = _OF_NUMBERS.get(count, "")
        return _WORDS[order[int(numbered[1])]] if int(numbered[1]) < len(order) else None
    if (stars := _STARS.match(name)) and (name != stars[1] or about_sentiment):
        return _WORDS["nnupp"[int(stars[1]) - 1]]
    return _NAMES.get(_STRONG.sub("", name))


def as_languages(labels: list[Label]) -> list[Label]:
    """Those that are languages, by their codes; several scripts or countries of one language are added."""
    return _merged(labels, [language(label["label"]) for label in labels])


def language(label: str) -> str | None:
    """ISO 639-1 code of "en", "eng", "English", "__label__eng_Latn", "en-US" ...; None where it is none of ours."""
    name = label.strip().lower().removeprefix("__label__").replace("_", "-")
    by_name = {english.lower(): code for code, english in LANGUAGES.items()} | ALSO
    head = name.partition("-")[0]
    code = head if head in LANGUAGES else THREE_LETTERS.get(head) or by_name.get(name) or by_name.get(head)
    return code


def _merged(labels: list[Label], meant: list[str | None]) -> list[Label]:
    scores: dict[str, float] = {}
    for label, name in zip(labels, meant, strict=True):
        if name is not None:
            scores[name] = scores.get(name, 0.0) + label["score"]
    merged: list[Label] = [{"label": name, "score": round(min(score, 1.0), 6)} for name, score in scores.items()]
    return sorted(merged, key=lambda label: -label["score"])


FLORES: dict[str, str] = {
    "af": "afr_Latn", "am": "amh_Ethi", "ar": "arb_Arab", "as": "asm_Beng", "az": "azj_Latn", "be": "bel_Cyrl",
    "bg": "bul_Cyrl", "bn": "ben_Beng", "bo": "bod_Tibt", "bs": "bos_Latn", "ca": "cat_Latn", "cs": "ces_Latn",
    "cy": "cym_Latn", "da": "dan_Latn", "de": "deu_Latn", "dz": "dzo_Tibt", "el": "ell_Grek", "en": "eng_Latn",
    "eo": "epo_Latn", "es": "spa_Latn", "et": "est_Latn", "eu": "eus_Latn", "fa": "pes_Arab", "fi": "fin_Latn",
    "fo": "fao_Latn", "fr": "fra_Latn", "ga": "gle_Latn", "gd": "gla_Latn", "gl": "glg_Latn", "gu": "guj_Gujr",
    "ha": "hau_Latn", "he": "heb_Hebr", "hi": "hin_Deva", "hr": "hrv_Latn", "ht": "hat_Latn", "hu": "hun_Latn",
    "hy": "hye_Armn", "id": "ind_Latn", "ig": "ibo_Latn", "is": "isl_Latn", "it": "ita_Latn", "ja": "jpn_Jpan",
    "jv": "jav_Latn", "ka": "kat_Geor", "kk": "kaz_Cyrl", "km": "khm_Khmr", "kn": "kan_Knda", "ko": "kor_Hang",
    "ku": "kmr_Latn", "ky": "kir_Cyrl", "lb": "ltz_Latn", "lg": "lug_Latn", "lo": "lao_Laoo", "lt": "lit_Latn",
    "lv": "lvs_Latn", "mg": "plt_Latn", "mi": "mri_Latn", "mk": "mkd_Cyrl", "ml": "mal_Mlym", "mn": "khk_Cyrl",
    "mr": "mar_Deva", "ms": "zsm_Latn", "mt": "mlt_Latn", "my": "mya_Mymr", "nb": "nob_Latn", "ne": "npi_Deva",
    "nl": "nld_Latn", "nn": "nno_Latn", "no": "nob_Latn", "oc": "oci_Latn", "or": "ory_Orya", "pa": "pan_Guru",
    "pl": "pol_Latn", "ps": "pbt_Arab", "pt": "por_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl", "rw": "kin_Latn",
    "sa": "san_Deva", "sd": "snd_Arab", "si": "sin_Sinh", "sk": "slk_Latn", "sl": "slv_Latn", "sn": "sna_Latn",
    "so": "som_Latn", "sq": "als_Latn", "sr": "srp_Cyrl", "st": "sot_Latn", "su": "sun_Latn", "sv": "swe_Latn",
    "sw": "swh_Latn", "ta": "tam_Taml", "te": "tel_Telu", "tg": "tgk_Cyrl", "th": "tha_Thai", "ti": "tir_Ethi",
    "tk": "tuk_Latn", "tl": "tgl_Latn", "tn": "tsn_Latn", "tr": "tur_Latn", "ts": "tso_Latn", "tt": "tat_Cyrl",
    "ug": "uig_Arab", "uk": "ukr_Cyrl", "ur": "urd_Arab", "uz": "uzn_Latn", "vi": "vie_Latn", "wo": "wol_Latn",
    "xh": "xho_Latn", "yi": "ydd_Hebr", "yo": "yor_Latn", "zh": "zho_Hans", "zu": "zul_Latn",
}
"""Codes of NLLB's languages (FLORES-200)."""

def _split(codes: str) -> list[str]:
    return codes.split()


MBART: dict[str, str] = {
    code.partition("_")[0]: code for code in _split(
        "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP "
        "nl_XX ro_RO ru_RU si_LK tr_TR vi_VN zh_CN af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN "
        "mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI")}
"""Codes of mBART-50's languages."""

THREE_LETTERS: dict[str, str] = {
    **{flores.partition("_")[0]: code for code, flores in FLORES.items() if code != "no"},
    "aze": "az", "ara": "ar", "ger": "de", "fre": "fr", "fas": "fa", "per": "fa", "dut": "nl", "gre": "el",
    "cze": "cs", "slo": "sk", "rum": "ro", "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh",
    "cmn": "zh", "geo": "ka", "ice": "is", "mac": "mk", "mao": "mi", "may": "ms", "msa": "ms", "tib": "bo",
    "wel": "cy", "nor": "no", "lav": "lv", "mon": "mn", "nep": "ne", "ori": "or", "pus": "ps", "sqi": "sq",
    "swa": "sw", "uzb": "uz", "yid": "yi", "est": "et", "lat": "la", "kur": "ku", "mlg": "mg", "bre": "br",
}
"""ISO 639-3 and 639-2 codes."""
