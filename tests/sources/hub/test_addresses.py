"""Where a call goes: layouts of private servers, endpoints of one's own, the provider that is taken."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.sources.hub import calls, connection
from compegpt.sources.hub.model import ROUTER, Model, Provider, Reach
from compegpt.tasks import TASKS
from tests.loopback.canned import CANNED, chat
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Answer, Asked, Server

TOKEN = "hf_canary0123456789"
TEXTS = {"text": "Ada wrote it.", "target": "de"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_layouts", {})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def one(name: str) -> Model:
    return Model(name, "summarization", providers=(Provider("hf-inference", name, "summarization"),))


@pytest.mark.parametrize("providers", [None, ()], ids=["not listed", "none listed"])
async def test_a_private_server_with_the_plain_layout_is_found_once(providers: Any, store: Store) -> None:
    with Server(Inference({"m/one": Served("summarization")}, roots=["/models/"])) as server:
        for _ in range(2):
            await calls.call(Model("m/one", "summarization", providers=providers), "summarization", TEXTS, store,
                             Reach(TOKEN, server.url))
    assert [asked.path for asked in server.requests] == [
        "/hf-inference/models/m/one", "/models/m/one", "/models/m/one"]


async def test_a_model_that_is_not_served_is_not_looked_for_twice_once_the_layout_is_known(store: Store) -> None:
    with Server(Inference({"m/one": Served("summarization")})) as server:
        await calls.call(one("m/one"), "summarization", TEXTS, store, Reach(TOKEN, server.url))
        with pytest.raises(ExpertGone):
            await calls.call(one("m/two"), "summarization", TEXTS, store, Reach(TOKEN, server.url))
    assert [asked.path for asked in server.requests[1:]] == ["/hf-inference/models/m/two"]


@pytest.mark.parametrize(("path", "tag", "task", "asked"), [
    ("", "text-generation", "text-generation", "/"),
    ("/v1", "text-generation", "text-generation", "/v1/chat/completions"),
    ("/v1", "text-generation", "translation", "/v1/chat/completions"),
    ("/mine", "conversational", "conversational", "/mine/v1/chat/completions"),
    ("/classify", "text-classification", "text-classification", "/classify"),
], ids=str)
async def test_an_endpoint_of_ones_own_is_called_where_it_is(path: str, tag: str, task: str, asked: str,
                                                             store: Store) -> None:
    def serve(request: Asked) -> Answer:
        return Answer(chat("A cat sits.") if request.path.endswith("completions") else CANNED[tag]
                      if not callable(CANNED[tag]) else CANNED[tag](request.json()))

    with Server(serve) as server:
        own = Model(f"{server.url}{path}", tag, providers=(Provider("endpoint", "served-name", tag),))
        given = {name: TEXTS[name] for name in TASKS[task].args if name in TEXTS}
        finding = await calls.call(own, task, given, store, Reach("own-token", ROUTER))
        assert finding.output
        assert [(one.path, one.headers["authorization"]) for one in server.requests] == [(asked, "Bearer own-token")]
        if asked.endswith("completions"):
            assert server.requests[0].json()["model"] == "served-name"


async def test_an_endpoint_that_knows_only_chat_is_asked_by_chat(store: Store) -> None:
    def serve(request: Asked) -> Answer | None:
        return Answer(chat("A cat sits.")) if request.path.endswith("/v1/chat/completions") else None

    with Server(serve) as server:
        finding = await calls.call(Model(server.url, "text-generation"), "text-generation", {"text": "Say it"}, store,
                                   Reach(None))
    assert finding.output == {"text": "A cat sits."}


@pytest.mark.parametrize(("providers", "task"), [
    ((Provider("hf-inference", "m/one", "translation", "error"),), "translation"),
    ((Provider("hf-inference", "m/one", "translation"),), "summarization"),
    ((Provider("unheard-of", "m/one", "text-to-image"),), "text-to-image"),
    ((), "translation"), (None, "video-dubbing"),
], ids=["not live", "another task", "unknown provider", "none", "cannot be called"])
async def test_a_model_that_nobody_serves_is_gone_and_nothing_is_sent(providers: Any, task: str,
                                                                      store: Store) -> None:
    with pytest.raises(ExpertGone):
        await calls.call(Model("m/one", task, providers=providers), task, TEXTS, store, Reach(TOKEN))


async def test_the_first_provider_that_can_be_called_is_taken(store: Store) -> None:
    with Server(Inference({"m/one": Served("text-to-image")})) as server:
        asked = Model("m/one", "text-to-image", providers=(
            Provider("unheard-of", "m/one", "text-to-image"), Provider("nscale", "m/one", "text-to-image", "error"),
            Provider("hf-inference", "m/one", "text-to-image")))
        await calls.call(asked, "text-to-image", {"text": "a cat"}, store, Reach(TOKEN, server.url))
    assert [one.path for one in server.requests] == ["/hf-inference/models/m/one"]


@pytest.mark.parametrize(("token", "address", "sent"), [
    (TOKEN, "https://abc.us-east-1.aws.endpoints.huggingface.cloud", TOKEN),
    (TOKEN, "https://me-demo.hf.space/v1", None),
    (TOKEN, "http://abc.endpoints.huggingface.cloud", None), (TOKEN, "https://huggingface.co.example.com", None),
    (TOKEN, "https://nothuggingface.co", None), (TOKEN, "http://localhost:8000/v1", None),
    (TOKEN, "https://proxy.example/mine", TOKEN),
    ("sk-own", "http://localhost:8000/v1", "sk-own"), (None, "http://x", None),
])
def test_a_token_of_the_hub_goes_to_the_hubs_own_hosts_only(token: str | None, address: str, sent: str | None) -> None:
    assert connection.for_endpoint(Reach(token, "https://proxy.example"), address).token == sent


def test_each_loop_has_connections_of_its_own_that_end_with_it(store: Store) -> None:
    with Server(Inference({"m/one": Served("summarization")})) as server:
        for _ in range(2):
            asyncio.run(calls.call(one("m/one"), "summarization", TEXTS, store, Reach(TOKEN, server.url)))
            assert len(connection._pools) == 0
    assert len(server.requests) == 2
