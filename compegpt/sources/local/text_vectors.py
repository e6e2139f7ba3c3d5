"""Vectors of texts and how near two are: sentence-transformers folders, or the mean over a text encoder's tokens."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub import outputs
from compegpt.sources.local import kinds, text_reading
from compegpt.sources.local.devices import number_type
from compegpt.sources.local.loading import library, with_tokenizer
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.text_writing import SEQ2SEQ

Args = Mapping[str, Any]
_TASKS = ("sentence-similarity", "feature-extraction")
_PICKLES = ("*.bin", "*.pt", "*.pkl")


def compared(loaded: Loaded, args: Args, store: Store) -> Finding:
    """The cosine of two texts, clipped to [0, 1]."""
    import numpy as np

    vectors, note = _vectors(loaded, [args["text"], args["other"]])
    one, other = vectors
    cosine = float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))
    return Finding(outputs.similarity([cosine]).output, note=note)


def encoded(loaded: Loaded, args: Args, store: Store) -> Finding:
    """The vector of a text."""
    vectors, note = _vectors(loaded, [args["text"]])
    return Finding(outputs.vector(vectors[0]).output, note=note)


def _vectors(loaded: Loaded, texts: Sequence[str]) -> tuple[Any, str | None]:
    """float32, shape (n, dimensions), and a note where a text was cut."""
    if loaded.processor is None:
        return loaded.model.encode(list(texts), show_progress_bar=False), _cut(loaded.model, texts)
    rows, notes = zip(*(_mean(loaded, text) for text in texts), strict=True)
    import numpy as np

    return np.stack(rows), next(filter(None, notes), None)


def _mean(loaded: Loaded, text: str) -> tuple[Any, str | None]:
    inputs, note = text_reading.read(loaded, text)
    states = loaded.model(**inputs).last_hidden_state[0].float()
    mask = inputs["attention_mask"][0][:, None].float()
    return ((states * mask).sum(0) / mask.sum(0)).cpu().numpy(), note


def _cut(model: Any, texts: Sequence[str]) -> str | None:
    limit = model.max_seq_length
    sizes = [len(model.tokenizer(text)["input_ids"]) for text in texts]
    return text_reading.cut_note(max(sizes), limit) if limit else None


def _load_sentences(checkpoint: Checkpoint, device: str) -> Loaded:
    """Raises ExpertGone where a layer after the encoder is a pickle, or comes from elsewhere than the library."""
    folder = Path(checkpoint.folder or "")
    layers = [str(layer.get("type")) for layer in json.loads((folder / "modules.json").read_bytes())]
    if not all(kind.startswith("sentence_transformers.") for kind in layers):
        raise ExpertGone(f"{checkpoint.name} needs code of its own, which is not run here.")
    pickled = [file for pattern in _PICKLES for file in folder.glob(f"*/{pattern}")
               if not (file.parent / "model.safetensors").exists() and file.parent.name[:1].isdigit()]
    if pickled:
        raise ExpertGone(f"{checkpoint.name} has no safetensors weights for {pickled[0].parent.name}: pickles are not "
                         "loaded.")
    library()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device=device, local_files_only=True, trust_remote_code=False,
                                model_kwargs={"use_safetensors": True, "dtype": number_type(device, checkpoint.config)})
    return Loaded(model.eval(), None, device, checkpoint)


def _encodes(checkpoint: Checkpoint) -> bool:
    """A bare text encoder that its card or its user says is for this; all give vectors, but few give good ones."""
    said = {*checkpoint.tags, *checkpoint.tasks}
    of_text = not kinds.hears(checkpoint) and checkpoint.config.get("model_type") not in SEQ2SEQ
    return of_text and kinds.is_a("Model")(checkpoint) and not said.isdisjoint((*_TASKS, "sentence-transformers"))


_sentences = kinds.holds("modules.json")
_load_encoder = functools.partial(with_tokenizer, "AutoModel")
_RUN = {"sentence-similarity": compared, "feature-extraction": encoded}

RUNNERS: tuple[Runner, ...] = tuple(
    Runner(task, fits, load, _RUN[task], kinds.foreign)
    for task in _TASKS for fits, load in ((_sentences, _load_sentences), (_encodes, _load_encoder)))
