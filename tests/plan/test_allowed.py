"""Plans for fewer task types than there are."""

from __future__ import annotations

from typing import Any

import pytest

from compegpt.plan.allowed import INSTEAD, instead, restricted
from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.plan.validate import problems
from compegpt.schema import Task
from compegpt.tasks import TASKS
from tests.fakes import task

SPEAK = task("text-to-speech", 1, (0,), text="<resource>-0")


def test_equivalents_are_task_types_and_keep_the_kind_of_the_result() -> None:
    for name, others in INSTEAD.items():
        assert name not in others
        assert all(TASKS[name].gives in TASKS[other].kinds for other in others), name


@pytest.mark.parametrize(("name", "allowed", "expected"), [
    ("ocr", None, "ocr"), ("ocr", {"ocr", "image-to-text"}, "ocr"), ("ocr", {"image-to-text"}, "image-to-text"),
    ("language-identification", {"token-classification"}, "token-classification"),
    ("keyword-extraction", {"token-classification"}, "token-classification"),
    ("video-dubbing", {"text-to-video"}, None)])
def test_the_nearest_equivalent_that_is_allowed(name: str, allowed: set[str] | None, expected: str | None) -> None:
    assert instead(name, allowed) == expected


CASES: dict[str, tuple[list[Task], set[str], list[Task]]] = {
    "kept": ([task("ocr", image="a.png"), SPEAK], {"ocr", "text-to-speech"}, [task("ocr", image="a.png"), SPEAK]),
    "replaced": ([task("ocr", image="a.png"), SPEAK], {"image-to-text", "text-to-speech"},
                 [task("image-to-text", image="a.png"), SPEAK]),
    "labels are left out": ([task("zero-shot-classification", text="x", labels=["a", "b"])], {"text-classification"},
                            [task("text-classification", text="x")]),
    "args by their kind": ([task("table-question-answering", question="Who?", table="t.csv")], {"question-answering"},
                           [task("question-answering", question="Who?", context="t.csv")]),
    "an arg is lacking": ([task("image-to-image", image="a.png")], {"image-editing"}, []),
    "the next equivalent": ([task("ocr", image="a.png")], {"document-question-answering"}, []),
    "no equivalent": ([task("video-dubbing", video="a.mp4", audio="b.wav")], {"text-to-speech"}, []),
    "its input is passed on": ([task("translation", text="hello", target="fr"), SPEAK], {"text-to-speech"},
                               [task("text-to-speech", 1, text="hello")]),
    "nothing to pass on": ([task("automatic-speech-recognition", audio="a.wav"), SPEAK], {"text-to-speech"}, []),
    "nothing further on": ([task("automatic-speech-recognition", audio="a.wav"),
                            task("translation", 1, (0,), text="<resource>-0", target="fr"),
                            task("text-to-speech", 2, (1,), text="<resource>-1")], {"text-to-speech"}, []),
    "among words": ([task("translation", text="hello", target="fr"),
                     task("text-generation", 1, (0,), text="Continue <resource>-0!")], {"text-generation"},
                    [task("text-generation", 1, text="Continue hello!")]),
}


@pytest.mark.parametrize(("plan", "allowed", "expected"), CASES.values(), ids=CASES)
def test_a_plan_is_restricted(plan: list[Task], allowed: set[str], expected: list[Task]) -> None:
    found = restricted(plan, allowed)
    assert found == expected
    assert problems(found) == []
    assert restricted(plan, None) == plan


REQUESTS: dict[str, tuple[str, set[str], list[str]]] = {
    "ocr": ("Read the text in sign.png", {"image-to-text"}, ["image-to-text"]),
    "language": ("Which language is 'Das ist gut' written in?", {"text-classification"}, ["text-classification"]),
    "keywords": ("Extract the keywords of 'Bees make honey from nectar'", {"token-classification"},
                 ["token-classification"]),
    "a conversion": ("Translate what sign.png says to French", {"image-to-text", "translation"},
                     ["image-to-text", "translation"]),
    "nothing": ("Draw a sheep", {"translation"}, []),
    "all": ("Draw a sheep", {*TASKS}, ["text-to-image"]),
}


@pytest.mark.parametrize(("text", "allowed", "expected"), REQUESTS.values(), ids=REQUESTS)
async def test_the_embedded_planner_takes_what_is_allowed(text: str, allowed: set[str], expected: list[str]) -> None:
    request: Any = {"text": text, "files": [], "thread": ""}
    proposal = await EmbeddedPlanner().plan(request, [], allowed)
    assert [one["task"] for one in proposal.tasks] == expected
    assert (proposal.confidence == 0.0) == (not expected)
