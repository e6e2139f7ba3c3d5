"""The forward pass of a BERT encoder in numpy, one text at a time, exact: Devlin et al. 2019, arXiv:1810.04805."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
"""Tensors by their names in the checkpoint."""


def embedded(ids: Sequence[int], weights: Weights) -> Array:
    """What enters the first layer, shape (len(ids), 384)."""
    return entering(weights["embeddings.word_embeddings.weight"][ids], weights)


def entering(words: Array, weights: Weights) -> Array:
    """What enters the first layer, from the vectors of the word pieces, both of shape (pieces, 384)."""
    hidden = (words + weights["embeddings.position_embeddings.weight"][: len(words)]
              + weights["embeddings.token_type_embeddings.weight"][0])
    return _norm(hidden, weights, "embeddings.LayerNorm")


def layers(weights: Weights) -> list[str]:
    """Names of the layers, in order."""
    return [f"encoder.layer.{number}" for number in range(len(weights))
            if f"encoder.layer.{number}.output.dense.weight" in weights]


def encoded(hidden: Array, weights: Weights, heads: int) -> Array:
    """What leaves the last layer, of the shape of what enters the first."""
    for layer in layers(weights):
        hidden = _layer(hidden, weights, layer, heads)
    return hidden


def pooled(hidden: Array, weights: Weights, heads: int) -> Array:
    """The mean over the tokens of what leaves the last layer, shape (384,)."""
    return np.asarray(encoded(hidden, weights, heads).mean(axis=0), dtype=np.float32)


def _layer(hidden: Array, weights: Weights, name: str, heads: int) -> Array:
    length = len(hidden)

    def split(part: str) -> Array:
        return _linear(hidden, weights, f"{name}.attention.self.{part}").reshape(length, heads, -1).swapaxes(0, 1)

    query, key, value = split("query"), split("key"), split("value")
    mixed = _softmax(query @ key.swapaxes(1, 2) / np.sqrt(np.float32(query.shape[-1]))) @ value
    attended = _linear(mixed.swapaxes(0, 1).reshape(length, -1), weights, f"{name}.attention.output.dense")
    hidden = _norm(attended + hidden, weights, f"{name}.attention.output.LayerNorm")
    inner = gelu(_linear(hidden, weights, f"{name}.intermediate.dense"))
    return _norm(_linear(inner, weights, f"{name}.output.dense") + hidden, weights, f"{name}.output.LayerNorm")


def _linear(x: Array, weights: Weights, name: str) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: Array, weights: Weights, name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"], dtype=np.float32)


def _softmax(x: Array) -> Array:
    exponent = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exponent / exponent.sum(axis=-1, keepdims=True), dtype=np.float32)


def gelu(x: Array) -> Array:
    """Exact GELU, x * Phi(x), by Abramowitz and Stegun 7.1.26 for erf (error below 1.5e-7)."""
    z = np.abs(x) / np.float32(np.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return np.asarray(0.5 * x * (1 + erf), dtype=np.float32)
