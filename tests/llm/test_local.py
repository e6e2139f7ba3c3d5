"""Tiny language models, saved and loaded by the real loader."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from compegpt.llm import local
from compegpt.llm.models import language_model
from compegpt.llm.protocol import LLMError
from tests.llm.serving import HELLO, SCHEMA, settings
from tests.llm.tiny import BEGUN, NO_SYSTEM, chain, local_model, saved


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("llama"))[0]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "NEW_TOKENS", 6)


@pytest.fixture
def model(weights: Path, tmp_path: Path) -> Any:
    return local_model(weights, tmp_path)


async def test_a_local_model_answers_as_the_library_does(model: Any, weights: Path, short: None) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    reply = await model.ask(HELLO, "plan")
    tokenizer: Any = AutoTokenizer.from_pretrained(weights)
    prompt = tokenizer("user: Hello\nassistant:", add_special_tokens=False, return_tensors="pt")
    made = AutoModelForCausalLM.from_pretrained(weights).generate(**prompt, max_new_tokens=6, do_sample=False)
    new = made[0][prompt.input_ids.shape[1]:]
    assert reply.text.split() == tokenizer.decode(new, skip_special_tokens=True).split()
    assert reply.call["tokens"] >= prompt.input_ids.shape[1] + 1


async def test_a_local_answer_streams(model: Any, short: None) -> None:
    said: list[str] = []
    reply = await model.stream(HELLO, "write", said.append)
    assert "".join(said).split() == reply.text.split()
    assert len(said) > 1


THINKING = {
    "aloud": ([":", "<think>", "one", "two", "</think>", "three", "four"], None),
    "begun by the template": (["<think>", "one", "two", "</think>", "three", "four"], BEGUN),
}


@pytest.mark.parametrize(("says", "template"), THINKING.values(), ids=THINKING)
async def test_what_a_local_model_thinks_is_neither_shown_nor_answered(says: list[str], template: str | None,
                                                                      tmp_path: Path) -> None:
    said: list[str] = []
    model = chain(tmp_path, says, template)
    streamed = await model.stream(HELLO, "write", said.append)
    asked = await model.ask(HELLO, "plan")
    assert "".join(said).split() == streamed.text.split() == asked.text.split() == ["three", "four"]
    assert streamed.call["tokens"] >= len(says)


async def test_a_local_model_that_only_thinks_said_nothing(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match="said nothing"):
        await chain(tmp_path, [":", "<think>", "one", "two"]).ask(HELLO, "plan")


async def test_a_template_without_a_system_role_gets_its_text_in_the_first_turn(tmp_path: Path, short: None) -> None:
    model = local_model(saved(tmp_path, NO_SYSTEM)[0], tmp_path)
    reply = await model.ask([{"role": "system", "content": "one two"}, *HELLO], "plan")
    folded = await model.ask([{"role": "user", "content": "one two\n\nHello"}], "plan")
    bare = await model.ask(HELLO, "plan")
    assert (reply.text, reply.call["tokens"]) == (folded.text, folded.call["tokens"])
    assert reply.call["tokens"] > bare.call["tokens"]


BROKEN = {
    "refuses": ("{{ raise_exception('Roles must alternate') }}", "takes no such conversation .Roles must alternate"),
    "no template": ("{% for %}", "takes no such conversation"),
    "other error": ("{{ messages[0].content + 1 }}", "failed"),
}


@pytest.mark.parametrize(("template", "says"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_template_is_an_error_of_the_model(template: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(LLMError, match=says) as caught:
        await local_model(saved(tmp_path, template)[0], tmp_path).ask(HELLO, "plan")
    assert caught.value.code == "expert"


@pytest.mark.parametrize("part", ["_library", "_templated"])
async def test_a_library_that_is_missing_is_named(part: str, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> None:
        raise ImportError("No module named 'jinja2'")

    monkeypatch.setattr(local if part == "_library" else model, part, missing)
    with pytest.raises(LLMError, match=r"No module named 'jinja2'.*install it") as caught:
        await model.ask(HELLO, "plan")
    assert caught.value.code == "configuration"


@pytest.mark.parametrize("name", ["HF_HUB_CACHE", "HF_HOME"])
async def test_weights_are_found_in_the_cache_of_the_hub(name: str, weights: Path, tmp_path: Path, short: None,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    cache = tmp_path / "home" / "hub"
    kept = cache / "models--org--tiny"
    shutil.copytree(weights, kept / "snapshots" / "abc")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("abc")
    home = tmp_path / "home"
    if name == "HF_HUB_CACHE":
        monkeypatch.setenv(name, str(cache))
        home = tmp_path / "elsewhere"
    assert (await local_model("org/tiny", tmp_path, hf_home=home).ask(HELLO, "plan")).text


async def test_local_calls_take_turns_in_threads_that_hold_up_no_exit(model: Any, short: None,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    answer, steps = model._answer, []

    def watched(*given: Any) -> Any:
        steps.append(("begins", threading.current_thread().daemon))
        made = answer(*given)
        steps.append(("ends", threading.current_thread().daemon))
        return made

    monkeypatch.setattr(model, "_answer", watched)
    await asyncio.gather(*(model.ask(HELLO, "plan") for _ in range(3)))
    assert steps == [("begins", True), ("ends", True)] * 3


async def test_a_call_that_nobody_waits_for_any_more_loses_its_turn(model: Any, short: None,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    answer, begun, started, go = model._answer, [], threading.Event(), threading.Event()

    def held(messages: Any, *given: Any) -> Any:
        begun.append(messages)
        started.set()
        assert go.wait(30)
        return answer(messages, *given)

    monkeypatch.setattr(model, "_answer", held)
    first = asyncio.create_task(model.ask(HELLO, "plan"))
    assert await asyncio.to_thread(started.wait, 30)
    with pytest.raises(LLMError, match="did not answer within"):
        await model.ask([{"role": "user", "content": "one"}], "plan", seconds=0.05)
    go.set()
    await first
    await model.ask(HELLO, "plan")
    assert begun == [HELLO] * 2


async def test_what_still_runs_at_the_end_of_the_process_is_stopped_and_waited_for(
        model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started, ended = threading.Event(), []

    def held(messages: Any, tell: Any, stop: threading.Event) -> tuple[str, int]:
        started.set()
        ended.append("stopped" if stop.wait(30) else "ran on")
        return ended[0], 0

    monkeypatch.setattr(model, "_answer", held)
    asking = asyncio.create_task(model.ask(HELLO, "plan"))
    await asyncio.to_thread(started.wait, 30)
    local.let_finish()
    assert ended == ["stopped"]
    assert (await asking).text == "stopped"


async def test_a_schema_is_told_and_calls_wait_for_each_other(model: Any, short: None) -> None:
    replies = await asyncio.gather(*(model.ask(HELLO, "plan", schema=SCHEMA) for _ in range(3)))
    assert len({reply.text for reply in replies}) == 1
    assert replies[0].call["tokens"] > 20


async def test_a_local_call_ends_at_its_bound_and_the_next_one_runs(model: Any, monkeypatch: pytest.MonkeyPatch
                                                                   ) -> None:
    started = threading.Event()
    answer = model._answer

    def held(messages: Any, tell: Any, stop: threading.Event) -> Any:
        if not started.is_set():
            started.set()
            assert stop.wait(30)
        return answer(messages, tell, stop)

    monkeypatch.setattr(model, "_answer", held)
    with pytest.raises(LLMError, match="did not answer within"):
        await model.ask(HELLO, "plan", seconds=0.05)
    assert started.is_set()
    monkeypatch.setattr(local, "NEW_TOKENS", 6)
    assert (await model.ask(HELLO, "plan")).text


async def test_a_text_model_says_that_it_cannot_see(model: Any) -> None:
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    with pytest.raises(LLMError, match="takes text only"):
        await model.ask([{"role": "user", "content": picture}], "expert")


@pytest.mark.parametrize("breakage", ["missing", "pickle"])
async def test_weights_that_cannot_be_loaded_say_what_to_set(breakage: str, weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if breakage == "pickle":
        shutil.copytree(weights, folder)
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    model = language_model(f"local:{folder}", settings(tmp_path, device="cpu", hf_hub_offline="on"))
    with pytest.raises(LLMError, match="cannot be loaded") as caught:
        await model.ask(HELLO, "plan")
    assert caught.value.code == "configuration"
