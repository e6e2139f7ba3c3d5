"""Makers of tiny random diffusion pipelines, saved by their own `save_pretrained`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.sources.local.runner import Checkpoint
from tests.sources.local.tiny import described, seeded, tokenizer

SIDE = 16
"""Pixels of the pictures the tiny Stable Diffusion was "trained" on."""


def _text_encoder(words: Any) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(CLIPTextConfig(
        hidden_size=8, intermediate_size=8, num_attention_heads=2, num_hidden_layers=1, vocab_size=len(words),
        max_position_embeddings=16, bos_token_id=words.cls_token_id, eos_token_id=words.sep_token_id,
        pad_token_id=words.pad_token_id))


def _vae(**settings: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(block_out_channels=[4, 8], down_block_types=["DownEncoderBlock2D"] * 2,
                         up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=4, norm_num_groups=2,
                         sample_size=SIDE, **settings)


def _unet(**settings: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**{
        "block_out_channels": (4, 8), "layers_per_block": 1, "sample_size": SIDE // 2, "norm_num_groups": 2,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "cross_attention_dim": 8,
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 2, **settings})


def _scheduler() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
                         steps_offset=1, set_alpha_to_one=False)


def _parts(**unet: Any) -> dict[str, Any]:
    words = tokenizer(longest=16)
    return {"vae": _vae(), "text_encoder": _text_encoder(words), "tokenizer": words, "unet": _unet(**unet),
            "scheduler": _scheduler()}


def stable_diffusion(folder: Path, kind: str = "StableDiffusionPipeline", checker: Any = None,
                     extractor: Any = None, **fields: Any) -> Checkpoint:
    """`kind` may also be the pipeline that edits as it is told, StableDiffusionInstructPix2PixPipeline."""
    import diffusers

    edits = {"in_channels": 8} if "Pix2Pix" in kind else {}
    with seeded():
        pipeline = getattr(diffusers, kind)(**_parts(**edits), safety_checker=checker, feature_extractor=extractor,
                                            requires_safety_checker=checker is not None)
    pipeline.save_pretrained(folder)
    return described(folder, **fields)


def prudish(folder: Path) -> Checkpoint:
    """Its safety checker blocks whatever is drawn."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessorPil

    eye = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1,
           "image_size": 32, "patch_size": 8, "projection_dim": 8}
    with seeded():
        checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=eye, projection_dim=8))
        checker.concept_embeds.data = torch.randn_like(checker.concept_embeds)
        checker.concept_embeds_weights.data.fill_(-1.0)
    extractor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return stable_diffusion(folder, checker=checker, extractor=extractor)


def upscaler(folder: Path) -> Checkpoint:
    from diffusers import DDPMScheduler, StableDiffusionUpscalePipeline

    with seeded():
        parts = {**_parts(in_channels=7, num_class_embeds=100), "vae": _vae(scaling_factor=0.08333)}
        pipeline = StableDiffusionUpscalePipeline(**parts, low_res_scheduler=DDPMScheduler(), max_noise_level=30)
    pipeline.save_pretrained(folder)
    return described(folder)


def controlnet(folder: Path, name: str, base: Path | None, **fields: Any) -> Checkpoint:
    """Beside a Stable Diffusion of these tests; its last layers are not the zeros that training begins with."""
    import torch
    from diffusers import ControlNetModel

    with seeded():
        network = ControlNetModel.from_unet(_unet(), conditioning_embedding_out_channels=(4, 8))
        for layer in (*network.controlnet_down_blocks, network.controlnet_mid_block):
            torch.nn.init.normal_(layer.weight, std=0.5)
        torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=0.5)
    network.save_pretrained(folder)
    return described(folder, name, beside={"base": str(base)} if base else {}, **fields)


def text_to_video(folder: Path) -> Checkpoint:
    from diffusers import TextToVideoSDPipeline, UNet3DConditionModel

    with seeded():
        unet = UNet3DConditionModel(
            block_out_channels=(4, 8), layers_per_block=1, sample_size=8, norm_num_groups=2, cross_attention_dim=8,
            attention_head_dim=4, down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"))
        pipeline = TextToVideoSDPipeline(**{**_parts(), "unet": unet})
    pipeline.save_pretrained(folder)
    return described(folder)


def image_to_video(folder: Path) -> Checkpoint:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

    with seeded():
        unet = UNetSpatioTemporalConditionModel(
            block_out_channels=(32, 64), layers_per_block=1, sample_size=8, num_attention_heads=(2, 4),
            addition_time_embed_dim=32, projection_class_embeddings_input_dim=96, cross_attention_dim=32,
            transformer_layers_per_block=1, num_frames=7,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"))
        vae = AutoencoderKLTemporalDecoder(block_out_channels=(32, 64), down_block_types=("DownEncoderBlock2D",) * 2,
                                           latent_channels=4, layers_per_block=1)
        eye = CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=32, projection_dim=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            image_size=224, patch_size=56))
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", interpolation_type="linear",
        num_train_timesteps=1000, prediction_type="v_prediction", sigma_max=700.0, sigma_min=0.002, steps_offset=1,
        timestep_spacing="leading", timestep_type="continuous", use_karras_sigmas=True)
    extractor = CLIPImageProcessorPil(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
    StableVideoDiffusionPipeline(vae=vae, image_encoder=eye, unet=unet, scheduler=scheduler,
                                 feature_extractor=extractor).save_pretrained(folder)
    return described(folder)
