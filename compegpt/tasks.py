"""All task types: what they take, what they give, how their outputs are compared.

To add a task type: add a row here, an engine or hub call in a source, phrases for the planner's training, and a test.
Names are Hugging Face pipeline tags where one exists.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from compegpt.errors import UsageError
from compegpt.languages import code_of
from compegpt.schema import Kind

OutputKind = Literal["text", "labels", "spans", "boxes", "masks", "scores", "vectors", "image", "audio", "video"]
Comparison = Literal["meaning", "edit", "labels", "spans", "boxes", "masks", "scores", "vectors", "pictures", "sound"]
ArgKind = Literal["text", "image", "audio", "video", "labels", "language", "table"]

GIVES: dict[OutputKind, Kind] = {"image": "image", "audio": "audio", "video": "video"}
"""The kind a dependent gets from an output kind; text where it is not listed."""


@dataclass(frozen=True)
class TaskType:
    name: str
    needs: Mapping[str, ArgKind]
    """Required arguments and their kinds."""
    output: OutputKind
    compare: Comparison
    """How two outputs of this task are compared (`judge.similarity`)."""
    title: str
    """What it does, as the writer says it: "reading the text in a picture"."""
    accepts: Mapping[str, ArgKind] = field(default_factory=dict)
    """Optional arguments."""
    empty_counts: bool = False
    """Whether "nothing found" is an answer that agreement can make win."""
    pipeline_tag: str | None = None
    """The hub's tag where it is not the name."""
    about: str | None = None
    """The argument that an answer should be about, where both are in one language."""

    @property
    def args(self) -> dict[str, ArgKind]:
        return {**self.needs, **self.accepts}

    @property
    def gives(self) -> Kind:
        return GIVES.get(self.output, "text")

    @property
    def kinds(self) -> frozenset[Kind]:
        """All that a dependent can get from it: beside boxes and masks stands the picture with them drawn."""
        return frozenset({self.gives, "image"}) if self.output in ("boxes", "masks") else frozenset({self.gives})


_TEXT: dict[str, ArgKind] = {"text": "text"}
_IMAGE: dict[str, ArgKind] = {"image": "image"}
_AUDIO: dict[str, ArgKind] = {"audio": "audio"}
_VIDEO: dict[str, ArgKind] = {"video": "video"}
_ASK: dict[str, ArgKind] = {"text": "text", "image": "image"}
_CONTROLS = ("canny", "lineart", "depth", "hed", "mlsd", "normal", "openpose", "scribble", "seg")

_ROWS = (
    # text
    TaskType("fill-mask", _TEXT, "labels", "labels", "filling in a masked word"),
    TaskType("text-classification", _TEXT, "labels", "labels", "telling the sentiment of a text"),
    TaskType("token-classification", _TEXT, "spans", "spans", "finding names in a text", empty_counts=True),
    TaskType("zero-shot-classification", {"text": "text", "labels": "labels"}, "labels", "labels",
             "sorting a text into given labels"),
    TaskType("language-identification", _TEXT, "labels", "labels", "telling the language of a text",
             pipeline_tag="text-classification"),
    TaskType("summarization", _TEXT, "text", "meaning", "summarizing a text", accepts={"sentences": "text"},
             about="text"),
    TaskType("translation", {"text": "text", "target": "language"}, "text", "meaning", "translating a text",
             accepts={"source": "language"}),
    TaskType("question-answering", {"question": "text", "context": "text"}, "text", "meaning",
             "answering a question from a text", about="question"),
    TaskType("text-generation", _TEXT, "text", "meaning", "writing a text", about="text"),
    TaskType("text2text-generation", _TEXT, "text", "meaning", "rewriting a text", pipeline_tag="text-generation"),
    TaskType("conversational", _TEXT, "text", "meaning", "holding a conversation", pipeline_tag="text-generation",
             about="text"),
    TaskType("sentence-similarity", {"text": "text", "other": "text"}, "scores", "scores", "comparing two texts"),
    TaskType("feature-extraction", _TEXT, "vectors", "vectors", "turning a text into a vector"),
    TaskType("keyword-extraction", _TEXT, "spans", "spans", "finding the keywords of a text", accepts={"count": "text"},
             pipeline_tag="token-classification"),
    TaskType("table-question-answering", {"question": "text", "table": "table"}, "text", "edit",
             "answering a question from a table"),
    TaskType("tabular-classification", {"table": "table"}, "labels", "labels", "classifying the rows of a table"),
    # image in
    TaskType("image-classification", _IMAGE, "labels", "labels", "telling what a picture shows"),
    TaskType("zero-shot-image-classification", {"image": "image", "labels": "labels"}, "labels", "labels",
             "sorting a picture into given labels"),
    TaskType("object-detection", _IMAGE, "boxes", "boxes", "finding objects in a picture", empty_counts=True),
    TaskType("zero-shot-object-detection", {"image": "image", "labels": "labels"}, "boxes", "boxes",
             "finding given objects in a picture", empty_counts=True),
    TaskType("face-detection", _IMAGE, "boxes", "boxes", "finding faces in a picture", empty_counts=True,
             pipeline_tag="object-detection"),
    TaskType("barcode-detection", _IMAGE, "boxes", "boxes", "reading the codes in a picture", empty_counts=True,
             pipeline_tag="object-detection"),
    TaskType("image-segmentation", _IMAGE, "masks", "masks", "dividing a picture into regions"),
    TaskType("image-to-text", _IMAGE, "text", "meaning", "describing a picture", pipeline_tag="image-text-to-text"),
    TaskType("ocr", _IMAGE, "text", "edit", "reading the text in a picture", empty_counts=True,
             accepts={"language": "language"}, pipeline_tag="image-to-text"),
    TaskType("visual-question-answering", _ASK, "text", "meaning", "answering a question about a picture"),
    TaskType("document-question-answering", _ASK, "text", "edit", "answering a question about a document"),
    TaskType("depth-estimation", _IMAGE, "image", "pictures", "estimating depth in a picture"),
    TaskType("image-to-image", _IMAGE, "image", "pictures", "restyling a picture", accepts=_TEXT),
    TaskType("image-editing", _ASK, "image", "pictures", "editing a picture as told", pipeline_tag="image-to-image"),
    TaskType("image-upscaling", _IMAGE, "image", "pictures", "enlarging and sharpening a picture",
             pipeline_tag="image-to-image"),
    # image out
    TaskType("text-to-image", _TEXT, "image", "pictures", "drawing a picture from words"),
    *(TaskType(f"{control}-control", _IMAGE, "image", "pictures", f"making the {control} picture of a picture",
               pipeline_tag="image-to-image") for control in _CONTROLS),
    *(TaskType(f"{control}-text-to-image", _ASK, "image", "pictures", f"drawing from words along a {control} picture",
               pipeline_tag="image-to-image") for control in _CONTROLS if control != "lineart"),
    # audio
    TaskType("text-to-speech", _TEXT, "audio", "sound", "reading a text aloud", accepts={"language": "language"}),
    TaskType("text-to-audio", _TEXT, "audio", "sound", "making sound from words"),
    TaskType("automatic-speech-recognition", _AUDIO, "text", "edit", "writing down speech", empty_counts=True),
    TaskType("audio-to-audio", _AUDIO, "audio", "sound", "cleaning a recording"),
    TaskType("audio-classification", _AUDIO, "labels", "labels", "telling what a recording holds"),
    TaskType("voice-activity-detection", _AUDIO, "spans", "spans", "finding speech in a recording", empty_counts=True),
    # video
    TaskType("text-to-video", _TEXT, "video", "pictures", "making a video from words"),
    TaskType("image-to-video", _IMAGE, "video", "pictures", "making a video from a picture", accepts=_TEXT),
    TaskType("video-classification", _VIDEO, "labels", "labels", "telling what a video shows"),
    TaskType("video-dubbing", {"video": "video", "audio": "audio"}, "video", "pictures", "putting speech on a video"),
)

