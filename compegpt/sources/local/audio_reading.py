"""Recordings as models take them, and the parts that every model of sound has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compegpt.media import sound
from compegpt.sources.local.loading import model, processor
from compegpt.sources.local.runner import Checkpoint, Loaded

if TYPE_CHECKING:
    from compegpt.media.sound import Array

@dataclass(frozen=True)
class Ears:
    """Features of sound for a model, and the words it answers in."""

    features: Any
    words: Any = None


def load(auto: str, checkpoint: Checkpoint, device: str) -> Loaded:
    """A model with its feature extractor."""
    ears = Ears(processor(checkpoint, "AutoFeatureExtractor"))
    return Loaded(model(checkpoint, device, auto), ears, device, checkpoint)


def load_with_words(auto: str, checkpoint: Checkpoint, device: str) -> Loaded:
    """A model with its feature extractor and tokenizer."""
    ears = Ears(processor(checkpoint, "AutoFeatureExtractor"), processor(checkpoint))
    return Loaded(model(checkpoint, device, auto), ears, device, checkpoint)


def heard(loaded: Loaded, path: str, seconds: float) -> tuple[Array, sound.Sound]:
    """At most so many seconds in one channel at the model's rate, and the recording itself. Raises InputError."""
    recording = asyncio.run(sound.read(path, seconds))  # in a thread of its own, where no loop runs
    return recording.mono(loaded.processor.features.sampling_rate), recording


def features(loaded: Loaded, samples: Array, **options: Any) -> Any:
    """The model's inputs for a recording, on its device and of its type."""
    given = loaded.processor.features(samples, sampling_rate=loaded.processor.features.sampling_rate,
                                      return_tensors="pt", **options)
    return given.to(loaded.device, loaded.model.dtype)
