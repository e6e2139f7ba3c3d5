from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.errors import ConfigurationError
from compegpt.settings import TOP_K_ALL, Settings


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("COMPEGPT_TOP_K=4\nCOMPEGPT_DEADLINE=50\nCOMPEGPT_PATIENCE=3\n")
    settings = Settings.load({"top_k": "2"}, {"COMPEGPT_TOP_K": "5", "COMPEGPT_DEADLINE": "40"}, dotenv)
    assert (settings.top_k, settings.deadline, settings.patience, settings.concurrency) == (2, 40.0, 3.0, 8)


@pytest.mark.parametrize(("name", "value", "wanted"), [
    ("COMPEGPT_TOP_K", "0", "whole number"), ("COMPEGPT_TOP_K", "some", "'all'"),
    ("COMPEGPT_DEADLINE", "nan", "number"), ("COMPEGPT_DEADLINE", "-1", "above 0"),
    ("COMPEGPT_LEAGUE", "maybe", "on or off"),
    ("COMPEGPT_DEADLINE", "inf", "number"),
])
def test_an_unusable_value_is_refused_by_name(name: str, value: str, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}.*{wanted}"):
        Settings.load(environ={name: value}, dotenv=None)


def test_all_means_every_expert() -> None:
    assert Settings.load({"top_k": "all"}, {}, None).top_k == TOP_K_ALL


def test_the_langchain_name_of_the_token_is_taken_too() -> None:
    assert Settings.load(environ={"HUGGINGFACEHUB_API_TOKEN": "hf_abc"}, dotenv=None).hf_token == "hf_abc"


def test_secrets_do_not_show() -> None:
    settings = Settings.load(environ={"OPENAI_API_KEY": "sk-canary", "HF_TOKEN": "hf_canary"}, dotenv=None)
    assert "canary" not in repr(settings)
    assert settings.openai_api_key == "sk-canary"


@pytest.mark.parametrize(("environ", "adaptive"), [
    ({}, True), ({"COMPEGPT_TOP_K": "5"}, False), ({"COMPEGPT_TOP_K": "5", "COMPEGPT_ADAPTIVE": "on"}, True),
    ({"COMPEGPT_ADAPTIVE": "off"}, False), ({"COMPEGPT_TOP_K": "all"}, False),
], ids=["nothing given", "a number", "a number to adapt around", "off", "all"])
def test_a_number_of_experts_is_kept_unless_it_is_to_adapt(environ: dict[str, str], adaptive: bool) -> None:
    assert Settings.load(environ=environ, dotenv=None).adaptive is adaptive
