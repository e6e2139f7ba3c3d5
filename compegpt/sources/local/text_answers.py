"""Answers to questions, as stretches of a text; long texts are read through a window that moves."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Loaded, Runner

Args = Mapping[str, Any]
LONGEST = 30
"""Tokens of an answer."""
_OVERLAP = 128
_WINDOW = 384
"""Tokens; what the models were trained on."""
_BATCH = 8


def answered(loaded: Loaded, args: Args, store: Store) -> Finding:
    """The likeliest stretch of the context; the confidence is its start's times its end's probability in its window."""
    import torch

    window = min(_WINDOW, text_reading.most_tokens(loaded))
    question, context = _short(loaded, args["question"], window // 2), args["context"]
    inputs = loaded.processor(
        question, context, return_tensors="pt", truncation="only_second", max_length=window, padding=True,
        stride=min(_OVERLAP, window // 4), return_overflowing_tokens=True, return_offsets_mapping=True)
    places = inputs.pop("offset_mapping").tolist()
    inputs.pop("overflow_to_sample_mapping")
    readable = torch.tensor([[part == 1 for part in inputs.sequence_ids(row)] for row in range(len(places))])
    best = (-1.0, 0, 0)
    for start in range(0, len(places), _BATCH):
        rows = slice(start, start + _BATCH)
        output = loaded.model(**{name: values[rows].to(loaded.device) for name, values in inputs.items()})
        for row, scores in enumerate(_scores(output, readable[rows])):
            first, last = divmod(int(scores.argmax()), scores.shape[1])
            found = (float(scores[first, last]), places[start + row][first][0], places[start + row][last][1])
            best = max(best, found, key=lambda candidate: candidate[0])
    score, begin, end = best
    text = context[begin:end].strip()
    return Finding({"text": text}, score if text else None, empty=not text)


def _scores(output: Any, readable: Any) -> Any:
    """Of each window, start's times end's probability: (rows, tokens, tokens), zero where the end is not in reach."""
    hidden = ~readable
    starts = output.start_logits.float().cpu().masked_fill(hidden, -1e9).softmax(-1)
    ends = output.end_logits.float().cpu().masked_fill(hidden, -1e9).softmax(-1)
    return (starts[:, :, None] * ends[:, None, :]).triu().tril(LONGEST - 1)


def _short(loaded: Loaded, question: str, limit: int) -> str:
    """The question, or as much of its beginning as leaves room for the text."""
    return question[slice(*text_reading.pieces(loaded, question, limit)[0])] if question.strip() else question


RUNNERS: tuple[Runner, ...] = (
    Runner("question-answering", kinds.is_a("ForQuestionAnswering"),
           functools.partial(with_tokenizer, "AutoModelForQuestionAnswering"), answered,
           lambda checkpoint, args: kinds.foreign(checkpoint, args, "context")),
)
