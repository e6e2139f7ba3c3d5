"""What a recording holds, by classifiers of sound."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub.outputs import ranked
from compegpt.sources.local import audio_reading, kinds
from compegpt.sources.local.runner import Loaded, Runner
from compegpt.sources.local.text_labels import labelled

MOST_SECONDS = 30.0


def classified(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """Classes by the model's own names, over the first half minute."""
    samples, recording = audio_reading.heard(loaded, args["audio"], MOST_SECONDS)
    logits = loaded.model(**audio_reading.features(loaded, samples)).logits[0].float()
    config = loaded.model.config
    several = config.problem_type == "multi_label_classification"
    scores = logits.sigmoid() if several else logits.softmax(-1)
    return ranked(labelled(scores.tolist(), config.id2label), recording.note)


RUNNERS: tuple[Runner, ...] = (
    Runner("audio-classification",
           kinds.both(kinds.is_a("ForSequenceClassification", "ForAudioClassification"), kinds.hears),
           functools.partial(audio_reading.load, "AutoModelForAudioClassification"),
           classified, kinds.made_for("audio-classification", None)),
)
