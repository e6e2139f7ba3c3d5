"""Made-up requests: what they say is what their plans hold."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from compegpt.embed import shared_encoder
from compegpt.plan.shape import TYPES
from compegpt.plan.train import following, requests, sharing, targets
from compegpt.plan.train.bank import FORMS, phrases
from compegpt.plan.train.sample import Sample
from compegpt.tasks import TASKS

TOKENIZER = shared_encoder().tokenizer


def some(count: int, seed: int = 3) -> list[Sample]:
    rng = random.Random(seed)
    return [requests.made(rng) for _ in range(count)]


def test_every_task_type_has_phrases_and_every_phrase_its_slots() -> None:
    assert set(phrases()) == set(TASKS)
    known = {"x", "y", "text", "question", "language", "labels"}
    for task, each in phrases().items():
        assert each.do, task
        assert each.ask, task
        for form in FORMS:
            for line in each.of(form):
                slots = {part.partition("}")[0] for part in line.split("{")[1:]}
                assert slots <= known, (task, line)


def test_the_same_seed_makes_the_same_requests() -> None:
    assert [sample.text for sample in some(50)] == [sample.text for sample in some(50)]


def test_files_and_quotes_of_a_plan_stand_in_its_request_as_it_is_read() -> None:
    samples = some(400)
    read = [targets.of_sample(sample, TOKENIZER) for sample in samples]
    assert sum(example is None for example in read) < 0.06 * len(read)
    for sample, example in zip(samples, read, strict=True):
        if example is not None:
            assert sum(example.counts.values()) == len(sample.steps)
            assert all(source < len(example.sources) for _, source in example.brings)


def test_plans_have_no_circles_and_results_fit() -> None:
    for sample in some(400):
        for number, step in enumerate(sample.steps):
            assert all(producer < number for producer in step.takes)
            assert step.task in TASKS


def test_the_words_of_a_drawing_are_its_span() -> None:
    found = 0
    for sample in some(2400):
        own = [piece.text for piece in sample.line if piece.words_of >= 0]
        if [step.task for step in sample.steps] != ["text-to-image"] or not own:
            continue
        if (example := targets.of_sample(sample, TOKENIZER)) is not None:
            first, last = example.spans[TYPES.index("text-to-image")]
            said = TOKENIZER.decode(example.ids[first : last + 1])
            assert said.replace(" ", "")[:12] == own[0].lower().replace(" ", "")[: len(said.replace(" ", "")[:12])]
            found += 1
    assert found > 3


@pytest.mark.parametrize("kind", [requests.single, requests.steps, requests.nested, requests.apart, following.follow_up,
                                  sharing.several_files, sharing.shared_thing, sharing.shared_object])
def test_each_kind_of_request_has_steps(kind: Callable[[random.Random], Sample]) -> None:
    rng = random.Random(11)
    assert all(kind(rng).steps for _ in range(40))


def test_chat_asks_for_nothing() -> None:
    assert not any(requests.chat(random.Random(seed)).steps for seed in range(30))
