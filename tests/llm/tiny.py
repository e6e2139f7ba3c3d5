"""Language models of a few words, as the library saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.llm.models import language_model
from tests.llm.serving import settings

WORDS = ["<s>", "</s>", "<unk>", "user", "system", "assistant", ":", "Hello", "one", "two", "three", "four",
         "<think>", "</think>"]
NO_SYSTEM = ("{% for message in messages %}{% if message.role == 'system' %}"
             "{{ raise_exception('System role not supported') }}{% endif %}"
             "{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:")
BEGUN = "{% for message in messages %}{{ message.content }}\n{% endfor %}assistant: <think>\n"


def saved(folder: Path, template: str | None = None) -> tuple[Path, Any]:
    """A folder with a tokenizer of WORDS and a Llama of random weights."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_tokens(WORDS[-2:])
    PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
                            chat_template=template).save_pretrained(folder)
    config = LlamaConfig(vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                         num_attention_heads=2, num_key_value_heads=2, bos_token_id=0, eos_token_id=1)
    llama = LlamaForCausalLM(config)
    llama.lm_head.weight.data[:3] = 0.0
    llama.lm_head.weight.data[3:] *= 20.0
    llama.save_pretrained(folder)
    return folder, llama


def chain(folder: Path, says: list[str], template: str | None = None) -> Any:
    """A model that says one word after the other, each of them once, beginning after the first."""
    import torch

    _, llama = saved(folder, template)
    layer = llama.model.layers[0]
    layer.self_attn.o_proj.weight.data.zero_()
    layer.mlp.down_proj.weight.data.zero_()
    llama.model.embed_tokens.weight.data = torch.eye(len(WORDS), 16)
    llama.lm_head.weight.data.zero_()
    for word, following in zip(says, [*says[1:], "</s>"], strict=True):
        llama.lm_head.weight.data[WORDS.index(following), WORDS.index(word)] = 1.0
    llama.save_pretrained(folder)
    return local_model(folder, folder)


def local_model(named: Path | str, data: Path, **flags: Any) -> Any:
    return language_model(f"local:{named}", settings(data, device="cpu", hf_hub_offline="on", **flags), seconds=60.0)
