"""Sound from words: speech by VITS and Bark, music and noises by MusicGen."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from compegpt.errors import ExpertError
from compegpt.languages import LANGUAGES
from compegpt.media import sound
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.sentences import sentences
from compegpt.sources.hub.labels import language
from compegpt.sources.hub.tongues import possible
from compegpt.sources.local import kinds
from compegpt.sources.local.loading import model, processor
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner

Args = Mapping[str, Any]
PAUSE = 0.25
"""Seconds between sentences."""
MUSIC_TOKENS = 512
"""About ten seconds."""
_LONGEST = 20_000
"""Characters; about twenty minutes of speech."""
_one_at_a_time = threading.Lock()


@contextmanager
def seeded(device: str) -> Iterator[None]:
    """Speech and music are drawn at random: the same draw for the same words, whatever ran before."""
    import torch

    devices = [torch.cuda.current_device()] if device == "cuda" else []
    with _one_at_a_time, torch.random.fork_rng(devices):
        torch.manual_seed(0)
        yield


def by_vits(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Sentence by sentence. Raises ExpertError where the model knows none of the letters."""
    import numpy as np

    text, rate = args["text"][:_LONGEST], int(loaded.model.config.sampling_rate)
    pause = np.zeros(int(PAUSE * rate), dtype=np.float32)
    spoken: list[Any] = []
    for sentence in sentences(text) or [text]:
        inputs = loaded.processor(sentence, return_tensors="pt").to(loaded.device)
        if inputs["input_ids"].shape[1] > 1:
            with seeded(loaded.device):
                wave = loaded.model(**inputs).waveform[0]
            spoken += [wave.float().cpu().numpy(), pause]
    if not spoken:
        raise ExpertError("It has no letters for this text: it was made for another language.")
    return _kept(np.concatenate(spoken[:-1]), rate, store, _cut(args["text"]))


def by_bark(loaded: Loaded, args: Args, store: Store) -> Finding:
    """Sentence by sentence, each at most about a dozen seconds."""
    import numpy as np

    rate = int(loaded.model.generation_config.sample_rate)
    spoken = []
    for sentence in sentences(args["text"][:_LONGEST]):
        inputs = loaded.processor(sentence, return_tensors="pt").to(loaded.device)
        with seeded(loaded.device):
            spoken.append(loaded.model.generate(**inputs)[0].float().cpu().numpy())
    return _kept(np.concatenate(spoken), rate, store, _cut(args["text"]))


def by_musicgen(loaded: Loaded, args: Args, store: Store) -> Finding:
    """About ten seconds of what the words describe."""
    inputs = loaded.processor(text=[args["text"]], padding=True, truncation=True, return_tensors="pt").to(loaded.device)
    own = loaded.model.generation_config.max_new_tokens
    with seeded(loaded.device):
        made = loaded.model.generate(**inputs, max_new_tokens=own or MUSIC_TOKENS)[0]
    rate = int(loaded.model.config.audio_encoder.sampling_rate)
    return _kept(made.float().cpu().numpy().T, rate, store)


def _kept(samples: Any, rate: int, store: Store, note: str | None = None) -> Finding:
    """The samples, shape (frames,) or (frames, channels), as a WAV. Raises ExpertError where they are no sound."""
    import numpy as np

    if not samples.size or not np.isfinite(samples).all():
        raise ExpertError("It gave no sound.")
    path = store.new(".wav")
    sound.write(path, samples, rate)
    return Finding({"audio": str(path)}, note=note)


def _cut(text: str) -> str | None:
    return f"only the first {_LONGEST:,} of {len(text):,} characters were read" if len(text) > _LONGEST else None


def _load(auto: str, reader: str, checkpoint: Checkpoint, device: str) -> Loaded:
    import torch

    made = model(checkpoint, device, auto, dtype=torch.float32)  # half of that is heard as noise
    return Loaded(made, processor(checkpoint, reader), device, checkpoint)


def _speaks_another(checkpoint: Checkpoint, args: Args) -> str | None:
    """By the language its tokenizer or its name gives ("mms-tts-deu"), else by the card's."""
    file = checkpoint.folder / "tokenizer_config.json" if checkpoint.folder else None
    told = json.loads(file.read_bytes()).get("language") if file and file.is_file() else None
    named = checkpoint.name.rpartition("-")[2] if "mms-tts" in checkpoint.name else ""
    known = language(str(told or named))
    asked = args.get("language")
    wanted = frozenset({str(asked)}) if asked else possible(str(args.get("text", "")))
    if known is None:
        return kinds.foreign(checkpoint, args)
    return None if not wanted or known in wanted else f"speaks only {LANGUAGES[known]}"


RUNNERS: tuple[Runner, ...] = (
    Runner("text-to-speech", kinds.is_a("VitsModel"),
           functools.partial(_load, "AutoModelForTextToWaveform", "AutoTokenizer"), by_vits, _speaks_another),
    Runner("text-to-speech", kinds.is_a("BarkModel"),
           functools.partial(_load, "AutoModelForTextToWaveform", "AutoProcessor"), by_bark, kinds.foreign),
    Runner("text-to-audio", kinds.is_a("MusicgenForConditionalGeneration", "MusicgenMelodyForConditionalGeneration"),
           functools.partial(_load, "AutoModelForTextToWaveform", "AutoProcessor"), by_musicgen),
)
