"""Words from pictures by models that do one thing: captions (BLIP, GIT, ViT-GPT2), lines of text (TrOCR), answers to
questions (BLIP, ViLT).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.media.render import Array, opencv
from compegpt.schema import Finding
from compegpt.sources.local.kinds import foreign, made_for
from compegpt.sources.local.loading import processor
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import (
    Picture,
    answered,
    built_as,
    by_architecture,
    image_processor_of,
    loader,
    meant_for,
    named,
    picture,
    placed,
    processor_of,
)

CAPTION_TOKENS, LINE_TOKENS, ANSWER_TOKENS = 60, 100, 20
MOST_LINES = 40


@dataclass(frozen=True)
class Reader:
    """What goes before and after a model that turns a picture into words."""

    image_processor: Any
    tokenizer: Any


def reader_of(checkpoint: Checkpoint) -> Reader:
    return Reader(image_processor_of(checkpoint), processor(checkpoint))


def written(loaded: Loaded, inputs: Mapping[str, Any], tokenizer: Any, tokens: int,
            **options: Any) -> tuple[str, float]:
    """What the model writes, always its likeliest words, and the geometric mean of their probabilities.

    At most `tokens` tokens; a prompt that the model repeats before its answer is cut off. `options` go to `generate`.
    """
    import torch

    ready = placed(loaded, inputs)
    with torch.inference_mode():
        output = loaded.model.generate(**ready, do_sample=False, max_new_tokens=tokens, max_length=None,
                                       output_scores=True, return_dict_in_generate=True, **options)
    text = tokenizer.decode(_new(output.sequences[0], ready.get("input_ids")), skip_special_tokens=True)
    return " ".join(text.split()) if "\n" not in text else text.strip(), _likelihood(loaded, output)


def _new(sequence: Any, prompt: Any) -> Any:
    """The tokens after the prompt, if the sequence begins with it."""
    if prompt is None or len(sequence) < prompt.shape[1] or not bool((sequence[:prompt.shape[1]] == prompt[0]).all()):
        return sequence
    return sequence[prompt.shape[1]:]


def _likelihood(loaded: Loaded, output: Any) -> float:
    scores = getattr(output, "sequences_scores", None)
    if scores is not None:  # of beams: the mean logarithm already
        return math.exp(min(float(scores[0]), 0.0))
    steps = loaded.model.compute_transition_scores(output.sequences, output.scores, normalize_logits=True)[0].float()
    finite = steps[steps.isfinite()]
    return math.exp(float(finite.mean())) if len(finite) else 0.0


def _pixels(loaded: Loaded, image: Picture) -> Mapping[str, Any]:
    return {"pixel_values": loaded.processor.image_processor(images=image, return_tensors="pt").pixel_values}


def caption(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    image, _ = picture(args["image"])
    text, sure = written(loaded, _pixels(loaded, image), loaded.processor.tokenizer, CAPTION_TOKENS)
    return Finding({"text": text}, sure, empty=not text)


def read(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """TrOCR knows single lines, so a page is cut into them first."""
    image, _ = picture(args["image"])
    rows = lines_of(image)
    found = [written(loaded, _pixels(loaded, row), loaded.processor.tokenizer, LINE_TOKENS)
             for row in rows[:MOST_LINES]]
    kept = [(text, sure) for text, sure in found if text]
    if not kept:
        return Finding({"text": ""}, empty=True)
    note = f"only the first {MOST_LINES} of {len(rows)} lines were read" if len(rows) > MOST_LINES else None
    return Finding({"text": "\n".join(text for text, _ in kept)}, sum(sure for _, sure in kept) / len(kept), note=note)


def lines_of(image: Picture) -> list[Picture]:
    """The rows of text of a page, cut where rows of pixels hold no ink; none if blank."""
    import numpy as np

    cv2 = opencv()
    plane = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    if int(plane.max()) - int(plane.min()) < 40:
        return []
    _, ink = cv2.threshold(plane, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ink = ink if ink.mean() < 0.5 else 1 - ink
    runs = _runs(ink.sum(axis=1) > 0)
    tall = [run for run in runs if run[1] - run[0] >= 0.4 * max(end - start for start, end in runs)]
    if len(tall) < 2:
        return [image]
    return [image.crop((0, max(start - 4, 0), image.width, min(end + 4, image.height))) for start, end in tall]


def _runs(filled: Array) -> list[tuple[int, int]]:
    """Where a row of truth values is true, as (start, end)."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], filled.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def answer(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """By a model that writes its answer."""
    image, _ = picture(args["image"])
    inputs = loaded.processor(images=image, text=args["text"], truncation=True, return_tensors="pt")
    text, sure = written(loaded, inputs, loaded.processor.tokenizer, ANSWER_TOKENS)
    return Finding({"text": text}, sure, empty=not text)


def choose(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """By a model that chooses among the answers it was trained on."""
    image, _ = picture(args["image"])
    inputs = loaded.processor(images=image, text=args["text"], truncation=True, return_tensors="pt")
    score, index = answered(loaded, inputs).logits[0].sigmoid().max(0)
    return Finding({"text": named(loaded, int(index))}, float(score))


def part(checkpoint: Checkpoint, half: str) -> str:
    """The model type of the `encoder` or `decoder` of a VisionEncoderDecoderModel."""
    return str((checkpoint.config.get(half) or {}).get("model_type", ""))


def _captions(checkpoint: Checkpoint) -> bool:
    described = built_as(checkpoint, "VisionEncoderDecoderModel") and not (
        part(checkpoint, "decoder") == "trocr" or part(checkpoint, "encoder") == "donut-swin")
    return meant_for(checkpoint, "image-to-text") and (
        described or built_as(checkpoint, "BlipForConditionalGeneration", "GitForCausalLM"))


def _reads_lines(checkpoint: Checkpoint) -> bool:
    return (meant_for(checkpoint, "ocr") and built_as(checkpoint, "VisionEncoderDecoderModel")
            and part(checkpoint, "decoder") == "trocr")


_VQA = "visual-question-answering"
load_reader = loader("AutoModelForImageTextToText", reader_of)
load_answerer = loader("AutoModelForVisualQuestionAnswering", processor_of)

RUNNERS: tuple[Runner, ...] = (
    Runner("image-to-text", _captions, load_reader, caption, made_for("image-to-text", text=None)),
    Runner("ocr", _reads_lines, load_reader, read, partial(foreign, text=None)),
    Runner(_VQA, by_architecture(_VQA, "BlipForQuestionAnswering"), load_answerer, answer, foreign),
    Runner(_VQA, by_architecture(_VQA, "ViltForQuestionAnswering"), load_answerer, choose, foreign),
)
