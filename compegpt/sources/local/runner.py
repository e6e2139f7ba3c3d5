"""What runs a checkpoint here: a row per task type and kind of model.

To add a kind: write `load` and `run`, add a `Runner` to the RUNNERS of its module, and a test that saves a tiny random
model by `save_pretrained`, loads it by the real loader and gets what the library's own call gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding

_ODD = (OSError, TypeError, ValueError, AttributeError, LookupError)
"""What becomes of questions about a config in an odd form."""


@dataclass(frozen=True)
class Checkpoint:
    """A model in a folder or in the Hub's cache on this machine."""

    name: str
    """`org/name`, or the folder's name; the expert id is `local:name`."""
    folder: Path | None
    """Where its files are; None where it is still to be fetched from the Hub on first use."""
    architectures: tuple[str, ...] = ()
    """`architectures` of config.json (`BertForTokenClassification`), or `_class_name` of model_index.json."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """config.json, or model_index.json of a diffusers pipeline."""
    tags: tuple[str, ...] = ()
    """Of its card: pipeline tag, languages, datasets."""
    revision: str | None = None
    tasks: tuple[str, ...] = ()
    """Task types its user says it is for; empty where that is told from the architecture and the card."""
    bytes: int = 0
    """Size of its weights on disk."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Other checkpoints it works with (`controlnet: org/name or folder`)."""
    fault: str | None = None
    """Why nothing could be told from its files."""


@dataclass(frozen=True)
class Loaded:
    """A model in memory, ready to run; used by one call at a time."""

    model: Any
    processor: Any
    device: str
    """`cuda`, `mps` or `cpu`."""
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Runner:
    """How checkpoints of one kind do one task type."""

    task: str
    fits: Callable[[Checkpoint], bool]
    """By architecture, config and tags; nothing is loaded for it."""
    load: Callable[[Checkpoint, str], Loaded]
    """Blocking, in a thread. From `checkpoint.folder` only (it is there by then), safetensors only, no remote code, to
    this device."""
    run: Callable[[Loaded, Mapping[str, Any], Store], Finding]
    """Blocking, in a thread; args are checked values."""
    refuses: Callable[[Checkpoint, Mapping[str, Any]], str | None] | None = None
    """Why a checkpoint does not fit these args (a language it lacks), or None where it does."""

    def able(self, checkpoint: Checkpoint) -> bool:
        """Whether it fits; one whose config is in a form that nobody expects does not."""
        try:
            return self.fits(checkpoint)
        except _ODD:
            return False

    def refusal(self, checkpoint: Checkpoint, args: Mapping[str, Any]) -> str | None:
        """What it refuses, or that the checkpoint's files are in a form that nobody expects."""
        try:
            return self.refuses(checkpoint, args) if self.refuses else None
        except _ODD as error:
            return f"its files say what is not understood here ({type(error).__name__})"
