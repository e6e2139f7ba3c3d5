"""What loaded models are counted with."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from compegpt.errors import ExpertGone
from compegpt.sources.local.memory import Models, held_bytes


@dataclass
class Tensor:
    size: int

    def data_ptr(self) -> int:
        return id(self)

    def numel(self) -> int:
        return self.size

    def element_size(self) -> int:
        return 1


@dataclass
class Module:
    tensors: list[Tensor]

    def parameters(self) -> list[Tensor]:
        return self.tensors

    def buffers(self) -> list[Tensor]:
        return []


async def use(models: Models, name: str, size: int, held: int) -> Any:
    return await models.use(name, size, lambda: Module([Tensor(held)]), lambda model: name)


async def test_what_a_model_really_takes_counts_once_it_is_there() -> None:
    models = Models(30)
    await use(models, "a", 10, 5)
    await use(models, "b", 10, 20)
    assert (models.held, models.used) == (["a", "b"], 25)
    await use(models, "c", 5, 20)
    assert (models.held, models.used) == (["c"], 20)


async def test_a_model_that_turns_out_larger_than_all_there_is_is_refused() -> None:
    models = Models(30)
    with pytest.raises(ExpertGone, match="use a smaller one"):
        await use(models, "a", 10, 40)
    assert models.held == []


def test_shared_weights_count_once() -> None:
    shared = Tensor(7)
    assert held_bytes(Module([shared, shared, Tensor(3)])) == 10


def test_a_pipeline_takes_what_its_parts_take() -> None:
    parts = {"unet": Module([Tensor(7)]), "vae": Module([Tensor(4)]), "scheduler": SimpleNamespace(parameters={})}
    assert held_bytes(SimpleNamespace(components=parts)) == 11
