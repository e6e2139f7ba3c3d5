"""Writes the trained network as `plan.network` reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.plan.network import FORMAT
from compegpt.plan.shape import TYPES
from compegpt.plan.train.net import Net

_LAYERS = "encoder.encoder.layer."
_EMBEDDINGS = "encoder.embeddings."


def written(net: Net, path: Path, more: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the weights to `path` and their card beside it, as JSON; the card."""
    from safetensors.numpy import save

    stored: dict[str, NDArray[Any]] = {}
    for name, tensor in net.state_dict().items():
        value = tensor.float().numpy()
        if name.startswith(_EMBEDDINGS):
            continue
        if name.startswith(_LAYERS):
            name = name.removeprefix("encoder.")
        if value.ndim == 2 and name.startswith("encoder.layer."):
            scale = np.abs(value).max(1) / 127
            stored[name] = np.round(value / scale[:, None]).astype(np.int8)
            stored[f"{name}.scale"] = scale.astype(np.float32)
        else:
            stored[name] = value.astype(np.float16 if value.ndim > 1 else np.float32)
    content = save(stored)
    path.write_bytes(content)
    card = {"format": FORMAT, "sha256": hashlib.sha256(content).hexdigest(), "types": list(TYPES), **more}
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card
