"""Checkpoints into memory by transformers: safetensors only, no code of theirs, nothing from the network."""

from __future__ import annotations

import functools
import threading
from typing import Any

from compegpt.errors import ExpertGone
from compegpt.sources.local.devices import number_type
from compegpt.sources.local.runner import Checkpoint, Loaded

_EVERYWHERE = ("AutoModel", "AutoTokenizer", "AutoProcessor", "AutoFeatureExtractor", "AutoImageProcessor",
               "GenerationMixin", "PreTrainedModel")
_one_at_a_time = threading.Lock()
_HEADS = ("classifier", "qa_outputs", "lm_head", "score", "output_weights")
"""Layers without which a model only guesses."""


@functools.cache
def library() -> Any:
    """transformers, told to keep its progress bars and advice to itself."""
    import warnings

    import transformers
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
    return transformers


def warm() -> None:
    """Import what every model needs, torch too, which takes seconds.

    To be done before anything is loaded: transformers imports its parts when they are first named, and where two
    threads do that at once one of them may find a part half imported.
    """
    with _one_at_a_time:
        import torch  # noqa: F401

        for name in _EVERYWHERE:
            getattr(library(), name)


def model(checkpoint: Checkpoint, device: str, auto: str, **options: Any) -> Any:
    """The weights of a checkpoint's folder as `auto` ("AutoModelForCTC") makes them, on the device, ready to run.

    Raises ExpertGone where the layers that answer are not among the weights; whatever transformers raises.
    """
    made, told = getattr(library(), auto).from_pretrained(
        checkpoint.folder, local_files_only=True, use_safetensors=True, trust_remote_code=False,
        output_loading_info=True, **{"dtype": number_type(device, checkpoint.config), **options})
    missing = [key for key in told["missing_keys"] if key.partition(".")[0] in _HEADS]
    if missing:
        raise ExpertGone(f"{checkpoint.name} lacks weights of the layer that answers ({missing[0]}); use one that was "
                         "trained for this.")
    return made.eval().requires_grad_(False).to(device)


def processor(checkpoint: Checkpoint, auto: str = "AutoTokenizer", **options: Any) -> Any:
    """What turns inputs into tensors. Raises whatever transformers raises."""
    return getattr(library(), auto).from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False,
                                                    **options)


def with_tokenizer(auto: str, checkpoint: Checkpoint, device: str) -> Loaded:
    """A model with its tokenizer."""
    return Loaded(model(checkpoint, device, auto), processor(checkpoint), device, checkpoint)
