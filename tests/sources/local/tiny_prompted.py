"""Makers of tiny random vision-language models that obey fixed prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.sources.local.runner import Checkpoint
from tests.sources.local.tiny import SIZE, saved, seeded, seq2seq_sizes, tokenizer
from tests.sources.local.tiny_vision import _EYE, _SIZES, SEEN, SQUARE, bolder

IMAGE = "<image>"


def _words(*extra: str) -> Any:
    """A tokenizer that knows which of its tokens stands for the picture."""
    from transformers import PreTrainedTokenizerFast

    plain = tokenizer("gpt", extra=(IMAGE, *extra), longest=400)
    return PreTrainedTokenizerFast(
        tokenizer_object=plain.backend_tokenizer, unk_token="[UNK]", pad_token="[PAD]", eos_token="</s>",
        bos_token="<s>", extra_special_tokens={"image_token": IMAGE}, model_max_length=400)


def _llama(words: Any) -> dict[str, Any]:
    return {**_SIZES, "num_key_value_heads": 2, "vocab_size": len(words), "max_position_embeddings": 512,
            "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": 0}


def florence2(folder: Path) -> Checkpoint:
    from transformers import (
        CLIPImageProcessorPil,
        Florence2Config,
        Florence2ForConditionalGeneration,
        Florence2Processor,
    )

    words = _words()
    eye = {"depths": [1], "patch_size": [7], "patch_stride": [8], "patch_padding": [3], "patch_prenorm": [False],
           "embed_dim": [SIZE], "num_heads": [2], "num_groups": [2], "window_size": 2, "projection_dim": SIZE}
    text = {"model_type": "bart", **seq2seq_sizes(words), "max_position_embeddings": 1100}
    config = Florence2Config(vision_config=eye, text_config=text, image_token_id=words.convert_tokens_to_ids(IMAGE))
    with seeded():
        model = Florence2ForConditionalGeneration(config)
        bolder(model)
    seen = CLIPImageProcessorPil(size=SQUARE, do_center_crop=False)
    seen.image_seq_length = (SEEN // 8) ** 2 + 1
    return saved(folder, model, Florence2Processor(seen, words))


def paligemma(folder: Path) -> Checkpoint:
    from transformers import (
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
        SiglipImageProcessorPil,
    )

    words = _words()
    text = {"model_type": "gemma", **_llama(words), "head_dim": 16}
    config = PaliGemmaConfig(vision_config={"model_type": "siglip_vision_model", **_EYE, "projection_dim": SIZE},
                             text_config=text, image_token_index=words.convert_tokens_to_ids(IMAGE),
                             projection_dim=SIZE, hidden_size=SIZE, vocab_size=len(words), bos_token_id=5,
                             eos_token_id=6, pad_token_id=0)
    with seeded():
        model = PaliGemmaForConditionalGeneration(config)
        bolder(model)
    seen = SiglipImageProcessorPil(size=SQUARE)
    seen.image_seq_length = (SEEN // 8) ** 2
    return saved(folder, model, PaliGemmaProcessor(seen, words))


def blip2(folder: Path) -> Checkpoint:
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2Processor,
        BlipImageProcessorPil,
    )

    words = tokenizer("gpt", extra=(IMAGE,), longest=400)
    text = {"model_type": "opt", "hidden_size": SIZE, "ffn_dim": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2,
            "vocab_size": len(words), "max_position_embeddings": 128, "word_embed_proj_dim": SIZE, "pad_token_id": 0,
            "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    former = {**_SIZES, "encoder_hidden_size": SIZE, "vocab_size": len(words)}
    config = Blip2Config(vision_config=_EYE, qformer_config=former, text_config=text, num_query_tokens=4,
                         image_token_index=words.convert_tokens_to_ids(IMAGE))
    with seeded():
        model = Blip2ForConditionalGeneration(config)
        bolder(model)
    return saved(folder, model, Blip2Processor(BlipImageProcessorPil(size=SQUARE), words, num_query_tokens=4))


def got_ocr(folder: Path) -> Checkpoint:
    from transformers import (
        GotOcr2Config,
        GotOcr2ForConditionalGeneration,
        GotOcr2ImageProcessorPil,
        GotOcr2Processor,
    )

    words = tokenizer("gpt", extra=("<imgpad>", "<|im_start|>", "<|im_end|>", "<img>", "</img>"), longest=400)
    eye = {"hidden_size": SIZE, "output_channels": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
           "image_size": 1024, "patch_size": 16, "mlp_dim": SIZE, "window_size": 8, "global_attn_indexes": []}
    config = GotOcr2Config(vision_config=eye, text_config={"model_type": "qwen2", **_llama(words)},
                           image_token_index=words.convert_tokens_to_ids("<imgpad>"))
    with seeded():
        model = GotOcr2ForConditionalGeneration(config)
        bolder(model)
    model.generation_config.eos_token_id = words.convert_tokens_to_ids("<|im_end|>")
    return saved(folder, model, GotOcr2Processor(GotOcr2ImageProcessorPil(size={"height": 1024, "width": 1024}), words))
