"""The example phrasings and cues: fresh, and only of task types that exist."""

from __future__ import annotations

from compegpt.embed import shared_encoder
from compegpt.plan import examples
from compegpt.plan.cues import table
from compegpt.tasks import TASKS


def test_the_embeddings_are_those_of_the_phrasings() -> None:
    assert examples.stored_fingerprint() == examples.fingerprint(), "run python -m compegpt.plan.examples"


def test_phrasings_and_cues_are_of_known_tasks() -> None:
    near = examples.nearness(shared_encoder().encode(["read the text in the image"])[0])
    assert set(near) <= {*TASKS, examples.NONE}
    assert {task for task, *_ in table()} <= set(TASKS)


def test_a_phrasing_is_nearest_to_its_own_task() -> None:
    near = examples.nearness(shared_encoder().encode(["what does the sign in the image say?"])[0])
    assert max(near, key=lambda task: near[task]) == "ocr"


def test_a_mention_is_embedded_by_its_kind() -> None:
    assert examples.rendered("read the file ⟦image3⟧ aloud") == "read the image aloud"
