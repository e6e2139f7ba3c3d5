"""How each task type is put to a model of the Hub: one row for each way of calling it.

To make a task type callable: add a row (what the provider serves, the client's method, how our args become its
arguments, how its answer becomes our output), a canned answer to `tests/loopback/inference.py`, and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compegpt.errors import InputError
from compegpt.languages import LANGUAGES
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.words import guessed_language
from compegpt.sources.hub import chats, outputs, pictures, recordings, spans
from compegpt.sources.hub.labels import FLORES, MBART
from compegpt.sources.hub.model import Model
from compegpt.sources.hub.tables import columns
from compegpt.tasks import TASKS

MOST_NEW_TOKENS = 512

Args = Mapping[str, Any]
Given = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and named arguments of the client's method."""


@dataclass(frozen=True)
class Asked:
    """What an answer is read for."""

    task: str
    args: Args
    model: Model
    store: Store


@dataclass(frozen=True)
class Way:
    """One way of calling a model for a task type."""

    serves: tuple[str, ...]
    """What `Provider.task` must be; the first is the client's own name of the task."""
    method: str | None
    """Of AsyncInferenceClient; None where it has none and the task is posted."""
    given: Callable[[Args, Model], Given]
    read: Callable[[Any, Asked], Finding]

    @property
    def task(self) -> str:
        return self.serves[0]

    @property
    def chat(self) -> bool:
        return self.method == "chat_completion"


def _texts(*names: str, **more: Any) -> Callable[[Args, Model], Given]:
    return lambda args, model: (tuple(args[name] for name in names), dict(more))


def _picture(*names: str, **more: str) -> Callable[[Args, Model], Given]:
    """The picture, then arguments by place; `more` are arguments by name, each of one of ours where it is there."""
    return lambda args, model: ((pictures.payload(args["image"]), *(args[name] for name in names)),
                                {name: args[ours] for name, ours in more.items() if args.get(ours)})


def _audio(args: Args, model: Model) -> Given:
    return (recordings.payload(args["audio"]),), {}


def _two_labels(given: Callable[[Args, Model], Given]) -> Callable[[Args, Model], Given]:
    def checked(args: Args, model: Model) -> Given:
        if len(set(args["labels"])) < 2:
            raise InputError("At least two labels are needed to choose from; give more.")
        return given(args, model)

    return checked


def _table(*names: str) -> Callable[[Args, Model], Given]:
    return lambda args, model: ((columns(args["table"]), *(args[name] for name in names)), {})


def _translated(args: Args, model: Model) -> Given:
    """Languages in the model's own codes, as far as it wants to be told them; pairs like opus-mt know theirs."""
    name, target = model.id.lower(), str(args["target"])
    codes = next((table for sign, table in (("nllb", FLORES), ("mbart", MBART)) if sign in name), LANGUAGES)
    told = codes is not LANGUAGES or any(sign in name for sign in ("m2m", "t5", "small100", "seamless"))
    if not told:
        return (args["text"],), {}
    source = str(args.get("source") or guessed_language(args["text"]))
    if source not in codes or target not in codes:
        raise InputError(f"{model.id} does not translate from '{source}' to '{target}'.")
    plain = codes is LANGUAGES
    return (args["text"],), {"src_lang": source if plain else codes[source],
                             "tgt_lang": target if plain else codes[target]}


def _chat(task: str) -> Way:
    return Way(("conversational", "image-text-to-text") if "image" in TASKS[task].args else ("conversational",),
               "chat_completion",
               lambda args, model: ((chats.messages(task, args),), {"max_tokens": chats.MOST_TOKENS}),
               lambda answer, asked: chats.reply(answer, task, asked.args))


def _field(name: str, read: Callable[[Any], Finding]) -> Callable[[Any, Asked], Finding]:
    """One field of the answer, also under the name that all models of this kind once gave it."""
    return lambda answer, asked: read(outputs.field(answer, name, "generated_text"))


def _about_sentiment(model: Model) -> bool:
    return any("sentiment" in word.lower() for word in (model.id, *model.tags))


def _keywords(answer: Any, asked: Asked) -> Finding:
    count = str(asked.args.get("count", ""))
    return spans.keywords(answer, asked.args["text"], int(count) if count.isdigit() else None)


def _cosine(answer: Any, asked: Asked) -> Finding:
    """Of the vectors of two texts."""
    import numpy as np

    if isinstance(answer, Mapping) or len(answer) != 2:
        raise outputs.unreadable("two vectors", answer)
    first, second = (np.array(outputs.vector(one).output["data"]) for one in answer)
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return outputs.similarity([float(first @ second) / length if length else 0.0])


def _made(answer: Any, asked: Asked) -> Finding:
    return pictures.made(answer, asked.store)


def _sound(answer: Any, asked: Asked) -> Finding:
    return recordings.kept(answer, "audio", asked.store)


def _video(answer: Any, asked: Asked) -> Finding:
    return recordings.kept(answer, "video", asked.store)


def _written(task: str) -> Way:
    return Way((task, *({"text-generation", "text2text-generation"} - {task})), "text_generation",
               _texts("text", max_new_tokens=MOST_NEW_TOKENS),
               lambda answer, asked: outputs.text(
                   answer if isinstance(answer, str) else outputs.field(answer, "generated_text"), asked.args["text"]))


_CLASSES = ("text-classification",)
_PAINTED = Way(("image-to-image",), "image_to_image", _picture(prompt="text"), _made)

