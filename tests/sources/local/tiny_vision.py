"""Makers of tiny random vision checkpoints, saved with their real processors as a user has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compegpt.sources.local.runner import Checkpoint
from tests.sources.local.tiny import SIZE, bert_sizes, saved, seeded, tokenizer

SEEN = 32
"""Side of the pictures these models see."""
SQUARE = {"height": SEEN, "width": SEEN}
_SIZES = {"hidden_size": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": SIZE}
_EYE = {**_SIZES, "image_size": SEEN, "patch_size": 8}
NAMES = {"id2label": {0: "cat", 1: "dog", 2: "human face"}, "label2id": {"cat": 0, "dog": 1, "human face": 2}}


def classifier(folder: Path, **settings: Any) -> Checkpoint:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    with seeded():
        model = ViTForImageClassification(ViTConfig(**_EYE, **NAMES, **settings))
    return saved(folder, model, ViTImageProcessorPil(size=SQUARE))


def headless(folder: Path) -> Checkpoint:
    """A classifier by name whose file lacks the layer that answers."""
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    with seeded():
        model = ViTModel(ViTConfig(**_EYE, **NAMES))
    return saved(folder, model, ViTImageProcessorPil(size=SQUARE), architectures=("ViTForImageClassification",))


def clip(folder: Path) -> Checkpoint:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    words = tokenizer()
    text = {**_SIZES, "vocab_size": len(words), "max_position_embeddings": 32, "eos_token_id": words.sep_token_id,
            "bos_token_id": words.cls_token_id, "pad_token_id": words.pad_token_id}
    with seeded():
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=_EYE, projection_dim=SIZE))
    eye = CLIPImageProcessorPil(size={"shortest_edge": SEEN}, crop_size=SQUARE)
    return saved(folder, model, CLIPProcessor(eye, tokenizer(longest=32)))


def siglip(folder: Path) -> Checkpoint:
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipProcessor

    words = tokenizer()
    text = {**_SIZES, "vocab_size": len(words), "max_position_embeddings": 64, "pad_token_id": words.pad_token_id,
            "bos_token_id": words.cls_token_id, "eos_token_id": words.sep_token_id}
    with seeded():
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=_EYE))
    return saved(folder, model, SiglipProcessor(SiglipImageProcessorPil(size=SQUARE), words))


def detr(folder: Path) -> Checkpoint:
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessorPil, ResNetConfig

    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8] * 4, depths=[1] * 4, out_features=["stage4"])
    config = DetrConfig(d_model=SIZE, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                        decoder_attention_heads=2, encoder_ffn_dim=SIZE, decoder_ffn_dim=SIZE, num_queries=6,
                        backbone_config=backbone, **NAMES)
    with seeded(1):
        model = DetrForObjectDetection(config)
        bolder(model)
        _surer(model.class_labels_classifier, [0.0, 0.0, 1.0, -2.0], 4)
    return saved(folder, model, DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 128}))


def yolos(folder: Path) -> Checkpoint:
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    with seeded():
        model = YolosForObjectDetection(YolosConfig(**{**_EYE, "image_size": [SEEN, SEEN]}, num_detection_tokens=6,
                                                    **NAMES))
        model.vit.embeddings.detection_tokens.data.normal_()
        bolder(model)
        _surer(model.class_labels_classifier.layers[-1], [0.0, -1.0, 3.0, -2.0], 4)
    return saved(folder, model, YolosImageProcessorPil(size={"shortest_edge": SEEN, "longest_edge": SEEN}))


def bolder(model: Any, factor: float = 12) -> None:
    """Larger weights: fresh ones are so small that every picture, query and token looks alike."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data.mul_(factor)


def _surer(layer: Any, bias: list[float], factor: float) -> None:
    import torch

    with torch.no_grad():
        layer.weight.mul_(factor)
        layer.bias.copy_(torch.tensor(bias))


def owlvit(folder: Path) -> Checkpoint:
    from transformers import OwlViTConfig, OwlViTForObjectDetection, OwlViTImageProcessorPil, OwlViTProcessor

    words = tokenizer(longest=16)
    text = {**_SIZES, "vocab_size": len(words), "max_position_embeddings": 16, "pad_token_id": words.pad_token_id,
            "bos_token_id": words.cls_token_id, "eos_token_id": words.sep_token_id}
    with seeded():
        model = OwlViTForObjectDetection(OwlViTConfig(text_config=text, vision_config=_EYE, projection_dim=SIZE))
    return saved(folder, model, OwlViTProcessor(OwlViTImageProcessorPil(size=SQUARE, crop_size=SQUARE), words))


