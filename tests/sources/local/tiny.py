"""Makers of tiny random checkpoints: a config, weights of a fixed seed, a real tokenizer; saved as a user has them.

`saved(folder, model, *processors)` is all another maker needs: build the model inside `seeded()`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.local.runner import Checkpoint
from compegpt.sources.local.source import Local
from tests.fakes import settings

_TEXT = """
the a an of in on is are was were has have it this that what who where when which and or not very much for to
with from by at as he she they we you i my your good bad great awful film food house tree river city capital
france paris berlin germany london england red blue green big small old new quick brown fox jumps over lazy
dog cat john mary smith works at acme company model models answer question text summary summarize translate
english german french : , . ? ! ' - one two three four five six seven eight nine ten user assistant system
bonjour hallo hello world le la les est un une der die das ist ein eine sport politics science
"""
WORDS = tuple(_TEXT.split())
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>"]
SIZE = 32
"""Width of all tiny models."""


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Weights built inside are the same every time, and the caller's generator is as it was before."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def tokenizer(kind: str = "bert", extra: Sequence[str] = (), longest: int = 64) -> Any:
    """A word-level tokenizer with offsets. `bert`: [CLS] a [SEP] b [SEP]; `t5`: a </s>; `gpt`: a alone."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocab = {word: number for number, word in enumerate(dict.fromkeys([*SPECIAL, *extra, *WORDS]))}
    inner = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.decoder = decoders.WordPiece()
    template = {"bert": ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"), "t5": ("$A </s>", "$A </s> $B </s>")}
    if kind in template:
        single, pair = template[kind]
        inner.post_processor = processors.TemplateProcessing(
            single=single, pair=pair, special_tokens=[(name, vocab[name]) for name in ("[CLS]", "[SEP]", "</s>")])
    names = {"bert": {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"},
             "t5": {"eos_token": "</s>", "bos_token": "<s>"}, "gpt": {"eos_token": "</s>", "bos_token": "<s>"}}[kind]
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="[UNK]", pad_token="[PAD]",
                                   extra_special_tokens=list(extra), model_max_length=longest, **names)


def bert_sizes(words: Any, **rest: Any) -> dict[str, Any]:
    """Settings of a tiny encoder of the BERT kind for this tokenizer."""
    return {"vocab_size": len(words), "hidden_size": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2,
            "intermediate_size": 2 * SIZE, "max_position_embeddings": 64, "pad_token_id": words.pad_token_id, **rest}


def seq2seq_sizes(words: Any, **rest: Any) -> dict[str, Any]:
    """Settings of a tiny BART, Marian or M2M-100 for this tokenizer."""
    return {"vocab_size": len(words), "d_model": SIZE, "encoder_layers": 1, "decoder_layers": 1,
            "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": SIZE,
            "decoder_ffn_dim": SIZE, "max_position_embeddings": 64, "pad_token_id": 0,
            "eos_token_id": words.eos_token_id, "bos_token_id": words.convert_tokens_to_ids("<s>"),
            "decoder_start_token_id": 0,
            "forced_eos_token_id": words.eos_token_id, **rest}


def saved(folder: Path, model: Any, *processors: Any, name: str = "tiny/model", card: str = "",
          **fields: Any) -> Checkpoint:
    """Save all as safetensors and give the checkpoint as discovery would; `card` is the front matter of its README."""
    model.save_pretrained(folder)
    for processor in processors:
        processor.save_pretrained(folder)
    if card:
        (folder / "README.md").write_text(f"---\n{card.strip()}\n---\n# A tiny model\n")
    return described(folder, name, **fields)


def described(folder: Path, name: str = "tiny/model", **fields: Any) -> Checkpoint:
    """A checkpoint with its config as the files say."""
    file = next(file for file in (folder / "config.json", folder / "model_index.json") if file.exists())
    config = json.loads(file.read_text())
    architectures = tuple(config.get("architectures") or [config["_class_name"]])
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    return Checkpoint(**{"name": name, "folder": folder, "architectures": architectures, "config": config,
                         "bytes": size, **fields})


def in_hub_cache(cache: Path, name: str, made: Path, commit: str = "1" * 40) -> Path:
    """Put a saved folder where `hf download` would, `models--org--name/snapshots/COMMIT` with its ref; the snapshot."""
    repo = cache / f"models--{name.replace('/', '--')}"
    snapshot = repo / "snapshots" / commit
    snapshot.parent.mkdir(parents=True, exist_ok=True)
    made.rename(snapshot)
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    return snapshot


async def ran(folder: Path, checkpoint: Checkpoint, task: str, **args: Any) -> Finding:
    """What the checkpoint gives by the real source, which must have offered it; files go below `folder`."""
    local = Local(settings(folder / "data", hf_home=folder, device="cpu"), [checkpoint])
    offers = await local.offers(task, args)
    assert [expert.id for expert in offers.experts] == [f"local:{checkpoint.name}"], offers.passed_over
    expert = Expert(id=f"local:{checkpoint.name}", task=task, family="tiny", source="local")
    return await local.run(expert, args, Store(folder / "made"))
