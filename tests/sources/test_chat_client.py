"""Chat experts over the real client library and a socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from compegpt.errors import AuthenticationError, ConfigurationError, ExpertError, ExpertGone
from compegpt.llm.protocol import LanguageModel
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.chat import Chat, ChatModel, chat_models
from compegpt.sources.own import OwnExperts, own_experts
from tests.fakes import FakeLLM, settings
from tests.loopback.openai import OpenAI, error
from tests.loopback.server import Server

KEY = "sk-canary-0123456789"
TEXT = "Ada Lovelace lived in London."
ENTITIES = json.dumps({"entities": [{"text": "London", "label": "LOC", "score": 0.9}]})


def models(server: Server, data_dir: Path, toml: str = "", llm: LanguageModel | None = None,
           **flags: Any) -> list[ChatModel]:
    """Of these settings, and an `experts.toml` in which URL is the server's address."""
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "experts.toml").write_text(toml.replace("URL", server.url))
    chosen = settings(data_dir, openai_base_url=f"{server.url}/v1", **flags)
    return chat_models(chosen, llm, own_experts(chosen, {"MY_KEY": KEY}))


async def run(model: ChatModel, task: str, tmp_path: Path, **args: Any) -> Finding:
    expert = Expert(id=model.expert_id, task=task, family=model.family, source="chat")
    return await Chat([model]).run(expert, args, Store(tmp_path))


@pytest.mark.parametrize("lacks", [(), ("json_schema",), ("json_schema", "tools"),
                                   ("json_schema", "tools", "json_mode")], ids=["all", "tools", "json mode", "plain"])
async def test_a_structured_answer_comes_from_servers_of_any_ability(lacks: Any, data_dir: Path,
                                                                    tmp_path: Path) -> None:
    with Server(OpenAI(ENTITIES, lacks=lacks)) as server:
        one, = models(server, data_dir, chat_models="openai:some-model")
        finding = await run(one, "token-classification", tmp_path, text=TEXT)
    assert finding.output == {"data": [{"text": "London", "label": "LOC", "start": 22, "end": 28, "score": 0.9}]}
    assert finding.tokens == 12


async def test_a_picture_travels_as_a_content_part(data_dir: Path, tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), "blue").save(tmp_path / "blue.png")
    fake = OpenAI("A blue square.")
    with Server(fake) as server:
        one, = models(server, data_dir, chat_models="openai:some-model")
        finding = await run(one, "image-to-text", tmp_path, image=str(tmp_path / "blue.png"))
    assert finding.output == {"text": "A blue square."}
    parts = fake.chats[0]["messages"][-1]["content"]
    assert parts[1]["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_model_that_cannot_see_fails_with_the_servers_words(data_dir: Path, tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), "blue").save(tmp_path / "blue.png")
    with Server(OpenAI(error(400, "This model does not support image input."))) as server:
        one, = models(server, data_dir, chat_models="openai:some-model")
        with pytest.raises(ExpertError, match="does not support image input"):
            await run(one, "ocr", tmp_path, image=str(tmp_path / "blue.png"))


async def test_a_refusal_in_the_protocol_is_a_failure(data_dir: Path, tmp_path: Path) -> None:
    reply = {"content": None, "refusal": "I'm sorry, I can't assist with that."}
    with Server(OpenAI(reply)) as server:
        one, = models(server, data_dir, chat_models="openai:some-model")
        with pytest.raises(ExpertError, match="refused"):
            await run(one, "summarization", tmp_path, text=TEXT)


@pytest.mark.parametrize(("status", "kind"), [(404, ExpertGone), (410, ExpertGone), (402, ExpertGone)])
async def test_a_model_that_is_not_served_is_gone(status: int, kind: type[Exception], data_dir: Path,
                                                  tmp_path: Path) -> None:
    with Server(OpenAI(error(status, "The model `some-model` does not exist."))) as server:
        one, = models(server, data_dir, chat_models="openai:some-model")
        with pytest.raises(kind, match=str(status)):
            await run(one, "summarization", tmp_path, text=TEXT)


OWN = """
[[expert]]
name = "house"
kind = "chat"
model = "some-model"
base_url = "URL/v1"
api_key_env = "MY_KEY"
vision = false
tasks = ["translation", "ocr"]

[[expert]]
name = "tgi"
kind = "endpoint"
url = "URL"
protocol = "tgi"
"""


async def test_the_users_own_models_are_reached_with_their_own_keys(data_dir: Path, tmp_path: Path) -> None:
    fake = OpenAI("Hallo", "Salut")
    with Server(fake) as server:
        house, tgi = models(server, data_dir, OWN, openai_api_key="sk-of-the-settings")
        assert (house.expert_id, house.vision, house.why) == ("chat:house", False, "one of yours")
        for one in (house, tgi):
            await run(one, "translation", tmp_path, text="Hello", target="de")
    sent = [request.headers.get("authorization", "") for request in server.requests]
    assert sent[0] == f"Bearer {KEY}"
    assert "sk-of-the-settings" not in sent[1]
    assert [chat["model"] for chat in fake.chats] == ["some-model", "tgi"]


async def test_a_refused_key_is_in_no_error(data_dir: Path, tmp_path: Path) -> None:
    with Server(OpenAI(key="another")) as server:
        house, _ = models(server, data_dir, OWN)
        with pytest.raises(ExpertGone) as caught:
            await run(house, "translation", tmp_path, text="Hello", target="de")
    assert caught.value.code == AuthenticationError.code
    chain: BaseException | None = caught.value
    while chain is not None:
        assert KEY not in f"{chain} {chain!r}"
        chain = chain.__cause__ or chain.__context__
    assert KEY not in repr(house)


def test_each_model_is_there_once_in_the_order_of_how_it_was_named(data_dir: Path) -> None:
    llm = FakeLLM()
    llm.name = "openai:a"
    with Server() as server:
        found = models(server, data_dir, OWN, llm, chat_models="openai:a, openai:b,openai:b",
                       task_deadline=90)
    assert [model.expert_id for model in found] == ["chat:house", "chat:tgi", "chat:openai:a", "chat:openai:b"]
    assert [model.family for model in found] == ["some-model", "tgi", "a", "b"]
    assert {model.seconds for model in found} == {90}


def test_the_language_model_itself_competes(data_dir: Path) -> None:
    llm = FakeLLM()
    llm.name = "huggingface:org/name:together"
    only, = chat_models(settings(data_dir), llm, OwnExperts())
    assert (only.expert_id, only.family) == ("chat:huggingface:org/name:together", "org/name")


def test_a_local_text_model_is_known_not_to_see(data_dir: Path) -> None:
    only, = chat_models(settings(data_dir, chat_models="local:org/name"), None, OwnExperts())
    assert only.vision is False


def test_a_model_that_is_no_spec_stops_the_start(data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="gpt-4"):
        chat_models(settings(data_dir, chat_models="gpt-4"), None, OwnExperts())
