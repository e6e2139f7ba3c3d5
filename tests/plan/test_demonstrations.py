"""The demonstrations: sound plans over files that they name, covering every task, and the nearest of them found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from compegpt.embed import Array, MiniLM, shared_encoder
from compegpt.plan import demonstrations
from compegpt.plan.demonstrations import SHOWN, Demonstration, Demonstrations, all_of_them
from compegpt.plan.given import Given, bound
from compegpt.plan.reading import EARLIER, reading
from compegpt.plan.validate import problems, validated
from compegpt.tasks import TASKS
from tests.fakes import FakeEncoder

ALL = all_of_them()


@pytest.mark.parametrize("one", ALL, ids=[one.request[:40] for one in ALL])
def test_a_demonstration_is_a_plan_that_could_be_run(one: Demonstration) -> None:
    tasks = list(one.tasks)
    conversation = str(one.conversation)
    assert problems(tasks) == []
    assert validated(tasks) == tasks
    assert bound(tasks, Given(one.request + conversation, one.files, [])) == (tasks, [])
    assert all(handle[0] in conversation for task in tasks for value in task["args"].values()
               for handle in EARLIER.finditer(str(value)))
    assert (one.reply is None) is bool(tasks)
    assert reading(one.shown().split("\n")[-1]).tasks == tasks


def test_every_task_type_is_demonstrated() -> None:
    assert {task["task"] for one in ALL for task in one.tasks} == set(TASKS)


def test_no_request_is_demonstrated_twice() -> None:
    assert len({one.request for one in ALL}) == len(ALL) >= 40


def test_the_embeddings_that_ship_are_fresh() -> None:
    stored = demonstrations._stored()
    assert stored is not None, "run python -m compegpt.plan.demonstrations"
    assert np.abs(stored - demonstrations._encoded(shared_encoder())).max() < 1e-3


@pytest.mark.parametrize(("request_", "files", "task"), [
    ("What is written in scan.png?", (), "ocr"),
    ("Give me the gist of report.txt", (), "summarization"),
    ("Add a spoken translation to film.mp4", (), "video-dubbing"),
    ("How many cows are there in a.jpg and b.jpg?", (), "object-detection"),
    ("What did she say?", ("/tmp/voice.wav",), "automatic-speech-recognition"),
    ("Paint a castle in the pose of x.png", (), "openpose-text-to-image"),
])
def test_the_nearest_show_what_is_needed(request_: str, files: tuple[str, ...], task: str) -> None:
    chosen = Demonstrations(shared_encoder(), set(TASKS)).nearest(request_, files, False)
    assert len(chosen) == SHOWN
    assert task in {step["task"] for one in chosen for step in one.tasks}


def test_a_plain_reply_and_for_a_follow_up_a_conversation_are_always_shown() -> None:
    known = Demonstrations(FakeEncoder(), set(TASKS))
    first = known.nearest("Read a.png", (), False)
    assert (any(not one.tasks for one in first), any(one.conversation for one in first)) == (True, False)
    later = known.nearest("Read a.png", (), True)
    assert len(later) == SHOWN
    assert any(one.conversation for one in later)


def test_only_offered_tasks_are_demonstrated() -> None:
    chosen = Demonstrations(FakeEncoder(), {"ocr", "translation"}).nearest("Draw a fox", (), False)
    assert {task["task"] for one in chosen for task in one.tasks} <= {"ocr", "translation"}


class Counting(MiniLM):
    """Counts what it encodes."""

    encoded = 0

    def encode(self, texts: Sequence[str]) -> Array:
        self.encoded += len(texts)
        return super().encode(texts)


def test_no_demonstration_is_encoded_at_run_time_with_the_shipped_encoder() -> None:
    encoder = Counting()
    known = Demonstrations(encoder, set(TASKS))
    known.nearest("Read a.png", (), False)
    known.nearest("Draw b.png " * 9_000, ["/x/b.png"], False)
    assert encoder.encoded == 2
