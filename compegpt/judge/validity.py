"""Whether an output looks sound for its task: a row per task type in CHECKS; [0, 1], None where it cannot tell.

A check looks at the output and the task's arguments only, never at other candidates, and is lenient: names, codes and
amounts are valid text, and a short answer is not a worse one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from compegpt.judge.perception import image_size, listen_to, look_at
from compegpt.schema import Output

Args = Mapping[str, Any]
Check = Callable[[Output, Args], float | None]

CHARACTERS_PER_SECOND = (5.0, 30.0)
"""Speech slower or faster than this did not say its text (people read 12 to 18 aloud)."""
READ = 5_000
"""So many characters of a text are looked at."""

_EDGES = ".,;:!?\"'()[]„“”‘’«»…-–"
_NUMBER = re.compile(r"[$€£+#(]?\d[\d.,:/%()\-–]*[%€$)]?")
_CODE = re.compile(r"[A-Z0-9]+(?:[-/.:&_][A-Z0-9]+)*")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.&/][^\W\d_]+)*")
_CASED = re.compile(r"(?:Mc|Mac|O'|De|Di|La|Le|Van|Von)?(?:[A-Z]?[a-z'’]+|[A-Z]+)"
                    r"(?:[-'’.&/][A-Z]?[a-z]*|[-'’.&/][A-Z]+)*")
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœ")


def words_look_right(text: str) -> float | None:
    """Share of characters in tokens that look like words, names, numbers, codes or addresses; None without text."""
    tokens = text[:READ].split()
    if not tokens:
        return None
    return sum(len(token) * _looks_right(token) for token in tokens) / sum(len(token) for token in tokens)


def _looks_right(token: str) -> float:
    core = token.strip(_EDGES)
    if not core:
        return 1.0 if token in ("-", "–", "...", "…") else 0.3
    if core in ("&", "+", "=", "%", "/") or any(form.fullmatch(core) for form in (_NUMBER, _ADDRESS, _CODE)):
        return 1.0
    if not _WORD.fullmatch(core):
        return 0.3
    if not core.isascii() and not any(letter in _VOWELS for letter in core.lower()):
        return 1.0  # another script has other rules
    if core.isascii() and not _CASED.fullmatch(core):
        return 0.4
    if len(core) > 3 and not any(letter in _VOWELS for letter in core.lower()):
        return 0.5
    return 0.8 if len(core) == 1 and core not in "aAIi" else 1.0


def one_script(text: str) -> float | None:
    """Share of the letters that are of the commonest script: readers that fail mix scripts. None without letters."""
    counts: dict[str, int] = {}
    for letter, count in Counter(text[:READ]).items():
        if letter.isalpha():
            script = next((name for name, low, high in _SCRIPTS if low <= ord(letter) <= high), "other")
            counts[script] = counts.get(script, 0) + count
    return max(counts.values()) / sum(counts.values()) if counts else None


_SCRIPTS = (("latin", 0x41, 0x24F), ("greek", 0x370, 0x3FF), ("cyrillic", 0x400, 0x52F), ("hebrew", 0x590, 0x5FF),
            ("arabic", 0x600, 0x6FF), ("east asian", 0x3040, 0x9FFF), ("korean", 0xAC00, 0xD7AF),
            ("latin", 0x1E00, 0x1EFF), ("indic", 0x900, 0xDFF), ("thai", 0xE00, 0xE7F))
_SCRIPT_OF = {"ru": "cyrillic", "uk": "cyrillic", "bg": "cyrillic", "sr": "cyrillic", "el": "greek", "he": "hebrew",
              "ar": "arabic", "fa": "arabic", "zh": "east asian", "ja": "east asian", "ko": "korean", "hi": "indic",
              "th": "thai"}


def _reading(output: Output, args: Args) -> float | None:
    text = output.get("text", "")
    right, script = words_look_right(text), one_script(text)
    return right if right is None or script is None else right * script


def not_repeated(text: str) -> float:
    """Share of different ones among all runs of three words; a model that is stuck says the same over and over."""
    words = text[:READ].casefold().split()
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(runs)) / len(runs) if runs else 1.0


def _said(output: Output, args: Args) -> float | None:
    return not_repeated(output.get("text", "")) if output.get("text") else None


def _summary(output: Output, args: Args) -> float | None:
    """1 for a text shorter than its source and free of repetition; falls as it grows to the source's length."""
    source, summary = str(args.get("text", "")), output.get("text", "")
    if not source or not summary:
        return None
    share = len(summary) / len(source)
    return not_repeated(summary) * (1.0 if share <= 0.7 else max(0.0, 1 - (share - 0.7) / 0.6))


def _translation(output: Output, args: Args) -> float | None:
    """Low where words were left as they were, or where the letters are not of the target language's script."""
    source = set(re.findall(r"[^\W\d_]{3,}", str(args.get("text", "")).casefold()))
    given = re.findall(r"[^\W\d_]{3,}", output.get("text", "").casefold())
    if not source or not given:
        return None
    kept = sum(word in source for word in given) / len(given)
    expected = _SCRIPT_OF.get(str(args.get("target", ""))[:2], "latin")
    letters = [letter for letter in output.get("text", "")[:READ] if letter.isalpha()]
    ranges = [(low, high) for name, low, high in _SCRIPTS if name == expected]
    fitting = sum(any(low <= ord(letter) <= high for low, high in ranges) for letter in letters) / len(letters)
    return not_repeated(output.get("text", "")) * (1 - 0.8 * kept) * fitting


def _answer(output: Output, args: Args) -> float | None:
    """Share of the answer's words that its context has: an answer from a text is in the text."""
    words = re.findall(r"\w+", output.get("text", "").casefold())
    context = set(re.findall(r"\w+", str(args.get("context", "")).casefold()))
    return sum(word in context for word in words) / len(words) if words and context else None


