"""Texts from texts by encoder-decoders: summaries, rewriting as told."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.sentences import spans
from compegpt.sources.hub import outputs
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.kinds import Refuses
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner

Args = Mapping[str, Any]
SEQ2SEQ = ("bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "encoder-decoder", "led", "longt5", "mbart",
           "mt5", "mvp", "pegasus", "pegasus_x", "plbart", "prophetnet", "switch_transformers", "t5", "t5gemma", "umt5")
"""Values of `model_type` whose models turn text into text."""
NEW_TOKENS = 150
"""The most that is written where a model does not say."""
_HANDED_ON = ("min_length", "max_length", "num_beams", "length_penalty", "early_stopping", "no_repeat_ngram_size")
LOAD = functools.partial(with_tokenizer, "AutoModelForSeq2SeqLM")


def summarized(loaded: Loaded, args: Args, store: Store) -> Finding:
    """A summary by the model's own settings for it, never longer than the text; of at most `sentences` if asked."""
    told = (getattr(loaded.model.config, "task_specific_params", None) or {}).get("summarization", {})
    prefix = told.get("prefix", "summarize: " if loaded.model.config.model_type == "t5" else "")
    inputs, note = text_reading.read(loaded, prefix + args["text"])
    size = inputs["input_ids"].shape[1]
    options = {name: told[name] for name in _HANDED_ON if name in told} or limits(loaded)
    for least in ("min_length", "min_new_tokens"):
        given = options.get(least) or getattr(loaded.model.generation_config, least, None)
        if given and given > size // 2:
            options[least] = size // 2
    text = written(loaded, inputs, **options)
    finding = outputs.text(_first(text, str(args.get("sentences", ""))))
    return Finding(finding.output, note=note)


def rewritten(loaded: Loaded, args: Args, store: Store) -> Finding:
    """What the model makes of the text, which is an instruction or the text itself, as it was trained."""
    inputs, note = text_reading.read(loaded, args["text"])
    finding = outputs.text(written(loaded, inputs, **limits(loaded)))
    return Finding(finding.output, note=note)


def limits(loaded: Loaded, tokens: int = NEW_TOKENS) -> dict[str, Any]:
    """How much to write: as the model's own settings say, else `tokens`."""
    own = loaded.model.generation_config
    stated = own.max_new_tokens or (own.max_length if own.max_length not in (None, 20) else None)
    return {} if stated else {"max_new_tokens": tokens}


def written(loaded: Loaded, inputs: Any, **options: Any) -> str:
    """The text that the model generates, always the same for the same inputs."""
    inputs.pop("token_type_ids", None)
    tokens = loaded.model.generate(**inputs, do_sample=False, **options)
    return str(loaded.processor.decode(tokens[0], skip_special_tokens=True)).strip()


def _first(text: str, sentences: str) -> str:
    ends = [end for _, end in spans(text)]
    wanted = int(sentences) if sentences.isdigit() else 0
    return text[: ends[wanted - 1]] if 0 < wanted < len(ends) else text


def _made_to(task: str, what: str, names: str) -> Refuses:
    """Only what says by its tags or name that it is made for this, and what its user says is."""
    def refuses(checkpoint: Checkpoint, args: Args) -> str | None:
        says = task in (*checkpoint.tags, *checkpoint.tasks, *(checkpoint.config.get("task_specific_params") or ()))
        if says or re.search(names, checkpoint.name.rpartition("/")[2].lower()):
            return kinds.foreign(checkpoint, args)
        return f"not made for {what}"

    return refuses


def _seq2seq(checkpoint: Checkpoint) -> bool:
    return kinds.is_a("ForConditionalGeneration", "EncoderDecoderModel")(checkpoint) and (
        checkpoint.config.get("model_type") in SEQ2SEQ)


RUNNERS: tuple[Runner, ...] = (
    Runner("summarization", _seq2seq, LOAD, summarized,
           _made_to("summarization", "summarizing", r"summ|cnn|xsum|samsum|pegasus|(?:^|[-_])t5-(?:small|base|large)")),
    Runner("text2text-generation", _seq2seq, LOAD, rewritten,
           _made_to("text2text-generation", "rewriting", r"flan|(?:^|[-_])t0|paraphras|grammar|rewrit|simplif|coedit")),
)
