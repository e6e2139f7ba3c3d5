"""The local source: who is offered, who is passed over and why, what runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ConfigurationError
from compegpt.schema import Expert
from compegpt.sources.local.runner import Checkpoint
from compegpt.sources.local.source import MODULES, Local, runners
from compegpt.tasks import TASKS
from tests.sources.local.shelves import SENTIMENT, cached, local

NOBODY = {"voice-activity-detection", "barcode-detection", "audio-to-audio", "tabular-classification", "video-dubbing",
          "canny-control", "hed-control", "lineart-control", "mlsd-control", "scribble-control"}


def test_every_task_type_has_runners_but_those_no_model_does() -> None:
    assert set(TASKS) - set(MODULES) == NOBODY


@pytest.mark.parametrize("task", MODULES)
def test_the_modules_hold_runners_of_their_task_types(task: str) -> None:
    assert runners(task)


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


@pytest.mark.parametrize(("task", "head", "odd"), [
    ("text-classification", "BertForSequenceClassification", {"id2label": 5}),
    ("image-to-text", "VisionEncoderDecoderModel", {"encoder": 5, "decoder": "x"}),
    ("text-classification", "BertForSequenceClassification", {"architectures": 5}),
], ids=["labels", "halves", "architectures"])
async def test_a_config_in_an_odd_form_does_not_stand_in_the_way_of_others(tmp_path: Path, task: str, head: str,
                                                                           odd: dict[str, Any]) -> None:
    cached(tmp_path, "org/odd", **{"head": head, **odd})
    cached(tmp_path, "org/sst2-bert", **SENTIMENT)
    source = local(tmp_path)
    assert (await offered(source))[0] == ["local:org/sst2-bert"]
    await source.offers(task, {"text": "hello", "image": "a.png"})
    assert source._any_for(["text-classification"])
