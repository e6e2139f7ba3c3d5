"""Asking and streaming over real sockets, by the real client of each provider, and every fault on the way."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import weakref
from pathlib import Path
from typing import Any

import pytest

from compegpt.llm import remote
from compegpt.llm.protocol import LLMError
from tests.llm.serving import HELLO, KEY, PROVIDERS, SCHEMA, served, settings
from tests.loopback.openai import OpenAI, error
from tests.loopback.server import Answer

every_provider = pytest.mark.parametrize("provider", PROVIDERS)
JSON = {"content-type": "application/json"}


@every_provider
async def test_a_question_is_answered_and_its_tokens_counted(provider: str, tmp_path: Path) -> None:
    fake = OpenAI("Good day.", key=KEY, usage=(30, 4))
    with served(tmp_path, fake, provider) as (model, server):
        reply = await model.ask(HELLO, "plan")
    assert reply.text == "Good day."
    assert reply.call == {"purpose": "plan", "model": PROVIDERS[provider][0], "seconds": reply.call["seconds"],
                          "started": reply.call["started"], "tokens": 34, "error": None, "code": None,
                          "requests": 1}
    assert fake.chats[0]["messages"] == HELLO
    named = PROVIDERS[provider][0].split(":")[1]
    assert fake.chats[0].get("model") == named or f"/deployments/{named}/" in server.requests[0].path


@every_provider
async def test_an_answer_streams_piece_by_piece(provider: str, tmp_path: Path) -> None:
    said: list[str] = []
    with served(tmp_path, OpenAI("One two  three."), provider) as (model, _):
        reply = await model.stream(HELLO, "write", said.append)
    assert (said, reply.text, reply.call["tokens"]) == (["One ", "two  ", "three."], "One two  three.", 12)
    assert reply.call["requests"] == 1


@every_provider
async def test_a_server_without_stream_options_streams_uncounted_and_is_remembered(provider: str,
                                                                                  tmp_path: Path) -> None:
    fake = OpenAI("One two.", "Three.", lacks={"stream_options"})
    with served(tmp_path, fake, provider) as (model, _):
        replies = [await model.stream(HELLO, "write", lambda piece: None) for _ in range(2)]
    assert [(reply.text, reply.call["tokens"]) for reply in replies] == [("One two.", 0), ("Three.", 0)]
    assert [reply.call["requests"] for reply in replies] == [2, 1]
    assert len(fake.refused) == 1


BARE: dict[str, dict[str, Any]] = {
    "content alone": {"message": {"content": "Here."}},
    "another role": {"message": {"role": "model", "content": "Here."}, "finish_reason": None},
    "calls no tool": {"message": {"content": "Here.", "tool_calls": None}},
}


@every_provider
@pytest.mark.parametrize("way", ["ask", "stream"])
@pytest.mark.parametrize("choice", BARE.values(), ids=BARE)
async def test_a_bare_message_is_an_answer_also_where_a_stream_was_asked_for(
        choice: dict[str, Any], way: str, provider: str, tmp_path: Path) -> None:
    said: list[str] = []
    with served(tmp_path, OpenAI(Answer({"choices": [choice]})), provider) as (model, server):
        reply = await (model.ask(HELLO, "plan") if way == "ask" else model.stream(HELLO, "write", said.append))
    assert (reply.text, len(server.requests)) == ("Here.", 1)
    assert said == (["Here."] if way == "stream" else [])


@every_provider
async def test_one_body_in_place_of_a_stream_is_counted(provider: str, tmp_path: Path) -> None:
    whole = Answer({"choices": [{"message": {"content": "One two."}}],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
    with served(tmp_path, OpenAI(whole), provider) as (model, _):
        reply = await model.stream(HELLO, "write", lambda piece: None)
    assert (reply.text, reply.call["tokens"]) == ("One two.", 5)


@every_provider
async def test_a_server_that_refuses_to_stream_is_asked_for_the_whole_and_remembered(provider: str,
                                                                                    tmp_path: Path) -> None:
    said: list[str] = []
    with served(tmp_path, OpenAI(lambda chat: error(400, "stream is not supported.") if chat.get("stream")
                                 else "One two."), provider) as (model, _):
        replies = [await model.stream(HELLO, "write", said.append) for _ in range(2)]
    assert said == [reply.text for reply in replies] == ["One two."] * 2
    assert [(reply.call["requests"], reply.call["tokens"]) for reply in replies] == [(3, 12), (1, 12)]


def _events(*choices: dict[str, Any]) -> bytes:
    return b"".join(f"data: {json.dumps({'choices': [choice]})}\n\n".encode() for choice in choices)


@every_provider
async def test_a_stream_that_stays_open_ends_with_its_finish_reason(provider: str, tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LINGER", 0.01)
    said: list[str] = []
    finished = _events({"index": 0, "delta": {"role": "assistant", "content": "One <"}, "finish_reason": None},
                       {"index": 0, "delta": {}, "finish_reason": "stop"})
    still_open = Answer(chunks=[finished, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"},
                        pause=3600.0)
    with served(tmp_path, OpenAI(still_open), provider) as (model, _):
        reply = await model.stream(HELLO, "write", said.append)
        http = await model._http()  # type: ignore[attr-defined]
        assert not [one for one in http._transport._pool.connections if not (one.is_idle() or one.is_closed())]
    assert reply.text == "".join(said) == "One <"


@every_provider
async def test_pictures_reach_the_server_as_they_are(provider: str, tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "What is it?"},
             {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    fake = OpenAI("A cat.")
    with served(tmp_path, fake, provider) as (model, _):
        await model.ask([{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}], "expert")
    assert fake.chats[0]["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]


FAULTS: dict[str, tuple[Answer, str, int]] = {
    "401": (error(401, f"Incorrect API key provided: {KEY}."), "authentication", 1),
    "403": (error(403, "No."), "authentication", 1),
    "402": (error(402, "Pay first."), "gone", 1),
    "quota": (error(429, "You exceeded your current quota.", "insufficient_quota"), "gone", 1),
    "404": (error(404, "The model does not exist.", "model_not_found"), "configuration", 1),
    "410": (error(410, "Gone."), "gone", 1),
    "413": (error(413, "Too large."), "expert", 1),
    "429": (error(429, "Slow down."), "transient", 3),
    "500": (error(500, "Oops."), "transient", 3),
    "503": (error(503, "Loading."), "transient", 3),
    "redirect": (Answer("", 302, {"location": "http://127.0.0.1:1/"}), "configuration", 1),
    "reset": (Answer(fault="reset"), "transient", 3),
    "cut": (Answer({"choices": ["x" * 99]}, fault="cut"), "transient", 3),
    "html": (Answer("<html>Welcome</html>", headers={"content-type": "text/html"}), "expert", 1),
    "no choices": (Answer({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": []}),
                   "expert", 1),
    "no message": (Answer({"choices": [{}]}), "expert", 1),
    "error with status 200": (Answer({"error": {"message": "Oops."}}), "expert", 1),
    "garbage": (Answer(b"\xff\xfe\x00", headers=JSON), "expert", 1),
    "null": (Answer(b"null", headers=JSON), "expert", 1),
    "list": (Answer([1, 2]), "expert", 1),
    "empty body": (Answer(b"", headers=JSON), "expert", 1),
}


@every_provider
@pytest.mark.parametrize("way", ["ask", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_an_error_that_says_what_to_do(fault: str, way: str, provider: str, tmp_path: Path) -> None:
    answer, code, tries = FAULTS[fault]
    with served(tmp_path, OpenAI(lambda chat: answer), provider) as (model, server), pytest.raises(LLMError) as caught:
        await (model.ask(HELLO, "plan") if way == "ask" else model.stream(HELLO, "plan", lambda piece: None))
    assert (caught.value.code, len(server.requests)) == (code, tries)
    assert (caught.value.call["code"], caught.value.call["requests"]) == (code, tries)
    assert caught.value.call["error"] == str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.__context__ is None
    assert KEY not in str(caught.value)


@every_provider
@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_a_call_ends_at_its_bound(fault: Any, provider: str, tmp_path: Path) -> None:
    with (served(tmp_path, lambda asked: Answer({"choices": ["x" * 999]}, fault=fault), provider) as (model, server),
          pytest.raises(LLMError, match=r"did not answer within 0\.2 s") as caught):
        await model.ask(HELLO, "plan", seconds=0.2)
    assert (caught.value.code, caught.value.retryable, len(server.requests)) == ("deadline", True, 1)


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with served(tmp_path, OpenAI()) as (model, server):
        pass
    with pytest.raises(LLMError, match=f"cannot be reached at 127.0.0.1:{server.port}") as caught:
        await model.ask(HELLO, "plan")
    assert caught.value.code == "transient"


@every_provider
async def test_a_transient_failure_is_tried_again_and_all_tries_are_counted(provider: str, tmp_path: Path) -> None:
    with served(tmp_path, OpenAI(error(503, "Loading."), "", "Here."), provider) as (model, _):
        reply = await model.ask(HELLO, "plan")
    assert (reply.text, reply.call["tokens"], reply.call["requests"]) == ("Here.", 24, 3)
    assert [0.1 < wait < 0.8 for wait in model.waits] == [True, True]  # type: ignore[attr-defined]


@every_provider
async def test_the_wait_is_the_one_the_server_asks_for(provider: str, tmp_path: Path) -> None:
    busy = error(429, "Slow down.", headers={"retry-after": "3"})
    with served(tmp_path, OpenAI(busy, "Here."), provider) as (model, _):
        await model.ask(HELLO, "plan")
    assert model.waits == [3.0]  # type: ignore[attr-defined]


async def test_no_wait_longer_than_the_time_left(tmp_path: Path) -> None:
    busy = error(429, "Slow down.", headers={"retry-after": "30"})
    with served(tmp_path, OpenAI(busy, "Here.")) as (model, server), pytest.raises(LLMError, match="Slow down"):
        await model.ask(HELLO, "plan", seconds=5.0)
    assert len(server.requests) == 1


@every_provider
async def test_an_answer_that_breaks_off_is_an_error_and_never_said_twice(provider: str, tmp_path: Path) -> None:
    said: list[str] = []
    fake = OpenAI(*["One two three four five six."] * 2, stream_fault="cut")
    with served(tmp_path, fake, provider) as (model, server), pytest.raises(LLMError) as caught:
        await model.stream(HELLO, "write", said.append)
    assert (caught.value.code, len(server.requests)) == ("transient", 1)
    assert said == ["One ", "two ", "three ", "four ", "five "]


@every_provider
async def test_a_stream_that_just_ends_has_broken_off(provider: str, tmp_path: Path) -> None:
    delta = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
             "choices": [{"index": 0, "delta": {"role": "assistant", "content": "One "}, "finish_reason": None}]}
    half = Answer(chunks=[f"data: {json.dumps(delta)}\n\n".encode()], headers={"content-type": "text/event-stream"})
    with served(tmp_path, OpenAI(half), provider) as (model, _), pytest.raises(LLMError, match="broke off"):
        await model.stream(HELLO, "write", lambda piece: None)


@every_provider
async def test_broken_streams_leave_no_connection_behind(provider: str, tmp_path: Path) -> None:
    with served(tmp_path, OpenAI(lambda chat: Answer(chunks=[b"data: x\n\n"] * 4)), provider) as (model, _):
        for _ in range(3):
            with pytest.raises(LLMError):
                await model.stream(HELLO, "write", lambda piece: None)
        http = await model._http()  # type: ignore[attr-defined]
        assert not [one for one in http._transport._pool.connections if not (one.is_idle() or one.is_closed())]


async def test_a_cancelled_call_ends_at_once(tmp_path: Path) -> None:
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(asked: Any) -> Answer:
        loop.call_soon_threadsafe(arrived.set)
        return Answer(fault="hang")

    with served(tmp_path, hang) as (model, _):
        asking = asyncio.create_task(model.ask(HELLO, "plan"))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


def test_one_model_serves_several_event_loops(tmp_path: Path) -> None:
    with served(tmp_path, OpenAI(lambda chat: "Good day.")) as (model, _):
        texts = [asyncio.run(model.ask(HELLO, "plan")).text for _ in range(3)]
    assert texts == ["Good day."] * 3


@every_provider
def test_a_model_lets_go_of_an_event_loop_that_ended(provider: str, tmp_path: Path) -> None:
    async def asked() -> weakref.ref[asyncio.AbstractEventLoop]:
        await model.ask(HELLO, "plan")
        return weakref.ref(asyncio.get_running_loop())

    with served(tmp_path, OpenAI(lambda chat: "Good day."), provider) as (model, _):
        loops = [asyncio.run(asked()) for _ in range(3)]
        gc.collect()
        assert [loop() for loop in loops] == [None] * 3


@every_provider
async def test_several_calls_run_side_by_side(provider: str, tmp_path: Path) -> None:
    together = asyncio.Barrier(4)

    async def gathered(asked: Any) -> Answer | None:
        await together.wait()
        return fake(asked)

    fake = OpenAI(lambda chat: "Good day.")
    with served(tmp_path, gathered, provider) as (model, _):
        replies = await asyncio.gather(*(model.ask(HELLO, "expert") for _ in range(4)))
    assert [reply.text for reply in replies] == ["Good day."] * 4


@every_provider
async def test_no_key_is_in_logs_or_in_what_is_shown_of_a_model(provider: str, tmp_path: Path,
                                                                caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = error(401, f"Incorrect API key provided: {KEY}.")
    with served(tmp_path, OpenAI("Good day.", "{}", echo, echo), provider) as (model, _):
        await model.ask(HELLO, "plan")
        await model.ask(HELLO, "plan", schema=SCHEMA)
        with pytest.raises(LLMError, match=r"\*\*\*\*"):
            await model.ask(HELLO, "plan")
        with pytest.raises(LLMError, match=r"\*\*\*\*"):
            await model.stream(HELLO, "write", lambda piece: None)
        async with model._link.chat(await model._http()) as chat:  # type: ignore[attr-defined]
            shown = repr(chat) + str(chat) + repr(model._link) + repr(model)  # type: ignore[attr-defined]
    written = (tmp_path / "llm.json").read_text()
    assert caplog.records
    assert KEY not in caplog.text + shown + written


def test_the_settings_show_no_key(tmp_path: Path) -> None:
    assert KEY not in repr(settings(tmp_path, openai_api_key=KEY))
