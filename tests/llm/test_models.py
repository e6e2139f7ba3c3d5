"""What a spec and the settings come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import AuthenticationError, CompeGPTError, ConfigurationError
from compegpt.llm.models import DEFAULT_MODEL, default_spec, language_model
from tests.llm.serving import HELLO, KEY, settings
from tests.loopback.openai import OpenAI
from tests.loopback.server import Server


@pytest.mark.parametrize(("flags", "spec"), [
    ({}, None),
    ({"hf_token": KEY}, None),
    ({"azure_openai_api_key": KEY}, None),
    ({"openai_api_key": KEY}, f"openai:{DEFAULT_MODEL}"),
    ({"openai_base_url": "http://127.0.0.1:1/v1"}, f"openai:{DEFAULT_MODEL}"),
    ({"openai_api_key": KEY, "llm": "embedded"}, None),
    ({"openai_api_key": KEY, "llm": "local:some/model"}, "local:some/model"),
    ({"llm": "huggingface:some/model"}, "huggingface:some/model"),
], ids=str)
def test_a_language_model_is_chosen_only_where_the_user_set_one(flags: dict[str, Any], spec: str | None,
                                                                tmp_path: Path) -> None:
    assert default_spec(settings(tmp_path, **flags)) == spec


@pytest.mark.parametrize(("spec", "flags", "error", "sets"), [
    ("openai", {}, ConfigurationError, "followed by ':' and a model"),
    ("openai:", {}, ConfigurationError, "followed by ':' and a model"),
    ("cohere:command", {}, ConfigurationError, "openai, azure_openai, huggingface, local"),
    ("openai:m", {}, AuthenticationError, "OPENAI_API_KEY"),
    ("openai:m", {"openai_api_key": "sk-тайна-123"}, AuthenticationError, "OPENAI_API_KEY"),
    ("openai:m", {"openai_base_url": "localhost:1234"}, ConfigurationError, "OPENAI_BASE_URL"),
    ("openai:m", {"openai_base_url": "http://host:port"}, ConfigurationError, "OPENAI_BASE_URL"),
    ("azure_openai:d", {"azure_openai_api_key": KEY}, ConfigurationError, "AZURE_OPENAI_ENDPOINT"),
    ("azure_openai:d", {"azure_openai_endpoint": "https://a.example"}, AuthenticationError, "AZURE_OPENAI_API_KEY"),
    ("huggingface:org/m", {}, AuthenticationError, "HF_TOKEN"),
], ids=str)
def test_what_is_missing_is_named(spec: str, flags: dict[str, Any], error: type[CompeGPTError], sets: str,
                                  tmp_path: Path) -> None:
    with pytest.raises(error, match=sets):
        language_model(spec, settings(tmp_path, **flags))


async def test_a_server_of_ones_own_gets_a_placeholder_for_a_missing_key(tmp_path: Path) -> None:
    with Server(OpenAI("hi")) as server:
        model = language_model("openai:m", settings(tmp_path, openai_base_url=f"{server.url}/v1/"))
        assert (await model.ask(HELLO, "plan")).text == "hi"
    assert server.requests[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("spec", ["openai:m", "huggingface:org/m"])
@pytest.mark.parametrize(("own", "sent"), [(None, "none"), ("own-key-123456", "own-key-123456")])
async def test_an_address_of_its_own_never_sees_the_keys_of_the_settings(
        spec: str, own: str | None, sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_from_the_environment")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    with Server(OpenAI("hi")) as server:
        model = language_model(spec, settings(tmp_path, openai_api_key=KEY, hf_token=KEY), base_url=f"{server.url}/v1",
                               api_key=own)
        await model.ask(HELLO, "expert")
    assert server.requests[0].headers["authorization"] == f"Bearer {sent}"
    assert KEY not in str(server.requests)
