"""Speech written down: encoder-decoders (Whisper and its kind) and CTC models (wav2vec 2.0 and its kind)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.activity import RATE, speech_spans
from compegpt.sources.embedded.recognition import grouped
from compegpt.sources.local import audio_reading, kinds
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.text_writing import limits

if TYPE_CHECKING:
    from compegpt.media.sound import Array, Sound

Args = Mapping[str, Any]
MOST_SECONDS = 900.0
WINDOW = 30.0
"""Seconds heard at once; a longer recording is cut where nobody speaks."""
_NEW_TOKENS = 224
Heard = tuple[str, float, int]
"""Text, sum of the log probabilities of its tokens, their number."""


def by_generation(loaded: Loaded, piece: Array) -> Heard:
    """What an encoder-decoder writes; the language is for the model to tell."""
    whisper = loaded.model.config.model_type == "whisper"
    inputs = audio_reading.features(loaded, piece, **({"return_attention_mask": True} if whisper else {}))
    made = loaded.model.generate(**inputs, do_sample=False, num_beams=1, return_dict_in_generate=True,
                                 output_scores=True, **limits(loaded, _NEW_TOKENS))
    surely = [float(step[0].float().log_softmax(-1).max()) for step in made["scores"]]  # it took the likeliest
    text = loaded.processor.words.decode(made["sequences"][0], skip_special_tokens=True)
    return str(text).strip(), sum(surely), len(surely)


def by_ctc(loaded: Loaded, piece: Array) -> Heard:
    """The likeliest character of each frame, repetitions and blanks dropped."""
    given = audio_reading.features(loaded, piece)
    best = loaded.model(**given).logits[0].float().log_softmax(-1).max(-1)
    said = best.indices != loaded.model.config.pad_token_id
    text = str(loaded.processor.words.decode(best.indices.tolist())).strip()
    return text, float(best.values[said].sum()), int(said.sum())


def transcribed(hear: Callable[[Loaded, Array], Heard], loaded: Loaded, args: Args, store: Store) -> Finding:
    """What is said; the confidence is the geometric mean of its tokens' probabilities."""
    samples, recording = audio_reading.heard(loaded, args["audio"], MOST_SECONDS)
    pieces = [] if recording.silent else _pieces(samples, recording, loaded.processor.features.sampling_rate)
    found = [one for one in (hear(loaded, piece) for piece in pieces) if one[0]]
    if not found:
        return Finding({"text": ""}, empty=True, note="no speech was found in the recording")
    surely = math.exp(sum(one[1] for one in found) / max(sum(one[2] for one in found), 1))
    return Finding({"text": " ".join(text for text, _, _ in found)}, surely, note=recording.note)


def _pieces(samples: Array, recording: Sound, rate: int) -> list[Array]:
    if recording.seconds <= WINDOW:
        return [samples]
    bounds = grouped(speech_spans(recording.mono(RATE)), recording.seconds)
    return [samples[int(start * rate) : int(end * rate)] for start, end in bounds]


_REFUSES = kinds.made_for("automatic-speech-recognition", None)

RUNNERS: tuple[Runner, ...] = (
    Runner("automatic-speech-recognition",
           kinds.is_a("WhisperForConditionalGeneration", "Speech2TextForConditionalGeneration",
                      "MoonshineForConditionalGeneration", "SpeechEncoderDecoderModel"),
           functools.partial(audio_reading.load_with_words, "AutoModelForSpeechSeq2Seq"),
           functools.partial(transcribed, by_generation), _REFUSES),
    Runner("automatic-speech-recognition", kinds.is_a("ForCTC"),
           functools.partial(audio_reading.load_with_words, "AutoModelForCTC"),
           functools.partial(transcribed, by_ctc), _REFUSES),
)
