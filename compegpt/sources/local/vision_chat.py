"""Vision-language models that chat (Qwen-VL, SmolVLM, LLaVA, Gemma 3, InternVL ...): captions, text, answers.

The request is put into the model's own chat template, one picture and one instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compegpt.errors import ExpertGone
from compegpt.llm.thoughts import answer_of
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local.kinds import made_for
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.vision_models import built_as, meant_for, model_of, picture, processor_of
from compegpt.sources.local.vision_prompted import PROMPTS
from compegpt.sources.local.vision_words import written

LONGEST = 1024
"""Longest side a model sees: each 28 x 28 pixels may cost it a token."""
NOTHING = "NONE"
INSTRUCTIONS: Mapping[str, tuple[str, int]] = {
    "image-to-text": ("Describe this picture in one or two sentences.", 120),
    "ocr": ("Write down all text in this picture exactly as it stands, line by line, and nothing else. "
            f"If there is no text, write {NOTHING}.", 800),
    "visual-question-answering": ("{text}\nAnswer in a few words.", 120),
    "document-question-answering": ("{text}\nAnswer with the words of the document, as briefly as possible.", 120),
}
"""What a model is told for a task, and the tokens it may write."""

_SINGLE_PURPOSE = (*PROMPTS, "BlipForConditionalGeneration", "InstructBlipForConditionalGeneration",
                   "InstructBlipVideoForConditionalGeneration", "Pix2StructForConditionalGeneration",
                   "UdopForConditionalGeneration", "Kosmos2ForConditionalGeneration",
                   "Kosmos2_5ForConditionalGeneration", "PI0ForConditionalGeneration",
                   "PPFormulaNetForConditionalGeneration", "VideoLlavaForConditionalGeneration")
"""Models with a picture's encoder that take no chat."""


def chats(checkpoint: Checkpoint) -> bool:
    return ("vision_config" in checkpoint.config and built_as(checkpoint, "ForConditionalGeneration")
            and not built_as(checkpoint, *_SINGLE_PURPOSE))


def load_chat(checkpoint: Checkpoint, device: str) -> Loaded:
    """Raises ExpertGone where the model has no chat template."""
    processor = processor_of(checkpoint)
    if not getattr(processor, "chat_template", None):
        raise ExpertGone(f"{checkpoint.name} has no chat template, so it cannot be told what to do; "
                         "choose its instruction-tuned version.")
    return Loaded(model_of("AutoModelForImageTextToText", checkpoint, device), processor, device, checkpoint)


def _told(task: str) -> Callable[[Loaded, Mapping[str, Any], Store], Finding]:
    def run(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
        template, tokens = INSTRUCTIONS[task]
        image, _ = picture(args["image"], LONGEST)
        said = template.replace("{text}", str(args.get("text", "")))
        messages = [{"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": said}]}]
        inputs = loaded.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=True,
                                                      return_dict=True, return_tensors="pt")
        text, sure = written(loaded, inputs, loaded.processor.tokenizer, tokens)
        text = cleaned(text, task)
        return Finding({"text": text}, sure, empty=not text)

    return run


def cleaned(text: str, task: str) -> str:
    """The answer without the thoughts before it; "" where a page is said to hold no text."""
    text = answer_of(text)
    return "" if task == "ocr" and text.strip(" .").upper() == NOTHING else text


def _runner(task: str) -> Runner:
    return Runner(task, lambda checkpoint: meant_for(checkpoint, task) and chats(checkpoint), load_chat, _told(task),
                  made_for(task, text=None) if task == "image-to-text" else None)


RUNNERS: tuple[Runner, ...] = tuple(_runner(task) for task in INSTRUCTIONS)
