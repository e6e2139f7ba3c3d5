from __future__ import annotations

import pytest

from compegpt.errors import UsageError, status_of
from compegpt.tasks import ALIASES, TASKS, canonical, normalised_args

NAMED = [
    "fill-mask", "text-classification", "token-classification", "zero-shot-classification", "language-identification",
    "summarization", "translation", "question-answering", "text-generation", "text2text-generation", "conversational",
    "sentence-similarity", "feature-extraction", "keyword-extraction", "table-question-answering",
    "tabular-classification", "image-classification", "zero-shot-image-classification", "object-detection",
    "zero-shot-object-detection", "face-detection", "barcode-detection", "image-segmentation", "image-to-text", "ocr",
    "visual-question-answering", "document-question-answering", "depth-estimation", "image-to-image", "image-editing",
    "image-upscaling", "text-to-image", "canny-control", "lineart-control", "depth-control", "hed-control",
    "mlsd-control", "normal-control", "openpose-control", "scribble-control", "seg-control", "canny-text-to-image",
    "depth-text-to-image", "hed-text-to-image", "mlsd-text-to-image", "normal-text-to-image", "openpose-text-to-image",
    "scribble-text-to-image", "seg-text-to-image", "text-to-speech", "text-to-audio", "automatic-speech-recognition",
    "audio-to-audio", "audio-classification", "voice-activity-detection", "text-to-video", "image-to-video",
    "video-classification", "video-dubbing",
]


def test_every_task_type_of_the_contract_has_a_row_and_there_are_no_others() -> None:
    assert sorted(TASKS) == sorted(NAMED)


def test_every_alias_leads_to_a_task_type() -> None:
    assert set(ALIASES.values()) <= set(TASKS)


@pytest.mark.parametrize(("name", "task"), [
    ("Visual Question Answering", "visual-question-answering"), ("Image_Editing", "image-editing"),
    ("pose-detection", "openpose-control"), ("midas-control", "depth-control"), ("image-cls", "image-classification"),
    ("pose-text-to-image", "openpose-text-to-image"), (" OCR ", "ocr"),
])
def test_the_ancestors_names_are_accepted(name: str, task: str) -> None:
    assert canonical(name) == task


def test_an_unknown_task_type_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UsageError, match="summarization"):
        canonical("summarisationn")


@pytest.mark.parametrize(("task", "given", "wanted"), [
    ("sentence-similarity", {"text1": "a", "text2": "b"}, {"text": "a", "other": "b"}),
    ("question-answering", {"text": "who?", "context": "Ann."}, {"question": "who?", "context": "Ann."}),
    ("zero-shot-classification", {"text": "a", "labels": "sport, art"}, {"text": "a", "labels": ["sport", "art"]}),
    ("ocr", {"image": "a.png", "language": ""}, {"image": "a.png"}),
])
def test_other_spellings_of_arguments_are_normalised(task: str, given: dict[str, str], wanted: dict[str, str]) -> None:
    assert normalised_args(task, given) == wanted


@pytest.mark.parametrize(("code", "status"), [
    ("usage", 2), ("nothing_to_resume", 2), ("authentication", 3), ("transient", 5), ("deadline", 6), ("input", 1),
    ("no_expert", 1), ("whatever", 1),
])
def test_every_error_code_has_its_exit_status(code: str, status: int) -> None:
    assert status_of(code) == status
