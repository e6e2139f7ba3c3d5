"""Texts by language models that go on where a text ends, or answer as in a conversation."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from compegpt.llm.thoughts import answer_of
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub import outputs
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner

Args = Mapping[str, Any]
NEW_TOKENS = 256
"""The most that is written where a model does not say."""
MOST_NEW_TOKENS = 1024
_SHARE = 0.75
"""Of the tokens a model reads at once, the most that the request may take."""
_LOAD = functools.partial(with_tokenizer, "AutoModelForCausalLM")


def answered(loaded: Loaded, args: Args, store: Store) -> Finding:
    """What the model answers to the text; one without a chat template goes on where the text ends."""
    room = int(_SHARE * text_reading.most_tokens(loaded))
    text, tokens = args["text"], text_reading.count(loaded, args["text"])
    if tokens > room:
        text = text[slice(*text_reading.pieces(loaded, text, room)[0])]
    inputs = _prompt(loaded, text)
    start = inputs["input_ids"].shape[1]
    own = loaded.model.generation_config.max_new_tokens or NEW_TOKENS
    most = max(min(own, MOST_NEW_TOKENS, text_reading.most_tokens(loaded) - start), 1)
    made = loaded.model.generate(**inputs, do_sample=False, max_new_tokens=most)[0]
    said = answer_of(str(loaded.processor.decode(made[start:], skip_special_tokens=True)))
    notes = [text_reading.cut_note(tokens, room), None if _ended(loaded, made) else
             f"it was stopped after {len(made) - start} tokens"]
    return Finding(outputs.text(said).output, note="; ".join(filter(None, notes)) or None)


def _prompt(loaded: Loaded, text: str) -> Any:
    words = loaded.processor
    if not words.chat_template:
        return words(text, return_tensors="pt", return_token_type_ids=False).to(loaded.device)
    return words.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True,
                                     enable_thinking=False, return_tensors="pt", return_dict=True).to(loaded.device)


def _ended(loaded: Loaded, made: Any) -> bool:
    ends = loaded.model.generation_config.eos_token_id
    return int(made[-1]) in (ends if isinstance(ends, list) else [ends])


def converses(checkpoint: Checkpoint) -> bool:
    """Whether its tokenizer knows how a conversation is written."""
    if kinds.holds("chat_template.jinja", "chat_template.json")(checkpoint):
        return True
    told = checkpoint.folder / "tokenizer_config.json" if checkpoint.folder else None
    try:
        return bool(told and told.is_file() and json.loads(told.read_bytes()).get("chat_template"))
    except (ValueError, AttributeError):
        return False


_causal = kinds.is_a("ForCausalLM", "LMHeadModel")

RUNNERS: tuple[Runner, ...] = (
    Runner("text-generation", _causal, _LOAD, answered, kinds.foreign),
    Runner("conversational", kinds.both(_causal, converses), _LOAD, answered, kinds.foreign),
)
