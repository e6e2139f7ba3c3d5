"""Caches with models that are told by their files, and a source over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from compegpt.schema import Expert
from compegpt.sources.local.runner import Checkpoint
from compegpt.sources.local.source import Local
from tests.fakes import settings
from tests.sources.local import tiny

SENTIMENT = {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}}


def local(folder: Path, *own: Checkpoint, **flags: Any) -> Local:
    return Local(settings(folder / "data", hf_home=folder / "home", **flags), own)


def cached(folder: Path, name: str, head: str = "BertForSequenceClassification", card: str = "", **config: Any) -> Path:
    """A model of the cache by its files; its weights are none."""
    made = folder / "made"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"architectures": [head], "model_type": "bert", **config}))
    (made / "model.safetensors").write_bytes(bytes(8))
    if card:
        (made / "README.md").write_text(f"---\n{card}\n---\n")
    return tiny.in_hub_cache(folder / "home" / "hub", name, made)


def expert(name: str, task: str = "text-classification") -> Expert:
    return Expert(name, task, "family", "local")
