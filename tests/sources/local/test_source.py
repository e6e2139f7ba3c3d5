"""The local source: who is offered, who is passed over and why, what runs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ConfigurationError, ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.local import source as module
from compegpt.sources.local.runner import Checkpoint, Loaded, Runner
from compegpt.sources.local.source import MODULES, Local, runners
from compegpt.tasks import TASKS
from tests.fakes import settings
from tests.sources.local import tiny

NOBODY = {"voice-activity-detection", "barcode-detection", "audio-to-audio", "tabular-classification", "video-dubbing"}


def test_every_task_type_has_runners_but_those_no_model_does() -> None:
    assert set(TASKS) - set(MODULES) == NOBODY


@pytest.mark.parametrize("task", [task for task, names in MODULES.items() if names[0].startswith(("text", "audio"))])
def test_the_modules_hold_runners_of_their_task_types(task: str) -> None:
    assert runners(task)


def local(folder: Path, *own: Checkpoint, **flags: Any) -> Local:
    return Local(settings(folder / "data", hf_home=folder / "home", **flags), own)


def cached(folder: Path, name: str, head: str = "BertForSequenceClassification", card: str = "", **config: Any) -> Path:
    """A model of the cache by its files; its weights are none."""
    made = folder / "made"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"architectures": [head], "model_type": "bert", **config}))
    (made / "model.safetensors").write_bytes(bytes(8))
    if card:
        (made / "README.md").write_text(f"---\n{card}\n---\n")
    return tiny.in_hub_cache(folder / "home" / "hub", name, made)


SENTIMENT = {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}}
ENTAILS = {"id2label": {"0": "contradiction", "1": "entailment"}}


async def offered(source: Local, task: str = "text-classification", **args: Any) -> tuple[list[str], list[str]]:
    offers = await source.offers(task, args or {"text": "It is very good and I like it"})
    return [expert.id for expert in offers.experts], offers.passed_over


async def test_models_of_the_cache_are_offered(tmp_path: Path) -> None:
    cached(tmp_path, "org/sst2-bert-base", **SENTIMENT, card="license: mit\nlanguage: en")
    offers = await local(tmp_path).offers("text-classification", {"text": "It is very good and I like it"})
    assert offers.experts == [Expert(
        "local:org/sst2-bert-base", "text-classification", "bert/sst2-bert", "local", licence="mit",
        languages=frozenset({"en"}), about="BertForSequenceClassification, run on this machine")]


@pytest.mark.parametrize(("task", "config", "card", "args", "why"), [
    ("text-classification", {"id2label": {"0": "toxic", "1": "fine"}}, "", {"text": "hello"},
     "not made for sentiment"),
    ("text-classification", SENTIMENT, "language: de", {"text": "It is very good and I like it"}, "not for English"),
    ("zero-shot-classification", ENTAILS, "language: de", {"text": "it is what it is", "labels": ["a"]},
     "not for English"),
], ids=["domain", "language", "language of another task"])
async def test_who_does_not_fit_is_passed_over_with_the_reason(
        tmp_path: Path, task: str, config: dict[str, Any], card: str, args: dict[str, Any], why: str) -> None:
    cached(tmp_path, "org/model", card=card, **config)
    assert await offered(local(tmp_path), task, **args) == ([], [f"org/model: {why}"])


async def test_pickles_are_passed_over(tmp_path: Path) -> None:
    place = cached(tmp_path, "org/model", **SENTIMENT)
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    assert await offered(local(tmp_path)) == ([], [
        "org/model: it has no safetensors weights: pickles are not loaded"])


async def test_another_kind_of_model_is_not_mentioned(tmp_path: Path) -> None:
    cached(tmp_path, "org/model", "BertForQuestionAnswering")
    experts, reasons = await offered(local(tmp_path))
    assert (experts, len(reasons)) == ([], 1)
    assert "hf download ORG/NAME" in reasons[0]


async def test_the_users_own_come_first_and_hide_the_same_of_the_cache(tmp_path: Path) -> None:
    cached(tmp_path, "org/sentiment-a", **SENTIMENT)
    cached(tmp_path, "org/sentiment-b", **SENTIMENT)
    own = Checkpoint("org/sentiment-a", None, tasks=("text-classification",))
    assert (await offered(local(tmp_path, own)))[0] == ["local:org/sentiment-a", "local:org/sentiment-b"]


async def test_what_the_user_says_it_is_for_is_believed(tmp_path: Path) -> None:
    place = cached(tmp_path, "org/model", id2label={"0": "toxic", "1": "fine"})
    own = Checkpoint("mine", place, tasks=("text-classification",))
    assert (await offered(local(tmp_path, own)))[0] == ["local:mine"]
    assert (await offered(local(tmp_path, replace(own, tasks=("fill-mask",)))))[0] == []


async def test_a_kind_that_is_not_run_says_so(tmp_path: Path) -> None:
    place = cached(tmp_path, "org/model", "BertForQuestionAnswering")
    own = Checkpoint("mine", place, tasks=("text-classification",))
    assert (await offered(local(tmp_path, own)))[1] == [
        "mine: it is BertForQuestionAnswering, which is not run for text-classification here"]


@pytest.mark.parametrize(("own", "flags", "expected"), [
    (Checkpoint("org/far", None, tasks=("text-classification",)), {}, (["local:org/far"], [])),
    (Checkpoint("org/far", None, tasks=("text-classification",)), {"hf_hub_offline": "on"},
     ([], ["org/far: not on this machine, and HF_HUB_OFFLINE is on"])),
    (Checkpoint("org/far", None), {},
     ([], ["org/far: not on this machine yet, so nothing tells what it does: give its tasks in experts.toml"])),
], ids=["fetched when needed", "offline", "nothing known"])
async def test_own_models_that_are_still_to_be_fetched(tmp_path: Path, own: Checkpoint, flags: dict[str, str],
                                                       expected: tuple[list[str], list[str]]) -> None:
    assert await offered(local(tmp_path, own, **flags)) == expected


async def test_two_revisions_of_one_model_are_two_experts(tmp_path: Path) -> None:
    own = [Checkpoint("org/far", None, revision=revision, tasks=("text-classification",)) for revision in ("v1", "v2")]
    assert (await offered(local(tmp_path, *own)))[0] == ["local:org/far", "local:org/far@v2"]


async def test_a_task_that_no_model_does_has_no_offers(tmp_path: Path) -> None:
    assert await offered(local(tmp_path), "video-dubbing", video="a", audio="b") == ([], [])


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "tpu"])
def test_a_device_that_is_none_is_refused_at_once(tmp_path: Path, device: str) -> None:
    with pytest.raises(ConfigurationError, match=f"COMPEGPT_DEVICE is '{device}', but must be auto, cpu, cuda or mps"):
        local(tmp_path, device=device)


async def test_a_device_that_is_not_there_is_refused_on_first_use(tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="torch finds no such device here; set it to auto or cpu"):
        await local(tmp_path, device="cuda").run(expert("local:org/model"), {}, Store(tmp_path))


def expert(name: str, task: str = "text-classification") -> Expert:
    return Expert(name, task, "family", "local")


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
    monkeypatch.setattr(module, "runners", lambda task: (bench.runner(task),))


@pytest.mark.parametrize(("tasks", "wanted"), [(["fill-mask"], True), (["text-classification"], False), ([], False)])
async def test_libraries_are_loaded_ahead_where_a_model_will_want_them(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: list[str], wanted: bool) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(module, "library", lambda: loop.call_soon_threadsafe(begun.set))
    cached(tmp_path, "org/model", "BertForMaskedLM")
    source = local(tmp_path)
    await source.prepare(tasks)
    assert (source._warming is not None) == wanted
    if wanted:
        await begun.wait()


async def test_a_model_runs_on_the_device_without_gradients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Bench())
    cached(tmp_path, "org/model")
    finding = await local(tmp_path).run(expert("local:org/model"), {"text": "hello"}, Store(tmp_path))
    assert finding.output == {"text": "cpu hello True"}


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