def _offered(output: Output, args: Args) -> float | None:
    """1 where every label is one that was offered, 0 where the first is not."""
    offered = {str(label).casefold() for label in args.get("labels", ())}
    given = [str(item["label"]).casefold() for item in (*output.get("labels", ()), *output.get("boxes", ()))]
    if not offered or not given:
        return None
    return sum(label in offered for label in given) / len(given) if given[0] in offered else 0.0


def _of_form(pattern: str) -> Check:
    def check(output: Output, args: Args) -> float | None:
        labels = output.get("labels", [])
        return float(re.fullmatch(pattern, str(labels[0]["label"])) is not None) if labels else None

    return check


def _inside(output: Output, args: Args) -> float | None:
    """Share of the boxes that have a surface and lie in the picture (2 pixels of grace)."""
    boxes = [item["box"] for item in output.get("boxes", [])]
    size = image_size(str(args.get("image", ""))) if boxes else None
    if size is None:
        return None
    edge = max(size) + 2.0  # a picture that is turned by its EXIF data has its sides exchanged
    return sum(-2 <= x0 < x1 <= edge and -2 <= y0 < y1 <= edge for x0, y0, x1, y1 in boxes) / len(boxes)


_CHECKED = {"EAN_13": 13, "EAN_8": 8, "UPC_A": 12, "ITF_14": 14}
"""Digits of the symbologies whose last digit is a checksum of GS1 (weights 3 and 1 from the right)."""


def _decoded(output: Output, args: Args) -> float | None:
    """`_inside`, and for the share of the codes whose number fails the checksum of its kind nothing."""
    inside = _inside(output, args)
    codes = [(_CHECKED[label], str(item.get("text", "")))
             for item in output.get("boxes", []) if (label := item["label"]) in _CHECKED and "text" in item]
    sound = sum(len(text) == digits and checksum_holds(text) for digits, text in codes)
    return inside * (1 - (len(codes) - sound) / len(output["boxes"])) if inside is not None and codes else inside


def checksum_holds(digits: str) -> bool:
    """Whether the last digit is what GS1 has it be for those before."""
    if not digits.isascii() or not digits.isdigit():
        return False
    return sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits))) % 10 == 0


def _from_text(output: Output, args: Args) -> float | None:
    """Share of the items whose text stands in the source text."""
    source = " ".join(str(args.get("text", "")).casefold().split())
    texts = [" ".join(str(item["text"]).casefold().split()) for item in output.get("data", []) if "text" in item]
    return sum(text in source for text in texts) / len(texts) if texts and source else None


def _not_blank(output: Output, args: Args) -> float | None:
    """0 for a picture or video that cannot be read or shows one colour only."""
    look = look_at(output.get("image") or output.get("video") or "")
    return 0.0 if look is None else float(look.light.max() - look.light.min() > 0.01)


def _larger(output: Output, args: Args) -> float | None:
    """0 for a picture that is not larger; less for one that clipped light or dark parts that were not."""
    before, after = image_size(str(args.get("image", ""))), image_size(output.get("image", ""))
    if before is None or after is None:
        return _not_blank(output, args)
    larger = after[0] * after[1] > before[0] * before[1]
    return (_not_blank(output, args) or 0.0) * _unclipped(output, args) if larger else 0.0


def _unclipped(output: Output, args: Args) -> float:
    """1 less the share of the picture that is black or white and was neither before."""
    before, after = look_at(str(args.get("image", ""))), look_at(output.get("image", ""))
    if before is None or after is None:
        return 1.0
    lost = [float(((look.light <= 0.004) | (look.light >= 0.996)).mean()) for look in (before, after)]
    return 1 - max(0.0, lost[1] - lost[0])


def _audible(output: Output, args: Args) -> float | None:
    """0 for a recording that cannot be read or is silent."""
    heard = listen_to(output.get("audio", ""))
    return 0.0 if heard is None else min(1.0, heard.loudness / 0.003)


def _spoken(output: Output, args: Args) -> float | None:
    """Audible, and as long as its text takes to say."""
    heard, characters = listen_to(output.get("audio", "")), len(str(args.get("text", "")))
    if heard is None:
        return 0.0
    slow, fast = CHARACTERS_PER_SECOND
    pace = characters / max(heard.seconds - 0.3, 0.1)  # engines put some silence around
    fits = min(1.0, pace / slow, fast / max(pace, 1e-6)) if characters > 20 else 1.0
    return min(1.0, heard.loudness / 0.003) * fits


CHECKS: dict[str, Check] = {
    "ocr": _reading, "automatic-speech-recognition": _said, "summarization": _summary, "translation": _translation,
    "question-answering": _answer, "text-generation": _said, "text2text-generation": _said, "conversational": _said,
    "image-to-text": _said, "zero-shot-classification": _offered, "zero-shot-image-classification": _offered,
    "zero-shot-object-detection": _offered, "language-identification": _of_form(r"[a-z]{2}"),
    "text-classification": _of_form(r"positive|neutral|negative"), "object-detection": _inside,
    "face-detection": _inside, "barcode-detection": _decoded, "keyword-extraction": _from_text,
    "token-classification": _from_text, "image-upscaling": _larger, "text-to-speech": _spoken,
}
BY_OUTPUT: dict[str, Check] = {"image": _not_blank, "video": _not_blank, "audio": _audible}
"""For task types without a row of their own, by output kind."""


def validity(task: str, kind: str, output: Output, args: Args) -> float | None:
    """How sound the output looks for its task type (kind: `tasks.TaskType.output`)."""
    check = CHECKS.get(task) or BY_OUTPUT.get(kind)
    return check(output, args) if check else None