def grounding_dino(folder: Path) -> Checkpoint:
    from transformers import (
        BertConfig,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessorPil,
        GroundingDinoProcessor,
        SwinConfig,
    )

    words = tokenizer()
    backbone = SwinConfig(embed_dim=8, depths=[1, 1, 1], num_heads=[1, 1, 1], window_size=4, image_size=64,
                          out_indices=[2, 3])
    config = GroundingDinoConfig(
        backbone_config=backbone, text_config=BertConfig(**bert_sizes(words)), d_model=SIZE, encoder_layers=1,
        decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=SIZE,
        decoder_ffn_dim=SIZE, num_queries=5, num_feature_levels=2, max_text_len=32)
    with seeded():
        model = GroundingDinoForObjectDetection(config)
    eye = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 64})
    return saved(folder, model, GroundingDinoProcessor(eye, words))


def segformer(folder: Path, names: tuple[str, ...] = ("cat", "dog", "sky")) -> Checkpoint:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessorPil

    config = SegformerConfig(hidden_sizes=[8, 8, 8, 8], depths=[1] * 4, num_attention_heads=[1] * 4,
                             decoder_hidden_size=16, sr_ratios=[2, 2, 2, 1],
                             id2label=dict(enumerate(names)), label2id={name: at for at, name in enumerate(names)})
    with seeded():
        model = SegformerForSemanticSegmentation(config)
    return saved(folder, model, SegformerImageProcessorPil(size=SQUARE))


def mask2former(folder: Path) -> Checkpoint:
    from transformers import (
        Mask2FormerConfig,
        Mask2FormerForUniversalSegmentation,
        Mask2FormerImageProcessorPil,
        SwinConfig,
    )

    backbone = SwinConfig(embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=4, image_size=64,
                          out_features=["stage1", "stage2", "stage3", "stage4"])
    config = Mask2FormerConfig(backbone_config=backbone, feature_size=32, mask_feature_size=32, hidden_dim=32,
                               encoder_feedforward_dim=16, encoder_layers=1, decoder_layers=2, num_attention_heads=2,
                               dim_feedforward=16, num_queries=4, **NAMES)
    with seeded():
        model = Mask2FormerForUniversalSegmentation(config)
        bolder(model, 3)
        _surer(model.class_predictor, [3.0, 1.0, 2.0, -3.0], 2)
    return saved(folder, model, Mask2FormerImageProcessorPil(size={"height": 64, "width": 64}))


def dpt(folder: Path, **fields: Any) -> Checkpoint:
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessorPil

    config = DPTConfig(**{**_EYE, "num_hidden_layers": 4}, backbone_out_indices=[0, 1, 2, 3],
                       neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False)
    with seeded():
        model = DPTForDepthEstimation(config)
    return saved(folder, model, DPTImageProcessorPil(size=SQUARE), **fields)


def glpn(folder: Path) -> Checkpoint:
    from transformers import GLPNConfig, GLPNForDepthEstimation, GLPNImageProcessorPil

    config = GLPNConfig(hidden_sizes=[8] * 4, depths=[1] * 4, num_attention_heads=[1] * 4, decoder_hidden_size=8)
    with seeded():
        model = GLPNForDepthEstimation(config)
    return saved(folder, model, GLPNImageProcessorPil(size_divisor=32))


def swin2sr(folder: Path) -> Checkpoint:
    from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution, Swin2SRImageProcessorPil

    config = Swin2SRConfig(image_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=8, upscale=2)
    with seeded():
        model = Swin2SRForImageSuperResolution(config)
    return saved(folder, model, Swin2SRImageProcessorPil())


def vitpose(folder: Path) -> Checkpoint:
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation, VitPoseImageProcessorPil

    backbone = VitPoseBackboneConfig(image_size=[32, 24], patch_size=[8, 8], hidden_size=SIZE, num_hidden_layers=2,
                                     num_attention_heads=2, out_indices=[2])
    with seeded():
        model = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=17))
    return saved(folder, model, VitPoseImageProcessorPil(size={"height": 32, "width": 24}))


def videomae(folder: Path) -> Checkpoint:
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEImageProcessorPil

    with seeded():
        model = VideoMAEForVideoClassification(VideoMAEConfig(**_EYE, num_frames=4, tubelet_size=2, **NAMES))
    return saved(folder, model, VideoMAEImageProcessorPil(size={"shortest_edge": SEEN}, crop_size=SQUARE))
