"""The ladder from json_schema to plain text, over real sockets, and what is remembered of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.llm import rungs
from compegpt.llm.protocol import LLMError
from compegpt.llm.rungs import Habits, Memory, Rung, strict
from tests.llm.serving import HELLO, KEY, PROVIDERS, SCHEMA, served
from tests.loopback.openai import Lack, OpenAI, error

LACKS: list[tuple[tuple[Lack, ...], Rung]] = [
    ((), "json_schema"), (("json_schema",), "tools"), (("json_schema", "tools"), "json_mode"),
    (("json_schema", "tools", "json_mode"), "plain")]
PLAN = '{"n": 3}'


def rung_of(chat: dict[str, Any]) -> Rung:
    kind = chat.get("response_format", {}).get("type")
    return "tools" if "tools" in chat else {"json_schema": "json_schema", "json_object": "json_mode"}.get(kind, "plain")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("lacks", "rung"), LACKS, ids=[rung for _, rung in LACKS])
async def test_the_best_rung_that_the_server_takes_is_used_and_remembered(
        lacks: tuple[Lack, ...], rung: Rung, provider: str, tmp_path: Path) -> None:
    fake = OpenAI(PLAN, PLAN, lacks=lacks)
    if provider == "huggingface" and rung == "json_schema":
        rung = "tools"
    with served(tmp_path, fake, provider) as (model, _):
        replies = [await model.ask(HELLO, "plan", schema=SCHEMA) for _ in range(2)]
    assert [json.loads(reply.text) for reply in replies] == [{"n": 3}] * 2
    assert [reply.call["tokens"] for reply in replies] == [12, 12]
    assert [rung_of(chat) for chat in fake.chats] == [rung, rung]
    assert len(fake.refused) == len(lacks) - (provider == "huggingface" and bool(lacks))
    told = json.dumps(SCHEMA) in str(fake.chats[0]["messages"])
    assert told == (rung in ("json_mode", "plain"))


async def test_the_next_process_starts_on_the_rung_that_worked(tmp_path: Path) -> None:
    fake = OpenAI(PLAN, PLAN, lacks={"json_schema"})
    with served(tmp_path, fake) as (model, _):
        await model.ask(HELLO, "plan", schema=SCHEMA)
        model._memory = Memory(tmp_path / "llm.json")  # type: ignore[attr-defined]
        await model.ask(HELLO, "plan", schema=SCHEMA)
    assert [len(fake.refused), len(fake.chats)] == [1, 2]


async def test_a_server_that_ignores_the_format_is_not_asked_again(tmp_path: Path) -> None:
    with served(tmp_path, OpenAI({"content": "Sure! Here it is: [1"})) as (model, server):
        assert (await model.ask(HELLO, "plan", schema=SCHEMA)).text == "Sure! Here it is: [1"
    assert len(server.requests) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_half_an_answer_of_a_tool_comes_as_it_is(provider: str, tmp_path: Path) -> None:
    with served(tmp_path, OpenAI('{"n": ', lacks={"json_schema"}), provider) as (model, _):
        assert (await model.ask(HELLO, "plan", schema=SCHEMA)).text == '{"n": '


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("arguments", "text"), [
    ('[{"n": 3}]', '[{"n": 3}]'), ("3", "3"), ("null", "null"), ({"n": 3}, '{"n": 3}')],
    ids=["array", "number", "null", "no string"])
async def test_arguments_of_any_form_come_as_their_text(arguments: Any, text: str, provider: str,
                                                        tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "Plan", "arguments": arguments}}
    fake = OpenAI({"content": None, "tool_calls": [call]}, lacks={"json_schema"})
    with served(tmp_path, fake, provider) as (model, _):
        reply = await model.ask(HELLO, "plan", schema=SCHEMA)
    assert (reply.text, len(fake.chats)) == (text, 1)
    assert reply.call["requests"] == 1 + len(fake.refused)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_refusal_is_returned_as_its_text(provider: str, tmp_path: Path) -> None:
    with served(tmp_path, OpenAI({"content": None, "refusal": "I cannot help."}), provider) as (model, _):
        assert (await model.ask(HELLO, "plan", schema=SCHEMA)).text == "I cannot help."


@pytest.mark.parametrize("answer", [
    error(404, "The model 'm' does not exist.", "model_not_found"), error(401, "Bad key for tools."),
    error(400, "This is too long.", "context_length_exceeded")], ids=["no model", "no key", "too long"])
async def test_what_no_lower_rung_can_mend_is_asked_once(answer: Any, tmp_path: Path) -> None:
    with served(tmp_path, OpenAI(lambda chat: answer)) as (model, server), pytest.raises(LLMError):
        await model.ask(HELLO, "plan", schema=SCHEMA)
    assert len(server.requests) == 1


async def test_a_request_that_every_rung_refuses_teaches_nothing(tmp_path: Path) -> None:
    with served(tmp_path, OpenAI(lambda chat: error(400, "Bad request."))) as (model, server):
        with pytest.raises(LLMError):
            await model.ask(HELLO, "plan", schema=SCHEMA)
        assert len(server.requests) == 4
    assert not (tmp_path / "llm.json").exists()


async def test_the_schema_joins_the_system_message_that_is_there(tmp_path: Path) -> None:
    fake = OpenAI(PLAN, lacks={"json_schema", "tools"})
    with served(tmp_path, fake) as (model, _):
        await model.ask([{"role": "system", "content": "Plan."}, *HELLO], "plan", schema=SCHEMA)
    assert [message["role"] for message in fake.chats[0]["messages"]] == ["system", "user"]
    assert fake.chats[0]["messages"][0]["content"].startswith("Plan.\n\n")


@pytest.mark.parametrize(("schema", "expected"), [
    (SCHEMA, True),
    ({**SCHEMA, "additionalProperties": True}, False),
    ({**SCHEMA, "required": []}, False),
    ({"type": "array", "items": SCHEMA}, True),
    ({"anyOf": [SCHEMA, {"type": "object"}]}, False),
], ids=["closed", "open", "optional", "nested", "nested and open"])
def test_strict_only_where_openai_takes_it(schema: Any, expected: bool) -> None:
    assert strict(schema) is expected


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": {"rung": []}}', "[" * 100_000])
def test_a_broken_memory_is_an_empty_one(content: str, tmp_path: Path) -> None:
    file = tmp_path / "llm.json"
    file.write_text(content)
    memory = Memory(file)
    assert memory.of("openai:m", "http://a") == Habits()
    memory.learn("openai:m", "http://a", rung="tools")
    assert Memory(file).of("openai:m", "http://a").rung == "tools"


def test_a_memory_that_cannot_be_written_lasts_for_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "llm.json")
    memory.learn("openai:m", "http://a", rung="tools")
    assert memory.of("openai:m", "http://a").rung == "tools"


def test_what_is_remembered_grows_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path / "llm.json")
    memory.learn("openai:m", "http://a", rung="tools")
    monkeypatch.setattr(rungs, "REMEMBERED", 0.0)
    assert memory.of("openai:m", "http://a").rung is None


def test_the_file_holds_no_address(tmp_path: Path) -> None:
    Memory(tmp_path / "llm.json").learn("openai:m", f"http://user:{KEY}@host/v1", rung="tools")
    assert "user" not in (tmp_path / "llm.json").read_text()
