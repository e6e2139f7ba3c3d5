"""Makers of tiny random checkpoints that turn pictures into words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.sources.local.runner import Checkpoint
from tests.sources.local.tiny import SIZE, bert_sizes, saved, seeded, seq2seq_sizes, tokenizer
from tests.sources.local.tiny_vision import _EYE, _SIZES, SEEN, SQUARE, bolder

IMAGE = "<image>"
CHAT = ("{% for message in messages %}{{ message['role'] }} {% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<image>{% else %} {{ part['text'] }} {% endif %}{% endfor %}{% endfor %}"
        "assistant")


def _blip(words: Any) -> Any:
    from transformers import BlipConfig

    text = {**_SIZES, "vocab_size": len(words), "max_position_embeddings": 64, "encoder_hidden_size": SIZE,
            "bos_token_id": words.cls_token_id, "sep_token_id": words.sep_token_id,
            "eos_token_id": words.sep_token_id, "pad_token_id": words.pad_token_id}
    return BlipConfig(text_config=text, vision_config=_EYE, projection_dim=SIZE)


def blip(folder: Path, kind: str) -> Checkpoint:
    """`kind`: BlipForConditionalGeneration (captions) or BlipForQuestionAnswering."""
    import transformers

    words = tokenizer()
    with seeded():
        model = getattr(transformers, kind)(_blip(words))
    eye = transformers.BlipImageProcessorPil(size=SQUARE)
    return saved(folder, model, transformers.BlipProcessor(eye, words))


def vilt(folder: Path) -> Checkpoint:
    from transformers import ViltConfig, ViltForQuestionAnswering, ViltImageProcessorPil, ViltProcessor

    words = tokenizer(longest=40)
    config = ViltConfig(**_EYE, vocab_size=len(words), max_position_embeddings=40, num_labels=3,
                        id2label={0: "yes", 1: "no", 2: "two"})
    with seeded():
        model = ViltForQuestionAnswering(config)
    eye = ViltImageProcessorPil(size={"shortest_edge": SEEN}, size_divisor=8)
    return saved(folder, model, ViltProcessor(eye, words))


def trocr(folder: Path) -> Checkpoint:
    from transformers import TrOCRConfig, TrOCRForCausalLM

    words = tokenizer("gpt")
    decoder = TrOCRConfig(vocab_size=len(words), d_model=SIZE, decoder_layers=1, decoder_attention_heads=2,
                          decoder_ffn_dim=SIZE, max_position_embeddings=128, cross_attention_hidden_size=SIZE,
                          pad_token_id=0, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
                          decoder_start_token_id=words.bos_token_id)
    with seeded():
        text = TrOCRForCausalLM(decoder)
        bolder(text)
    return _joined(folder, text, words)


def captioner(folder: Path) -> Checkpoint:
    """A ViT and a GPT-2."""
    from transformers import GPT2Config, GPT2LMHeadModel

    words = tokenizer("gpt")
    config = GPT2Config(vocab_size=len(words), n_embd=SIZE, n_layer=1, n_head=2, n_positions=128,
                        add_cross_attention=True, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id)
    with seeded():
        text = GPT2LMHeadModel(config)
        bolder(text)
    return _joined(folder, text, words)


def _joined(folder: Path, text: Any, words: Any) -> Checkpoint:
    from transformers import VisionEncoderDecoderModel, ViTConfig, ViTImageProcessorPil, ViTModel

    with seeded():
        model = VisionEncoderDecoderModel(encoder=ViTModel(ViTConfig(**_EYE), add_pooling_layer=False), decoder=text)
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.pad_token_id = words.bos_token_id, 0
        config.eos_token_id = words.eos_token_id
    return saved(folder, model, ViTImageProcessorPil(size=SQUARE), words)


def llava(folder: Path, template: str | None = CHAT) -> Checkpoint:
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer("gpt", extra=(IMAGE,), longest=256)
    text = LlamaConfig(**_SIZES, num_key_value_heads=2, vocab_size=len(words), max_position_embeddings=256,
                       bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id, pad_token_id=0)
    config = LlavaConfig(vision_config=CLIPVisionConfig(**_EYE), text_config=text,
                         image_token_index=words.convert_tokens_to_ids(IMAGE))
    with seeded():
        model = LlavaForConditionalGeneration(config)
        bolder(model)
    eye = CLIPImageProcessorPil(size={"shortest_edge": SEEN}, crop_size=SQUARE)
    return saved(folder, model, LlavaProcessor(eye, words, patch_size=8, vision_feature_select_strategy="default",
                                               num_additional_image_tokens=1, chat_template=template))


def layoutlm(folder: Path) -> Checkpoint:
    from transformers import LayoutLMConfig, LayoutLMForQuestionAnswering

    words = tokenizer()
    with seeded():
        model = LayoutLMForQuestionAnswering(LayoutLMConfig(**bert_sizes(words)))
    return saved(folder, model, words)


def layoutlmv3(folder: Path) -> Checkpoint:
    """With the kind of tokenizer it needs: one that takes words and their boxes."""
    from transformers import (
        LayoutLMv3Config,
        LayoutLMv3ForQuestionAnswering,
        LayoutLMv3ImageProcessorPil,
        LayoutLMv3Tokenizer,
    )

    letters = [*"abcdefghijklmnopqrstuvwxyzĠ?."]
    vocab = {token: at for at, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters])}
    words = LayoutLMv3Tokenizer(vocab=vocab, merges=[], model_max_length=120)
    config = LayoutLMv3Config(**{**_SIZES, "vocab_size": len(vocab), "max_position_embeddings": 128},
                              coordinate_size=6, shape_size=4, input_size=SEEN, patch_size=8,
                              max_2d_position_embeddings=1024,
                              rel_pos_bins=8, max_rel_pos=16, rel_2d_pos_bins=8, max_rel_2d_pos=16, pad_token_id=1,
                              bos_token_id=0, eos_token_id=2, has_relative_attention_bias=False,
                              has_spatial_attention_bias=False)
    with seeded():
        model = LayoutLMv3ForQuestionAnswering(config)
    return saved(folder, model, LayoutLMv3ImageProcessorPil(size=SQUARE, apply_ocr=False), words)


def qwen_vl(folder: Path) -> Checkpoint:
    """A model whose processor has a half for videos, which wants torchvision."""
    import json

    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLImageProcessorPil

    extra = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    words = tokenizer("gpt", extra=extra, longest=256)
    numbers = [words.convert_tokens_to_ids(token) for token in extra]
    text = {**_SIZES, "num_key_value_heads": 2, "vocab_size": len(words), "max_position_embeddings": 256,
            "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": 0,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 2, 4]}}
    eye = {"depth": 1, "embed_dim": SIZE, "hidden_size": SIZE, "num_heads": 2, "mlp_ratio": 1, "patch_size": 8,
           "spatial_merge_size": 2, "temporal_patch_size": 2}
    config = Qwen2VLConfig(text_config=text, vision_config=eye, image_token_id=numbers[0], video_token_id=numbers[1],
                           vision_start_token_id=numbers[2], vision_end_token_id=numbers[3])
    with seeded():
        model = Qwen2VLForConditionalGeneration(config)
        bolder(model)
    words.chat_template = CHAT.replace(IMAGE, "<|vision_start|><|image_pad|><|vision_end|>")
    seen = Qwen2VLImageProcessorPil(patch_size=8, merge_size=2, temporal_patch_size=2,
                                    size={"shortest_edge": 16 * 16, "longest_edge": SEEN * SEEN})
    checkpoint = saved(folder, model, seen, words)
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": "Qwen2VLProcessor"}))
    return checkpoint


def donut(folder: Path) -> Checkpoint:
    from transformers import (
        DonutImageProcessorPil,
        DonutSwinConfig,
        DonutSwinModel,
        MBartConfig,
        MBartForCausalLM,
        VisionEncoderDecoderModel,
    )

    words = tokenizer("gpt", extra=("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>"))
    text = MBartConfig(**seq2seq_sizes(words), is_decoder=True, add_cross_attention=True)
    eye = DonutSwinConfig(embed_dim=16, depths=[1, 1], num_heads=[1, 2], window_size=4, image_size=SEEN)
    with seeded():
        model = VisionEncoderDecoderModel(encoder=DonutSwinModel(eye), decoder=MBartForCausalLM(text))
    model.generation_config.update(decoder_start_token_id=5, pad_token_id=0, eos_token_id=6, max_new_tokens=8)
    return saved(folder, model, DonutImageProcessorPil(size=SQUARE), words, name="tiny/donut-docvqa")
