"""The local source runs a model: found, loaded once, on its device, within the memory."""

from __future__ import annotations

import asyncio
import functools
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.board import Race
from compegpt.errors import ConfigurationError, ExpertGone
from compegpt.execute.guard import once_ready
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import source as module
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.source import Local
from tests.sources.local import tiny
from tests.sources.local.shelves import SENTIMENT, cached, expert, local


async def test_a_device_that_is_not_there_is_refused_on_first_use(tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="torch finds no such device here; set it to auto or cpu"):
        await local(tmp_path, device="cuda").run(expert("local:org/model"), {}, Store(tmp_path))


async def test_a_model_that_has_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExpertGone, match="org/model is not on this machine any more"):
        await local(tmp_path).run(expert("local:org/model"), {}, Store(tmp_path))


class Bench:
    """A runner whose loads and runs are counted."""

    def __init__(self, error: Exception | None = None) -> None:
        self.loads: list[Checkpoint] = []
        self.error = error

    def runner(self, task: str) -> Runner:
        def load(checkpoint: Checkpoint, device: str) -> Loaded:
            self.loads.append(checkpoint)
            if self.error:
                raise self.error
            return Loaded("model", None, device, checkpoint)

        def run(loaded: Loaded, args: Any, store: Store) -> Finding:
            import torch

            return Finding({"text": f"{loaded.device} {args['text']} {torch.is_inference_mode_enabled()}"})

        return Runner(task, lambda checkpoint: True, load, run)


def use(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    made = functools.cache(bench.runner)
    monkeypatch.setattr(module, "runners", lambda task: (made(task),))


@pytest.mark.parametrize(("tasks", "wanted"), [(["fill-mask"], True), (["text-classification"], False), ([], False)])
async def test_libraries_are_loaded_ahead_where_a_model_will_want_them(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: list[str], wanted: bool) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(module, "warm", lambda: loop.call_soon_threadsafe(begun.set))
    cached(tmp_path, "org/model", "BertForMaskedLM")
    source = local(tmp_path)
    await source.prepare(tasks)
    await asyncio.gather(*source._looks)
    assert (source._warming is not None) == wanted
    if wanted:
        await begun.wait()


async def test_a_model_runs_on_the_device_without_gradients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Bench())
    cached(tmp_path, "org/model")
    finding = await local(tmp_path).run(expert("local:org/model"), {"text": "hello"}, Store(tmp_path))
    assert finding.output == {"text": "cpu hello True"}


async def test_libraries_are_there_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, order = Bench(), list[str]()
    use(monkeypatch, bench)
    monkeypatch.setattr(module, "warm", lambda: order.append(f"warm, {len(bench.loads)} loaded"))
    source = local(tmp_path, Checkpoint("mine", cached(tmp_path, "org/model")))
    await source.prepare(["text-classification"])
    await asyncio.gather(*(source.run(expert("local:mine"), {"text": "hello"}, Store(tmp_path)) for _ in range(2)))
    assert (order, len(bench.loads)) == (["warm, 0 loaded"], 1)


async def test_what_is_beside_a_model_is_resolved_before_it_is_loaded(tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    use(monkeypatch, bench)
    there = cached(tmp_path, "org/control")
    own = Checkpoint("mine", cached(tmp_path, "org/model"),
                     beside={"controlnet": "org/control", "other": str(tmp_path)})
    await local(tmp_path, own).run(expert("local:mine"), {"text": "hello"}, Store(tmp_path))
    assert bench.loads[0].beside == {"controlnet": str(there), "other": str(tmp_path)}


async def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Bench(ModuleNotFoundError("No module named 'sentencepiece'")))
    cached(tmp_path, "org/model")
    with pytest.raises(ExpertGone, match="needs a Python package that is not here: No module named 'sentencepiece'"):
        await local(tmp_path).run(expert("local:org/model"), {"text": "hello"}, Store(tmp_path))


async def test_a_model_larger_than_the_memory_that_is_set_is_refused(tmp_path: Path) -> None:
    cached(tmp_path, "org/sentiment", **SENTIMENT)
    source = local(tmp_path, local_memory=0.000000001)
    with pytest.raises(ExpertGone, match="set COMPEGPT_LOCAL_MEMORY to more"):
        await source.run(expert("local:org/sentiment"), {"text": "hello"}, Store(tmp_path))


def made(folder: Path, name: str, seed: int) -> Checkpoint:
    """A tiny classifier in the cache, in full."""
    from transformers import BertConfig, BertForSequenceClassification

    words = tiny.tokenizer()
    with tiny.seeded(seed):
        model = BertForSequenceClassification(BertConfig(**tiny.bert_sizes(words)))
    checkpoint = tiny.saved(folder / "made", model, words)
    place = tiny.in_hub_cache(folder / "home" / "hub", name, folder / "made")
    return replace(checkpoint, folder=place, name=name)


async def test_models_take_turns_in_a_small_memory(tmp_path: Path) -> None:
    names = ["org/sentiment-a", "org/sentiment-b"]
    sizes = [made(tmp_path, name, seed).bytes for seed, name in enumerate(names)]
    source = local(tmp_path, local_memory=1.5 * max(sizes) / 1e9, device="cpu")
    alone = local(tmp_path, device="cpu")

    async def ran(of: Local, name: str) -> Any:
        return (await of.run(expert(f"local:{name}"), {"text": "The film is good"}, Store(tmp_path))).output

    expected = {name: await ran(alone, name) for name in names}
    got = await asyncio.gather(*(ran(source, name) for name in names * 3))
    assert got == [expected[name] for name in names * 3]
    assert expected[names[0]] != expected[names[1]]


async def test_a_model_stays_in_memory_from_its_load_to_its_call(tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    bench, names = Bench(), ["local:org/a", "local:org/b", "local:org/c"]
    use(monkeypatch, bench)
    for name in names:
        cached(tmp_path, name.removeprefix("local:"))
    monkeypatch.setattr(module, "_size", lambda checkpoint, device: 10)
    source = local(tmp_path, local_memory=15 / 1e9, device="cpu")

    async def called(name: str) -> Finding:
        return await once_ready(Race(), source.ready(expert(name), {"text": "hello"}), lambda: source.run(
            expert(name), {"text": "hello"}, Store(tmp_path)))

    await asyncio.gather(*map(called, names))
    assert sorted(checkpoint.name for checkpoint in bench.loads) == ["org/a", "org/b", "org/c"]


async def test_preparing_does_not_wait_for_the_cache_to_be_read(tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, source = threading.Event(), local(tmp_path)
    monkeypatch.setattr(source, "_any_for", lambda tasks: go_on.wait() and False)
    await source.prepare(["fill-mask"])
    assert len(source._looks) == 1
    go_on.set()
    await asyncio.gather(*source._looks)