TASKS: dict[str, TaskType] = {row.name: row for row in _ROWS}

ALIASES: dict[str, str] = {
    "image-cls": "image-classification", "image-captioning": "image-to-text", "image-caption": "image-to-text",
    "asr": "automatic-speech-recognition", "speech-to-text": "automatic-speech-recognition", "tts": "text-to-speech",
    "vad": "voice-activity-detection", "summarisation": "summarization", "sentiment-analysis": "text-classification",
    "sentiment": "text-classification", "ner": "token-classification", "language-detection": "language-identification",
    "optical-character-recognition": "ocr", "document-ocr": "ocr", "image-text-extraction": "ocr",
    "vqa": "visual-question-answering", "docvqa": "document-question-answering", "qa": "question-answering",
    "super-resolution": "image-upscaling", "image-super-resolution": "image-upscaling",
    "speech-enhancement": "audio-to-audio", "qr-code-reading": "barcode-detection",
    "pose-detection": "openpose-control", "pose-control": "openpose-control", "midas-control": "depth-control",
    "canny-edge-detection": "canny-control", "edge-detection": "canny-control", "line-art": "lineart-control",
    "depth-detection": "depth-control", "scribble-detection": "scribble-control", "seg-detection": "seg-control",
    "pose-text-to-image": "openpose-text-to-image", "midas-text-to-image": "depth-text-to-image",
    "text2image": "text-to-image", "text2video": "text-to-video", "image2video": "image-to-video",
    "text-to-music": "text-to-audio", "sentence-embedding": "feature-extraction", "dubbing": "video-dubbing",
}
"""Names the ancestors' prompts and TaskBench use."""


def canonical(name: str) -> str:
    """The task type a name means: case, blanks, underscores and the ancestors' aliases are accepted.

    Raises UsageError, with the nearest known names, where it means none.
    """
    key = "-".join(name.strip().lower().replace("_", " ").replace("-", " ").split())
    key = ALIASES.get(key, key)
    if key in TASKS:
        return key
    near = difflib.get_close_matches(key, [*TASKS, *ALIASES], n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else "; `python main.py experts` lists the task types."
    raise UsageError(f"There is no task type '{name[:60]}'{hint}")


def normalised_args(task: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments under our names: TaskBench's and JARVIS's spellings renamed, empty ones dropped."""
    named = dict(args)
    if task == "sentence-similarity":
        _rename(named, {"text1": "text", "text2": "other", "sentence1": "text", "sentence2": "other"})
    if task in ("question-answering", "table-question-answering"):
        _rename(named, {"text": "question"} if "context" in named or "table" in named else {"text": "context"})
    if "labels" in TASKS[task].args and isinstance(named.get("labels"), str):
        named["labels"] = [label.strip() for label in named["labels"].split(",") if label.strip()]
    _rename(named, {"document": "image", "speech": "audio", "src_lang": "source", "tgt_lang": "target"})
    for key in (key for key, kind in TASKS[task].args.items() if kind == "language"):
        if isinstance(given := named.get(key), str):
            named[key] = "" if given.strip().lower() in _ANY_LANGUAGE else code_of(given) or given
    return {key: value for key, value in named.items() if value not in (None, "", [])}


_ANY_LANGUAGE = ("auto", "detect", "auto-detect", "any", "unknown")


def _rename(args: dict[str, Any], names: Mapping[str, str]) -> None:
    for old, new in names.items():
        if old in args and new not in args:
            args[new] = args.pop(old)
