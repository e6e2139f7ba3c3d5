"""Tiny random models of text: a BERT with any head, encoder-decoders, a GPT-2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.sources.local.runner import Checkpoint
from tests.sources.local import tiny


def encoder(folder: Path, head: str, card: str = "", name: str = "tiny/model", tasks: tuple[str, ...] = (),
            labels: list[str] | None = None, **config: Any) -> Checkpoint:
    """A tiny BERT with this head ("ForMaskedLM")."""
    import transformers

    words = tiny.tokenizer()
    if labels:
        config |= {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}
    with tiny.seeded():
        model = getattr(transformers, f"Bert{head}")(transformers.BertConfig(**tiny.bert_sizes(words, **config)))
        for weights in model.parameters():
            weights.data *= 4  # so that its answers differ
    return tiny.saved(folder / "model", model, words, card=card, name=name, tasks=tasks)


def reference(checkpoint: Checkpoint, auto: str) -> tuple[Any, Any]:
    """The model and tokenizer as the library loads them."""
    import transformers

    return (getattr(transformers, auto).from_pretrained(checkpoint.folder).eval(),
            transformers.AutoTokenizer.from_pretrained(checkpoint.folder))


def seq2seq(folder: Path, kind: str, name: str = "tiny/model", extra: tuple[str, ...] = ()) -> Checkpoint:
    """A tiny encoder-decoder: `Bart`, `Marian`, `M2M100`, `T5`."""
    import transformers

    words = tiny.tokenizer("t5", extra)
    classes = {"Bart": ("BartForConditionalGeneration", "BartConfig"), "Marian": ("MarianMTModel", "MarianConfig"),
               "M2M100": ("M2M100ForConditionalGeneration", "M2M100Config"),
               "T5": ("T5ForConditionalGeneration", "T5Config")}[kind]
    sizes = ({"vocab_size": len(words), "d_model": tiny.SIZE, "d_kv": 16, "d_ff": tiny.SIZE, "num_layers": 1,
              "num_heads": 2, "decoder_start_token_id": 0, "eos_token_id": words.eos_token_id}
             if kind == "T5" else tiny.seq2seq_sizes(words))
    with tiny.seeded():
        model = getattr(transformers, classes[0])(getattr(transformers, classes[1])(**sizes))
        for weights in model.parameters():
            weights.data *= 2
    model.generation_config.max_new_tokens = 8
    return tiny.saved(folder / "model", model, words, name=name)


def causal(folder: Path, template: str | None = None, **fields: Any) -> Checkpoint:
    import transformers

    words = tiny.tokenizer("gpt", longest=256)
    words.chat_template = template
    config = transformers.GPT2Config(vocab_size=len(words), n_positions=256, n_embd=tiny.SIZE, n_layer=1, n_head=2,
                                     bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id, pad_token_id=0)
    with tiny.seeded():
        model = transformers.GPT2LMHeadModel(config)
    model.generation_config.max_new_tokens = 8
    return tiny.saved(folder / "model", model, words, **fields)
