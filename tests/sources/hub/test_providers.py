"""Providers behind the router: through the base alone, by the library's helpers, with jobs and links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ConfigurationError, ExpertError, ExpertTimeout
from compegpt.media.artifacts import Store, media_type
from compegpt.sources.hub import calls, connection, jobs
from compegpt.sources.hub.model import ROUTER, Model, Provider, Reach
from compegpt.tasks import TASKS
from tests.loopback.canned import picture, tone
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Server

TOKEN = "hf_canary0123456789"
THIRD_PARTIES = [
    ("fal-ai", "text-to-image"), ("fal-ai", "image-to-image"), ("fal-ai", "text-to-video"),
    ("fal-ai", "image-to-video"), ("fal-ai", "text-to-speech"), ("fal-ai", "image-segmentation"),
    ("fal-ai", "automatic-speech-recognition"), ("replicate", "text-to-image"), ("replicate", "text-to-video"),
    ("replicate", "text-to-speech"), ("together", "text-to-image"), ("together", "text-to-video"),
    ("together", "text-to-speech"), ("together", "image-to-video"), ("together", "conversational"),
    ("together", "text-generation"), ("wavespeed", "text-to-image"), ("wavespeed", "image-to-video"),
    ("novita", "text-to-video"), ("nscale", "text-to-image"), ("zai-org", "text-to-image"), ("groq", "conversational"),
    ("deepinfra", "automatic-speech-recognition"), ("deepinfra", "text-to-speech")]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "INTERVAL", 0.0)


@pytest.fixture
def args(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "p.png").write_bytes(picture())
    (tmp_path / "t.wav").write_bytes(tone())
    return {"text": "a cat", "image": str(tmp_path / "p.png"), "audio": str(tmp_path / "t.wav")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def serving(task: str, answer: Any = None) -> Server:
    return Server(Inference({"their/one": Served(task, answer)}))


def at(provider: str, task: str) -> Model:
    return Model("m/one", task, providers=(Provider(provider, "their/one", task),))


@pytest.mark.parametrize(("provider", "task"), THIRD_PARTIES)
@pytest.mark.parametrize("token", [TOKEN, "sk-not-of-the-hub"])
async def test_other_providers_are_called_through_the_base_alone(provider: str, task: str, token: str,
                                                                 args: dict[str, Any], store: Store) -> None:
    given = {name: args[name] for name in TASKS[task].args if name in args}
    with serving(task) as server:
        finding = await calls.call(at(provider, task), task, given, store, Reach(token, server.url))

    output: dict[str, Any] = {**finding.output}
    kind = TASKS[task].output
    assert output["image" if kind == "masks" else kind]
    if kind in ("image", "audio", "video"):
        assert media_type(Path(output[kind])).startswith(f"{kind}/")
    assert server.requests[0].path.startswith(f"/{provider}/")
    for asked in server.requests:
        expected = None if asked.path.startswith("/files/") else f"Bearer {token}"
        assert asked.headers.get("authorization") == expected


async def test_a_job_that_failed_is_an_error(store: Store) -> None:
    failed = {"id": "1", "status": "failed", "error": f"no {TOKEN}"}
    with serving("text-to-video", failed) as server, pytest.raises(ExpertError, match=r"failed.*no \*\*\*\*"):
        await calls.call(at("together", "text-to-video"), "text-to-video", {"text": "a cat"}, store,
                         Reach(TOKEN, server.url))


async def test_a_job_that_never_ends_is_a_time_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "INTERVAL", 5.0)
    with serving("text-to-video") as server, pytest.raises(ExpertTimeout):
        await calls.call(at("together", "text-to-video"), "text-to-video", {"text": "a cat"}, store,
                         Reach(TOKEN, server.url, 0.2))


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/x.png", "https://127.0.0.1/x.png", "https://10.0.0.1/x.png",
                                  "file:///etc/passwd", "https://[::1]/x", "https://169.254.169.254/latest"])
async def test_links_to_places_that_are_not_public_are_not_followed(link: str, store: Store) -> None:
    named = {"images": [{"url": link}]}
    with serving("text-to-image", named) as server, pytest.raises(ExpertError, match="not public"):
        await calls.call(at("fal-ai", "text-to-image"), "text-to-image", {"text": "a cat"}, store,
                         Reach(TOKEN, server.url))


async def test_a_job_is_asked_after_until_it_is_done(args: dict[str, Any], store: Store) -> None:
    with serving("image-to-image") as server:
        await calls.call(at("fal-ai", "image-to-image"), "image-editing", {"image": args["image"], "text": "greener"},
                         store, Reach(TOKEN, server.url))
    posted, *states, result, _file = [asked.path for asked in server.requests]
    assert states == [f"{posted}/requests/1/status"] * 2
    assert result == f"{posted}/requests/1"
    assert server.requests[0].json()["prompt"] == "greener"


def test_an_address_of_a_third_party_is_refused() -> None:
    client = connection.client(Reach(TOKEN), provider="fal-ai")
    with pytest.raises(ConfigurationError, match="no place for the token"):
        client.address("https://fal.run/x")
    assert client.address(f"{ROUTER}/fal-ai/x") == f"{ROUTER}/fal-ai/x"


@pytest.mark.parametrize(("provider", "task", "can"), [
    ("hf-inference", "summarization", True), ("together", "text-to-image", True), ("together", "summarization", False),
    ("openai", "conversational", False), ("replicate", "automatic-speech-recognition", False),
    ("groq", "conversational", True), ("unheard-of", "conversational", False)])
def test_what_a_provider_can_be_called_for(provider: str, task: str, can: bool) -> None:
    assert calls.callable_by(Provider(provider, "their/one", task), task) is can
