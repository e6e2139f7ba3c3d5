"""The planner's network, run without torch: MiniLM's layers and the heads over them, trained by `plan.train`.

The word vectors and the tokenizer are the text encoder's, of which the process has one; the layers and heads are the
planner's own: `weights.safetensors`, eight bits a weight in the layers, with the figures that belong to it in
`weights.json`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from compegpt.embed import MiniLM, shared_encoder
from compegpt.embed.forward import Array, encoded, entering, gelu
from compegpt.embed.graph import loaded
from compegpt.errors import InternalError
from compegpt.plan.marking import KINDS

WEIGHTS = Path(__file__).with_name("weights.safetensors")
FORMAT = 1
"""Of the weights' names and shapes; weights of another are refused."""
_HEADS = 12
_NODE_HEADS = 4


@dataclass(frozen=True)
class Reading:
    """What the network makes of a request of L pieces, for T task types."""

    pieces: Array
    """L x 384."""
    tags: Array
    """L x T: how much a piece calls for a type, log-odds."""
    types: Array
    """T x 192."""
    present: Array
    """T: whether a type is called for, log-odds."""
    more: Array
    """T x 2: whether twice or more, and three times or more, log-odds."""
    places: Array
    """T: about where in the request it is called for, in pieces."""


class Network:
    """Loads its weights on first use (some 0.3 s); safe in several threads."""

    def __init__(self, weights: Path = WEIGHTS, encoder: MiniLM | None = None) -> None:
        self._path = weights
        self._encoder = encoder or shared_encoder()
        self._lock = threading.Lock()

    @cached_property
    def card(self) -> dict[str, Any]:
        """The figures that belong to the weights: format, checksum, names of the types, thresholds, calibration."""
        card: dict[str, Any] = json.loads(self._path.with_suffix(".json").read_text(encoding="utf-8"))
        if card["format"] != FORMAT:
            raise InternalError(f"'{self._path}' has format {card['format']}, not {FORMAT}; install CompeGPT again.")
        return card

    @property
    def types(self) -> tuple[str, ...]:
        """Task types in the order of the outputs."""
        return tuple(self.card["types"])

    @property
    def tokenizer(self) -> Any:
        return self._encoder.tokenizer

    @cached_property
    def _weights(self) -> Mapping[str, Array]:
        from safetensors.numpy import load

        content = self._path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.card["sha256"]:
            raise InternalError(f"'{self._path}' is damaged: its checksum is not that of its card; install CompeGPT "
                                "again.")
        return expanded(load(content))

    @cached_property
    def _layers(self) -> Callable[[Array], Array]:
        graph = loaded(self._weights, _HEADS, mean=False)
        return graph or (lambda hidden: encoded(hidden, self._weights, _HEADS))

    def warm(self) -> None:
        """Load what the first request would wait for."""
        self.read([101, 102])

    def read(self, ids: Sequence[int]) -> Reading:
        """The first half of the network on a request's pieces."""
        weights = self._ready()
        markers = weights["markers"]
        numbers = np.asarray(ids)
        words = self._encoder.word_vectors[numbers]
        words = words + np.where((numbers < len(markers))[:, None], markers[np.minimum(numbers, len(markers) - 1)], 0)
        pieces = self._layers(entering(words.astype(np.float32), self._encoder.vectors))
        tags = self._linear("tag", pieces)
        look = _softmax(tags.T)
        peak = np.log(np.exp(tags - tags.max(0)).sum(0)) + tags.max(0)
        inner = (self._linear("seen", look @ pieces) + pieces[:1] @ weights["whole.weight"].T + weights["type_names"]
                 + np.tanh(peak / 4)[:, None] * weights["peak"])
        types = gelu(self._linear("middle", gelu(inner)))
        said = self._linear("present", types) + weights["present_of"]
        places = np.asarray(look @ np.arange(len(ids)), dtype=np.float32)
        return Reading(pieces, tags, types, said[:, 0], said[:, 1:], places)

    def arcs(self, reading: Reading, types: Sequence[int], sources: Sequence[int], kinds: Sequence[str]) -> Array:
        """P x (P + M): whether each of P types takes the result of another, or one of M sources; log-odds.

        `sources` are positions, `kinds` their kinds.
        """
        weights = self._ready()
        numbers = [KINDS.index(kind) for kind in kinds]
        rows = [reading.types[list(types)]]
        if sources:
            rows.append(self._linear("source", reading.pieces[list(sources)]) + weights["source_kinds"][numbers])
        places = np.concatenate([reading.places[list(types)], np.asarray(sources, dtype=np.float32)])
        ranks = np.minimum(places.argsort(kind="stable").argsort(kind="stable"), len(weights["ranks"]) - 1)
        nodes = np.concatenate(rows) + weights["ranks"][ranks]
        for layer in range(2):
            nodes = self._among(f"nodes.layers.{layer}", nodes)
        scores = self._linear("taker", nodes[: len(types)]) @ self._linear("giver", nodes).T
        columns = [*types, *(len(self.types) + number for number in numbers)]
        return np.asarray(scores / np.sqrt(nodes.shape[1]) + weights["prior"][np.ix_(list(types), columns)])

    def spans(self, reading: Reading, number: int) -> tuple[Array, Array]:
        """L each: where a type's own words begin and where they end, log-odds; position 0 where it has none."""
        of_type = reading.types[number : number + 1]
        scale = np.sqrt(of_type.shape[1])
        first, last = ((self._linear(f"of_{name}", of_type) @ self._linear(name, reading.pieces).T)[0] / scale
                       for name in ("first", "last"))
        return first, last

    def _ready(self) -> Mapping[str, Array]:
        if "_layers" not in self.__dict__:
            with self._lock:
                _ = self._layers
        return self._weights

    def _linear(self, name: str, x: Array) -> Array:
        return np.asarray(x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"], dtype=np.float32)

    def _among(self, name: str, nodes: Array) -> Array:
        """One layer in which nodes look at each other."""
        weights = self._weights
        both = nodes @ weights[f"{name}.self_attn.in_proj_weight"].T + weights[f"{name}.self_attn.in_proj_bias"]
        query, key, value = (part.reshape(len(nodes), _NODE_HEADS, -1).swapaxes(0, 1) for part in np.split(both, 3, 1))
        mixed = _softmax(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])) @ value
        seen = self._linear(f"{name}.self_attn.out_proj", mixed.swapaxes(0, 1).reshape(len(nodes), -1))
        nodes = self._norm(f"{name}.norm1", nodes + seen)
        inner = self._linear(f"{name}.linear2", gelu(self._linear(f"{name}.linear1", nodes)))
        return self._norm(f"{name}.norm2", nodes + inner)

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return np.asarray(scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], dtype=np.float32)


def expanded(stored: Mapping[str, Any]) -> dict[str, Array]:
    """The weights as floats: those of eight bits times the scale of their row."""
    made = {}
    for name, value in stored.items():
        if value.dtype == np.int8:
            made[name] = value.astype(np.float32) * stored[f"{name}.scale"].astype(np.float32)[:, None]
        elif not name.endswith(".scale"):
            made[name] = value.astype(np.float32)
    return made


def _softmax(x: Array) -> Array:
    exponent = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exponent / exponent.sum(axis=-1, keepdims=True))


@functools.cache
def shared_network() -> Network:
    """The planner's network of this process."""
    return Network()