WAYS: dict[str, tuple[Way, ...]] = {
    "fill-mask": (Way(("fill-mask",), "fill_mask", _texts("text"), lambda answer, asked: outputs.masked(answer)),),
    "text-classification": (Way(_CLASSES, "text_classification", _texts("text"), lambda answer, asked:
                                outputs.sentiment(answer, _about_sentiment(asked.model))),),
    "language-identification": (Way(_CLASSES, "text_classification", _texts("text"),
                                    lambda answer, asked: outputs.languages(answer)),),
    "token-classification": (Way(("token-classification",), "token_classification",
                                 _texts("text", aggregation_strategy="simple"),
                                 lambda answer, asked: spans.entities(answer, asked.args["text"])),),
    "keyword-extraction": (Way(("token-classification",), "token_classification",
                               _texts("text", aggregation_strategy="simple"), _keywords),),
    "zero-shot-classification": (Way(("zero-shot-classification",), "zero_shot_classification",
                                     _texts("text", "labels"),
                                     lambda answer, asked: outputs.offered(answer, asked.args["labels"])),),
    "summarization": (Way(("summarization",), "summarization", _texts("text"), _field("summary_text", outputs.text)),
                      _chat("summarization")),
    "translation": (Way(("translation",), "translation", _translated, _field("translation_text", outputs.text)),
                    _chat("translation")),
    "question-answering": (Way(("question-answering",), "question_answering", _texts("question", "context"),
                               lambda answer, asked: outputs.answer(answer)),),
    "text-generation": (_written("text-generation"), _chat("text-generation")),
    "text2text-generation": (_written("text-generation"), _chat("text2text-generation")),
    "conversational": (_chat("conversational"), _written("text-generation")),
    "sentence-similarity": (
        Way(("sentence-similarity",), "sentence_similarity", lambda args, model: ((args["text"], [args["other"]]), {}),
            lambda answer, asked: outputs.similarity(answer)),
        Way(("feature-extraction",), "feature_extraction", lambda args, model: (([args["text"], args["other"]],), {}),
            _cosine)),
    "feature-extraction": (Way(("feature-extraction", "sentence-similarity"), "feature_extraction", _texts("text"),
                               lambda answer, asked: outputs.vector(answer)),),
    "table-question-answering": (Way(("table-question-answering",), "table_question_answering", _table("question"),
                                     lambda answer, asked: outputs.table_answer(answer)),),
    "tabular-classification": (Way(("tabular-classification",), "tabular_classification", _table(),
                                   lambda answer, asked: outputs.rows(answer)),),
    "image-classification": (Way(("image-classification",), "image_classification", _picture(),
                                 lambda answer, asked: outputs.classes(answer)),),
    "zero-shot-image-classification": (Way(("zero-shot-image-classification",), "zero_shot_image_classification",
                                           _two_labels(_picture("labels")),
                                           lambda answer, asked: outputs.offered(answer, asked.args["labels"])),),
    "object-detection": (Way(("object-detection",), "object_detection", _picture(), lambda answer, asked:
                             pictures.boxes(answer, asked.args["image"], asked.store)),),
    "zero-shot-object-detection": (Way(("zero-shot-object-detection",), None, _picture(candidate_labels="labels"),
                                       lambda answer, asked:
                                       pictures.boxes(answer, asked.args["image"], asked.store)),),
    "face-detection": (Way(("object-detection",), "object_detection", _picture(), lambda answer, asked:
                           pictures.faces(answer, asked.args["image"], asked.store)),),
    "image-segmentation": (Way(("image-segmentation",), "image_segmentation", _picture(), lambda answer, asked:
                               pictures.masks(answer, asked.args["image"], asked.store)),),
    "image-to-text": (Way(("image-to-text",), "image_to_text", _picture(), _field("generated_text", outputs.text)),
                      _chat("image-to-text")),
    "ocr": (Way(("image-to-text",), "image_to_text", _picture(), _field("generated_text", outputs.found_text)),
            _chat("ocr")),
    "visual-question-answering": (Way(("visual-question-answering",), "visual_question_answering", _picture("text"),
                                      lambda answer, asked: outputs.answer(answer)),
                                  _chat("visual-question-answering")),
    "document-question-answering": (Way(("document-question-answering",), "document_question_answering",
                                        _picture("text"), lambda answer, asked: outputs.answer(answer)),
                                    _chat("document-question-answering")),
    "depth-estimation": (Way(("depth-estimation",), None, _picture(),
                             lambda answer, asked: pictures.depth(answer, asked.store)),),
    "depth-control": (Way(("depth-estimation",), None, _picture(),
                          lambda answer, asked: pictures.depth(answer, asked.store)),),
    **dict.fromkeys(("image-to-image", "image-editing", "image-upscaling"), (_PAINTED,)),
    **dict.fromkeys((name for name in TASKS if name.endswith("-text-to-image")), (_PAINTED,)),
    **dict.fromkeys((name for name in TASKS if name.endswith("-control") and name != "depth-control"), (_PAINTED,)),
    "text-to-image": (Way(("text-to-image",), "text_to_image", _texts("text"), _made),),
    "text-to-speech": (Way(("text-to-speech", "text-to-audio"), "text_to_speech", _texts("text"), _sound),),
    "text-to-audio": (Way(("text-to-speech", "text-to-audio"), "text_to_speech", _texts("text"), _sound),),
    "automatic-speech-recognition": (Way(("automatic-speech-recognition",), "automatic_speech_recognition", _audio,
                                         _field("text", outputs.found_text)),),
    "audio-to-audio": (Way(("audio-to-audio",), "audio_to_audio", _audio,
                           lambda answer, asked: recordings.track(answer, asked.store)),),
    "audio-classification": (Way(("audio-classification",), "audio_classification", _audio,
                                 lambda answer, asked: outputs.classes(answer)),),
    "text-to-video": (Way(("text-to-video",), "text_to_video", _texts("text"), _video),),
    "image-to-video": (Way(("image-to-video",), "image_to_video", _picture(prompt="text"), _video),),
}
"""The ways of each task type, the one to prefer first."""
