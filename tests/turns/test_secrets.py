"""Nothing secret in any event, record, log, checkpoint or artifact, whatever servers make of the keys they are sent."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.record import Outcome, record
from tests.conftest import ROOT
from tests.loopback.openai import OpenAI, Reply, error
from tests.loopback.server import Answer, Asked, Handler
from tests.turns.stage import KEY, TEXT, TOKEN, Model, Turned, environ_of, models, plan, server_of, stage, step

OWN, ENDPOINT, AZURE = "own-canary-77c1d02e9f", "end-canary-15aa9b3c64", "azure-canary-f8820c4d1e"
CANARIES = (KEY, TOKEN, OWN, ENDPOINT, AZURE)
QUOTE = "@QUOTE@"
"""Where a server quotes the key that came with the request."""
LOGGERS = ("", "httpx", "httpcore", "openai", "huggingface_hub", "langchain", "langchain_core", "langgraph", "compegpt")
EXPERTS = """
[[expert]]
name = "my-chat"
kind = "chat"
model = "openai:my-model"
base_url = "{url}/own/v1"
api_key_env = "OWN_KEY"

[[expert]]
name = "my-endpoint"
kind = "endpoint"
url = "{url}/models/own/endpoint"
protocol = "hf-inference"
tasks = ["summarization"]
api_key_env = "ENDPOINT_KEY"
"""
BUSY = Answer({"error": f"overloaded, {QUOTE}"}, 503)


class Echo:
    """A handler that quotes the key it was sent wherever the answer holds QUOTE; `sent` are all keys it was sent."""

    def __init__(self, handler: Handler, sent: set[str]) -> None:
        self.handler, self.sent = handler, sent

    def __call__(self, asked: Asked) -> Answer | None:
        answer = self.handler(asked)
        assert answer is None or isinstance(answer, Answer)
        if answer is None:
            return None
        key = asked.headers.get("api-key") or asked.headers.get("authorization", "").removeprefix("Bearer ")
        self.sent.add(key)

        def quoted(part: bytes) -> bytes:
            return part.replace(QUOTE.encode(), key.encode())

        kinds = {str: "text/plain", bytes: "application/octet-stream"}
        body = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
        headers = {"content-type": kinds.get(type(answer.body), "application/json"), **answer.headers}
        return replace(answer, body=quoted(body if isinstance(body, bytes) else body.encode()), headers=headers,
                       chunks=None if answer.chunks is None else [quoted(chunk) for chunk in answer.chunks])


def own_servers(asked: Asked) -> Answer | None:
    """The user's own chat model and endpoint; both quote."""
    if asked.path == "/own/v1/chat/completions":
        message = {"role": "assistant", "content": f"Sheep graze, says {QUOTE}."}
        return Answer({"id": "1", "object": "chat.completion", "created": 0, "model": "my-model",
                       "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    if asked.path.startswith("/models/own/endpoint"):
        return Answer([{"summary_text": f"Sheep near {QUOTE} graze."}])
    return None


def replies(chat: dict[str, Any]) -> str:
    """A language model that quotes in its plan, in its rulings and in its answer."""
    if chat.get("stream"):
        return f"You sent {QUOTE} and more."
    if "<contest>" in str(chat["messages"][-1]["content"]):
        return json.dumps({"choice": "A", "reason": f"It knows {QUOTE}."})
    return plan(step("summarization", 0, text=f"{TEXT} {QUOTE}"), step("text-classification", 1, text=TEXT),
                step("token-classification", 2, text=TEXT), step("text-to-image", 3, text=f"sheep and {QUOTE}"))


def quoting_models() -> list[Model]:
    """Models that quote in what they give and in what they refuse."""
    return [*models("summarization", [{"summary_text": f"The farmer {QUOTE}."}], [{"summary_text": "It is evening."}],
                    BUSY, name="sum", tags=(f"x-{QUOTE}",)),
            *models("text-classification", [[{"label": f"POSITIVE {QUOTE}", "score": 0.9}]],
                    [[{"label": "POSITIVE", "score": 0.9}, {"label": QUOTE, "score": 0.1}]], name="sentiment"),
            *models("token-classification", [{"entity_group": QUOTE, "score": 0.9, "word": "farmer", "start": 46,
                                              "end": 52}], {"wrong": QUOTE}, f"<html>{QUOTE}</html>", name="ner"),
            *models("text-to-image", None, Answer({"error": QUOTE}, 401), f"no picture: {QUOTE}", name="diffusion")]


def failing_models() -> list[Model]:
    answers = [Answer({"error": f"Invalid token {QUOTE}"}, 401), Answer({"error": [f"{'x' * 180} {QUOTE}"]}, 400),
               Answer({"error": QUOTE}, 402), Answer({"message": QUOTE}, 410), Answer(QUOTE, 500),
               {"summary_text": QUOTE}, [{"summary_text": {"nested": QUOTE}}], f"{QUOTE} is no JSON",
               Answer({"error": f"gated {QUOTE}"}, 403, {"x-error-code": "GatedRepo"}), BUSY]
    return models("summarization", *answers, name="sum")


TURNS: dict[str, tuple[list[Reply], Callable[[], list[Model]]]] = {
    "all is well": ([replies], quoting_models),
    "models fail": ([plan(step("summarization", text=TEXT)), "Nothing."], failing_models),
    "the key is refused": ([lambda chat: error(401, f"Incorrect API key provided: {QUOTE}.")], quoting_models),
    "the server breaks": ([lambda chat: Answer({"error": {"message": f"{'y' * 180} {QUOTE}"}}, 500)], quoting_models),
    "the answer is no chat": ([lambda chat: Answer(f"<html>{QUOTE}</html>")], quoting_models),
    "plain chat": ([plan(reply=f"Hello, {QUOTE}"), f"Hello, {QUOTE}, you."], quoting_models),
    "prose for a plan": ([f"I know {QUOTE}.", f"As I said, {QUOTE}."], quoting_models),
    "bad plans": ([plan(step(QUOTE, text=TEXT)), plan(step("ocr", image=f"/{QUOTE}.png")),
                   plan(step("translation", text=TEXT, target=QUOTE)), f"{QUOTE}"], quoting_models),
}


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything the libraries log, from DEBUG on."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = True
    caplog.set_level(logging.DEBUG)
    yield caplog
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate


def leaks(texts: Mapping[str, str], folder: Path) -> list[str]:
    """Where a canary, or the better part of one, stands: in these texts, or in a file."""
    parts = [part for canary in CANARIES for part in (canary[:16], canary[-16:])]
    found = [f"{name}: {text[max(text.find(part) - 80, 0):][:200]}" for name, text in texts.items() for part in parts
             if part in text]
    for file in sorted(one for one in folder.rglob("*") if one.is_file() and one.name != "experts.toml"):
        content = file.read_bytes()
        found += [f"{file.name}: {content[max(content.find(part.encode()) - 80, 0):][:200]!r}" for part in parts
                  if part.encode() in content or part in file.name]
    return found


def recorded(turned: Turned) -> str:
    last = turned.last
    return json.dumps(record(Outcome("t", last.turn["plan"], last.planner, last.confidence, turned.results, last.calls,
                                     last.turn)))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that experts.toml names."""
    monkeypatch.setenv("OWN_KEY", OWN)
    monkeypatch.setenv("ENDPOINT_KEY", ENDPOINT)


AZURE_FLAGS = {"llm": "azure_openai:my-deployment", "azure_openai_endpoint": "{url}", "azure_openai_api_key": AZURE}


@pytest.mark.parametrize(("name", "flags", "key"), [
    *(pytest.param(name, {}, KEY, id=name) for name in TURNS),
    pytest.param("all is well", AZURE_FLAGS, AZURE, id="all is well on Azure"),
    pytest.param("the key is refused", AZURE_FLAGS, AZURE, id="the key is refused on Azure"),
])
async def test_no_key_stands_anywhere_after_a_turn(name: str, flags: dict[str, str], key: str, tmp_path: Path,
                                                   logs: pytest.LogCaptureFixture) -> None:
    said, make = TURNS[name]
    sent: set[str] = set()
    async with stage(tmp_path, *said, models=make(), front=[own_servers], around=lambda one: Echo(one, sent),
                     files={"experts.toml": EXPERTS}, experts="hub,chat", top_k=5, task_deadline=3.0, **flags) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        again = await on.turn("And now once more")
        texts = {"events": repr(turned.events), "events of the next turn": repr(again.events),
                 "record": recorded(turned), "history": repr(await on.session.history("t")),
                 "logs": "\n".join([logs.text, *(repr(entry.__dict__) for entry in logs.records)])}
        assert leaks(texts, tmp_path) == []
    assert leaks({}, tmp_path) == []
    assert key in sent
    assert "".join(turned.spoken) in ("", turned.answer)


async def test_where_a_key_stood_there_are_stars(tmp_path: Path) -> None:
    sent: set[str] = set()
    async with stage(tmp_path, replies, models=quoting_models(), front=[own_servers],
                     around=lambda one: Echo(one, sent), files={"experts.toml": EXPERTS}, experts="hub,chat",
                     top_k=5) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
    assert {KEY, TOKEN, OWN, ENDPOINT} <= sent
    assert turned.answer.startswith("You sent **** and more.")
    assert turned.last.turn["plan"][0]["args"]["text"] == f"{TEXT} ****"
    outputs = {name: one["output"] for name, one in turned.candidates(0).items()}
    assert outputs["chat:my-chat"] == {"text": "Sheep graze, says ****."}
    assert outputs["hub:org0/sum-0"] == {"text": "The farmer ****."}
    assert {"text": "Sheep near **** graze."} in outputs.values()
    assert "It knows ****" in " ".join(result["reason"] for result in turned.results)


@pytest.mark.parametrize("refusal", [
    Answer({"error": {"message": f"Incorrect API key: {QUOTE}", "code": QUOTE}}, 401),
    Answer({"error": f"{'z' * 190} {QUOTE}"}, 400), Answer(f"Bad gateway for {QUOTE}", 502),
    Answer(f"<html>{QUOTE}</html>", headers={"content-type": "text/html"}), Answer({"choices": QUOTE}),
    Answer([{"label": QUOTE}]),
], ids=["401", "400", "502", "html", "no choices", "a list"])
async def test_what_the_users_own_servers_refuse_quotes_no_key(refusal: Answer, tmp_path: Path,
                                                               logs: pytest.LogCaptureFixture) -> None:
    def refusing(asked: Asked) -> Answer | None:
        return refusal if own_servers(asked) else None

    sent: set[str] = set()
    async with stage(tmp_path, plan(step("summarization", text=TEXT)), "Nothing.", front=[refusing],
                     around=lambda one: Echo(one, sent), files={"experts.toml": EXPERTS}, experts="hub,chat",
                     task_deadline=2.0) as on:
        turned = await on.turn(f"Sum this up: {TEXT}")
        assert leaks({"events": repr(turned.events), "record": recorded(turned), "logs": logs.text}, tmp_path) == []
    own = {name: one["status"] for name, one in turned.candidates().items() if "own" in name or "my-chat" in name}
    assert list(own.values()) == ["failed", "failed"]
    assert {OWN, ENDPOINT} <= sent


async def test_a_key_that_is_streamed_in_halves_is_not_told(tmp_path: Path) -> None:
    def chunk(**choice: Any) -> bytes:
        made = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "some-model",
                "choices": [{"index": 0, "delta": {}, "finish_reason": None, **choice}]}
        return f"data: {json.dumps(made)}\n\n".encode()

    pieces = ["Your key is ", KEY[:7], KEY[7:15], KEY[15:], ", and ", TOKEN, "."]
    stream = Answer(chunks=[*(chunk(delta={"content": piece}) for piece in pieces), chunk(finish_reason="stop"),
                            b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"})
    async with stage(tmp_path, plan(reply="Hm."), stream) as on:
        turned = await on.turn("What is my key?")
        assert turned.answer == "Your key is ****, and ****."
        assert "".join(turned.spoken) == turned.answer
        assert leaks({"events": repr(turned.events)}, tmp_path) == []


@pytest.mark.parametrize("name", ["all is well", "models fail", "the key is refused"])
def test_no_key_is_told_by_the_process(name: str, tmp_path: Path) -> None:
    said, make = TURNS[name]
    sent: set[str] = set()
    with server_of(OpenAI(*said), make(), [own_servers]) as server:
        server.handlers[:] = [Echo(one, sent) for one in server.handlers]
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "experts.toml").write_text(EXPERTS.replace("{url}", server.url))
        environ = {**environ_of(server, tmp_path / "data"), "COMPEGPT_EXPERTS": "hub,chat",
                   "AZURE_OPENAI_API_KEY": AZURE, "COMPEGPT_TASK_DEADLINE": "3"}
        done = subprocess.run([sys.executable, str(ROOT / "main.py"), "-vv", "--json", "--prompt", f"Sum up: {TEXT}"],
                              capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **environ}, timeout=60,
                              check=False)
    told = json.loads(done.stdout)
    assert leaks({"stdout": done.stdout, "stderr": done.stderr}, tmp_path) == []
    assert "HTTP Request: POST" in done.stderr
    assert KEY in sent
    assert told["plan"]
