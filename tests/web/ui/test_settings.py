"""What visitors of a server for everybody may choose: what their own keys pay for."""

from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.errors import ConfigurationError
from compegpt.web.desk import Own
from compegpt.web.ui.settings import check_own
from tests.fakes import settings

OPENAI, TOKEN = "sk-mine", "hf_mine"


@pytest.mark.parametrize(("own", "experts"), [
    (Own(), "auto"), (Own(llm="embedded"), "embedded"), (Own(llm="openai:big", openai_api_key=OPENAI), "embedded"),
    (Own(llm="huggingface:a/b", hf_token=TOKEN), "auto"), (Own(experts="hub,embedded"), "auto"),
    (Own(experts="hub"), "embedded,hub"), (Own(experts="hub", hf_token=TOKEN), "embedded"),
], ids=str)
def test_what_the_server_offers_or_ones_own_key_pays_for_is_taken(own: Own, experts: str, data_dir: Path) -> None:
    check_own(own, settings(data_dir, experts=experts, openai_api_key="sk-theirs", hf_token="hf_theirs"))


@pytest.mark.parametrize(("own", "experts"), [
    (Own(llm="openai:big"), "auto"), (Own(llm="local:/etc"), "auto"), (Own(llm="azure_openai:x"), "auto"),
    (Own(llm="huggingface:a/b", openai_api_key=OPENAI), "auto"), (Own(experts="embedded,hub"), "embedded"),
    (Own(experts="chat"), "embedded"),
], ids=str)
def test_the_servers_keys_pay_for_nothing_else(own: Own, experts: str, data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"of your own"):
        check_own(own, settings(data_dir, experts=experts, openai_api_key="sk-theirs", hf_token="hf_theirs"))
