"""Vision-language models that obey a few fixed prompts and take no chat: Florence-2, PaliGemma, BLIP-2, GOT-OCR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.vision_models import by_architecture, loader, picture, processor_of
from compegpt.sources.local.vision_words import ANSWER_TOKENS, written

_CAPTION, _OCR, _VQA = "image-to-text", "ocr", "visual-question-answering"
PAGE_TOKENS = 1000
PROMPTS: Mapping[str, Mapping[str, tuple[str | None, int]]] = {
    "Florence2ForConditionalGeneration": {_CAPTION: ("<DETAILED_CAPTION>", 120), _OCR: ("<OCR>", PAGE_TOKENS)},
    "PaliGemmaForConditionalGeneration": {_CAPTION: ("<image>caption en", 120), _OCR: ("<image>ocr", PAGE_TOKENS),
                                          _VQA: ("<image>answer en {text}", ANSWER_TOKENS)},
    "Blip2ForConditionalGeneration": {_CAPTION: ("", 60), _VQA: ("Question: {text} Answer:", ANSWER_TOKENS)},
    "GotOcr2ForConditionalGeneration": {_OCR: (None, PAGE_TOKENS)},
}
"""Prompt and most tokens by architecture and task; None where the processor writes the prompt itself."""
_TURN_ENDS = "<|im_end|>"


def _told(prompt: str | None, tokens: int) -> Callable[[Loaded, Mapping[str, Any], Store], Finding]:
    def run(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
        image, _ = picture(args["image"])
        said = {} if prompt is None else {"text": prompt.replace("{text}", str(args.get("text", "")))}
        inputs = loaded.processor(images=image, **said, return_tensors="pt")
        text, sure = written(loaded, inputs, loaded.processor.tokenizer, tokens, **_ending(loaded, prompt))
        return Finding({"text": text}, sure, empty=not text)

    return run


def _ending(loaded: Loaded, prompt: str | None) -> dict[str, Any]:
    """A prompt in the form of a chat is answered up to the end of the turn, whatever the generation settings say."""
    return {} if prompt is not None else {"eos_token_id": loaded.processor.tokenizer.convert_tokens_to_ids(_TURN_ENDS)}


load_prompted = loader("AutoModelForImageTextToText", processor_of)

RUNNERS: tuple[Runner, ...] = tuple(
    Runner(task, by_architecture(task, architecture), load_prompted, _told(prompt, tokens))
    for architecture, prompts in PROMPTS.items() for task, (prompt, tokens) in prompts.items())
