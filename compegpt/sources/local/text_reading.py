"""Texts to tensors: how much a model reads at once, and what to say of the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from compegpt.sources.embedded.sentences import spans
from compegpt.sources.local.runner import Loaded

_USUAL = 512
_MOST = 16_384
"""Tokens; longer contexts take more memory than a desktop has."""
_OFFSET = ("roberta", "camembert", "xlm-roberta", "xlm-roberta-xl", "xmod", "ibert", "mpnet", "longformer",
           "data2vec-text")
"""Kinds whose positions start behind the number of the padding token."""


def most_tokens(loaded: Loaded) -> int:
    """Tokens that the model reads at once, special ones included."""
    config = loaded.model.config
    positions = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if positions and config.model_type in _OFFSET:
        positions -= (config.pad_token_id or 0) + 1
    stated = loaded.processor.model_max_length
    known = [limit for limit in (positions, stated if stated < 10**6 else None) if limit and limit > 0]
    return int(min([*known, _MOST])) if known else _USUAL


def count(loaded: Loaded, *texts: str) -> int:
    """Tokens of a text, or of a pair, special ones included."""
    return len(loaded.processor(*texts)["input_ids"])


def read(loaded: Loaded, text: str, *, limit: int | None = None) -> tuple[Any, str | None]:
    """Tensors of a text on the model's device, and a note where only its beginning was taken."""
    limit = limit or most_tokens(loaded)
    inputs = loaded.processor(text, return_tensors="pt", truncation=True, max_length=limit).to(loaded.device)
    return inputs, cut_note(count(loaded, text), limit)


def cut_note(tokens: int, limit: int) -> str | None:
    """What to tell the reader of a text that was too long."""
    share = max(1, math.floor(100 * limit / max(tokens, 1)))
    return f"only about the first {share} % of the text was read" if tokens > limit else None


def pieces(loaded: Loaded, text: str, limit: int) -> list[tuple[int, int]]:
    """Start and end of stretches of at most `limit` tokens that cover the text; cut at sentences, else at blanks."""
    found: list[tuple[int, int]] = []
    size, start = limit, 0
    for end in sorted({*(end for _, end in spans(text)), len(text)}):
        for part in halved(loaded, text, start, end, limit):
            tokens = count(loaded, text[slice(*part)])
            if size + tokens <= limit:
                found[-1], size = (found[-1][0], part[1]), size + tokens
            else:
                found, size = [*found, part], tokens
        start = end
    return [part for part in found if text[slice(*part)].strip()]


def halved(loaded: Loaded, text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """The stretch in parts of at most `limit` tokens, cut at blanks."""
    if end - start < 2 or count(loaded, text[start:end]) <= limit:
        yield start, end
        return
    middle = (start + end) // 2
    blank = text.rfind(" ", start + 1, middle)
    cut = blank if blank > 0 else middle
    yield from halved(loaded, text, start, cut, limit)
    yield from halved(loaded, text, cut, end, limit)
