"""A tiny random language model, saved and loaded by the real loader."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from compegpt.llm import local
from compegpt.llm.models import language_model
from compegpt.llm.protocol import LLMError
from tests.llm.serving import HELLO, SCHEMA, settings

WORDS = ["<s>", "</s>", "<unk>", "user", "system", "assistant", ":", "Hello", "one", "two", "three", "four"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Llama of 12 words and random weights."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
                            ).save_pretrained(folder)
    config = LlamaConfig(vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                         num_attention_heads=2, num_key_value_heads=2, bos_token_id=0, eos_token_id=1)
    llama = LlamaForCausalLM(config)
    llama.lm_head.weight.data[:3] = 0.0
    llama.lm_head.weight.data[3:] *= 20.0
    llama.save_pretrained(folder)
    return folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "NEW_TOKENS", 6)


@pytest.fixture
def model(weights: Path, tmp_path: Path) -> Any:
    return language_model(f"local:{weights}", settings(tmp_path, device="cpu", hf_hub_offline="on"), seconds=60.0)


async def test_a_local_model_answers_as_the_library_does(model: Any, weights: Path, short: None) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    reply = await model.ask(HELLO, "plan")
    tokenizer: Any = AutoTokenizer.from_pretrained(weights)
    prompt = tokenizer("user: Hello\nassistant:", add_special_tokens=False, return_tensors="pt")
    made = AutoModelForCausalLM.from_pretrained(weights).generate(**prompt, max_new_tokens=6, do_sample=False)
    new = made[0][prompt.input_ids.shape[1]:]
    assert reply.text.split() == tokenizer.decode(new, skip_special_tokens=True).split()
    assert reply.call["tokens"] >= prompt.input_ids.shape[1] + 1


async def test_a_local_answer_streams(model: Any, short: None) -> None:
    said: list[str] = []
    reply = await model.stream(HELLO, "write", said.append)
    assert "".join(said).split() == reply.text.split()
    assert len(said) > 1


async def test_a_schema_is_told_and_calls_wait_for_each_other(model: Any, short: None) -> None:
    replies = await asyncio.gather(*(model.ask(HELLO, "plan", schema=SCHEMA) for _ in range(3)))
    assert len({reply.text for reply in replies}) == 1
    assert replies[0].call["tokens"] > 20


async def test_a_local_call_ends_at_its_bound_and_the_next_one_runs(model: Any, monkeypatch: pytest.MonkeyPatch
                                                                   ) -> None:
    started = threading.Event()
    answer = model._answer

    def held(messages: Any, tell: Any, stop: threading.Event) -> Any:
        if not started.is_set():
            started.set()
            assert stop.wait(30)
        return answer(messages, tell, stop)

    monkeypatch.setattr(model, "_answer", held)
    with pytest.raises(LLMError, match="did not answer within"):
        await model.ask(HELLO, "plan", seconds=0.05)
    assert started.is_set()
    monkeypatch.setattr(local, "NEW_TOKENS", 6)
    assert (await model.ask(HELLO, "plan")).text


async def test_a_text_model_says_that_it_cannot_see(model: Any) -> None:
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    with pytest.raises(LLMError, match="takes text only"):
        await model.ask([{"role": "user", "content": picture}], "expert")


@pytest.mark.parametrize("breakage", ["missing", "pickle"])
async def test_weights_that_cannot_be_loaded_say_what_to_set(breakage: str, weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if breakage == "pickle":
        shutil.copytree(weights, folder)
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    model = language_model(f"local:{folder}", settings(tmp_path, device="cpu", hf_hub_offline="on"))
    with pytest.raises(LLMError, match="cannot be loaded") as caught:
        await model.ask(HELLO, "plan")
    assert caught.value.code == "configuration"
