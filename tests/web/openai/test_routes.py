from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from compegpt.context import Account, Say
from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding, Written
from tests.fakes import FakeSource, task
from tests.web.serving import Served, bearer, serving

PNG = base64.b64encode((Path(__file__).parents[3] / "examples" / "sign.png").read_bytes()).decode()
WAV = base64.b64encode((Path(__file__).parents[3] / "examples" / "speech.wav").read_bytes()).decode()
HELLO = [{"role": "user", "content": "Say hello."}]


async def speaks(args: Mapping[str, Any], store: Store) -> Finding:
    path = store.new(".wav")
    path.write_bytes(base64.b64decode(WAV))
    return Finding({"audio": str(path)})


async def paints(args: Mapping[str, Any], store: Store) -> Finding:
    path = store.new(".png")
    path.write_bytes(base64.b64decode(PNG))
    return Finding({"image": str(path)})


def source() -> FakeSource:
    return FakeSource({"summarization": [("s", "a", Finding({"text": "Short."}))],
                       "text-to-speech": [("voice", "a", speaks)], "text-to-image": [("brush", "a", paints)],
                       "ocr": [("o", "a", Finding({"text": "Read."}))]})


SUMMARY = [task("summarization", text="A long text.")]


def client(served: Served, key: str = "any") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.address}/v1", api_key=key, max_retries=0)


def post(served: Served, body: Any, key: str = "any") -> httpx.Response:
    return httpx.post(f"{served.address}/v1/chat/completions", json=body, headers=bearer(key), timeout=30)


def parts(*media: dict[str, Any], text: str = "Do it.") -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "text", "text": text}, *media]}]


def picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def test_an_answer_has_openais_shape_and_the_record(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        made = sdk.chat.completions.create(model="compegpt", messages=HELLO, temperature=0.2, seed=1, user="u")
    assert made.object == "chat.completion"
    assert made.model == "compegpt"
    assert [(one.index, one.finish_reason, one.message.role) for one in made.choices] == [(0, "stop", "assistant")]
    assert made.choices[0].message.content == "summarization: ok"
    assert made.usage is not None
    assert made.usage.total_tokens == 0
    record = made.model_extra["compegpt"]
    assert record["results"][0]["winner"] == "fake:s"
    assert record["artifacts"] == []
    assert served.planner.asked[0][0]["text"] == "Say hello."


async def test_the_async_client_is_served_as_well(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        async with openai.AsyncOpenAI(base_url=f"{served.address}/v1", api_key="any") as sdk:
            made = await sdk.chat.completions.create(model="compegpt", messages=HELLO)
            assert made.choices[0].message.content == "summarization: ok"
            pieces = [one async for one in await sdk.chat.completions.create(
                model="compegpt", messages=HELLO, stream=True)]
    assert "".join(one.choices[0].delta.content or "" for one in pieces) == "summarization: ok"


def test_a_stream_begins_with_the_role_and_ends_with_reason_record_and_usage(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        chunks = list(sdk.chat.completions.create(model="compegpt", messages=HELLO, stream=True,
                                                  stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(one.choices[0].delta.content or "" for one in chunks[:-1]) == "summarization: ok"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].model_extra["compegpt"]["answer"] == "summarization: ok"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({one.id for one in chunks}) == 1


def test_a_stream_ends_with_done(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        answer = post(served, {"model": "compegpt", "messages": HELLO, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith("data: ") for line in lines)


class Saying:
    """A writer that says its pieces one by one and then what counts."""

    def __init__(self, *pieces: str, answer: str | None = None) -> None:
        self.pieces, self.answer = pieces, answer

    async def write(self, account: Account, say: Say) -> Written:
        made = account.results[0]["output"] or {}
        pieces = [piece.replace("FILE", made.get("image", "")) for piece in self.pieces]
        for piece in pieces:
            half = len(piece) // 2
            say(piece[:half])
            await asyncio.sleep(0)
            say(piece[half:])
        return Written("".join(pieces) if self.answer is None else self.answer)


def streamed(served: Served, messages: Any = HELLO) -> str:
    with client(served) as sdk:
        chunks = sdk.chat.completions.create(model="compegpt", messages=messages, stream=True)
        return "".join(one.choices[0].delta.content or "" for one in chunks)


@pytest.mark.parametrize(("writer", "said"), [
    (Saying("It is ", "short."), "It is short."),
    (Saying("It is ", answer="It is short."), "It is short."),
    (Saying("It is short. ", answer="It is short."), "It is short. "),
    (Saying("It is long.", answer="It is short."), "It is long.\n\nIt is short."),
], ids=["as written", "goes on", "blank at the end", "another answer"])
def test_what_is_written_is_streamed_and_the_rest_follows(writer: Saying, said: str, data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY, writer=writer) as served:
        assert streamed(served) == said


def test_no_path_of_the_server_gets_into_a_stream(data_dir: Path) -> None:
    writer = Saying("I painted ", "FILE", " for you", ", see FILE", ".")
    with serving(data_dir, source(), [task("text-to-image", text="A sheep")], writer=writer) as served:
        said = streamed(served)
    address = said.partition("I painted ")[2].partition(" for you")[0]
    assert address.startswith(f"{served.address}/files/")
    assert address.endswith(".png")
    assert said.startswith(f"I painted {address} for you, see {address}.\n\n![")
    assert str(data_dir) not in said


def test_pictures_are_shown_sounds_are_linked_and_both_can_be_fetched(data_dir: Path) -> None:
    plan = [task("text-to-image", 0, text="A sheep"), task("text-to-speech", 1, text="Baa")]
    with serving(data_dir, source(), plan) as served:
        answer = post(served, {"model": "compegpt", "messages": HELLO}).json()["choices"][0]["message"]["content"]
        shown, linked = answer.split("\n\n")[1:]
        assert shown.startswith("![")
        assert linked.startswith("[")
        for line, kind in ((shown, "image/png"), (linked, "audio/wav")):
            address = line.partition("](")[2].rstrip(")")
            assert address.startswith(served.address)
            assert httpx.get(address).headers["content-type"] == kind


@pytest.mark.parametrize(("part", "suffix"), [
    (picture(f"data:image/png;base64,{PNG}"), "/picture.png"),
    (picture(f"data:application/octet-stream;base64,{PNG}"), "/picture.png"),
    ({"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}, "/recording.wav"),
    ({"type": "file", "file": {"file_data": PNG, "filename": "my sign.png"}}, "my sign.png"),
    ({"type": "file", "file": {"file_data": f"data:image/png;base64,{PNG}", "filename": "../../x.png"}}, "/x.png"),
], ids=["picture", "picture of no type", "sound", "file", "file with a path"])
def test_what_a_message_holds_becomes_a_file_of_the_request(part: dict[str, Any], suffix: str, data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        assert post(served, {"model": "compegpt", "messages": parts(part)}).status_code == 200
        (file,) = served.planner.asked[0][0]["files"]
    assert file.endswith(suffix)
    assert base64.b64encode(Path(file).read_bytes()).decode() in (PNG, WAV)


def test_pictures_of_one_message_have_names_of_their_own(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        given = picture(f"data:image/png;base64,{PNG}")
        assert post(served, {"model": "compegpt", "messages": parts(given, given)}).status_code == 200
        assert [Path(file).name for file in served.planner.asked[0][0]["files"]] == ["picture.png", "picture-2.png"]


def test_files_of_ones_own_are_given_by_id_and_by_address(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        sent = httpx.post(f"{served.address}/files", files={"file": ("a.png", base64.b64decode(PNG))}).json()
        by_id = {"type": "file", "file": {"file_id": sent["id"]}}
        for part in (by_id, picture(sent["address"]), picture(served.address + sent["address"])):
            assert post(served, {"model": "compegpt", "messages": parts(part)}).status_code == 200
        assert [len(request["files"]) for request, _ in served.planner.asked] == [1, 1, 1]


def test_a_picture_at_an_address_is_fetched_and_one_of_this_network_is_not(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        refused = post(served, {"model": "compegpt", "messages": parts(picture(f"{served.address}/healthz"))})
        assert refused.status_code == 400
        assert "only public addresses" in refused.json()["error"]["message"]
        content = base64.b64decode(PNG)
        served.desk.files.transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
        assert post(served, {"model": "compegpt",
                             "messages": parts(picture("https://example.org/show?id=3"))}).status_code == 200
        assert served.planner.asked[0][0]["files"][0].endswith("show.png")


@pytest.mark.parametrize(("change", "status", "param"), [
    ({"model": "gpt-4o"}, 404, "model"),
    ({"model": None}, 400, None),
    ({"messages": []}, 400, None),
    ({"messages": "hello"}, 400, None),
    ({"messages": [{"role": "wizard", "content": "x"}]}, 400, None),
    ({"messages": [{"role": "user", "content": {"a": 1}}]}, 400, None),
    ({"messages": [{"role": "user", "content": ""}]}, 400, "messages"),
    ({"messages": [{"role": "user"}]}, 400, "messages"),
    ({"messages": [{"role": "user", "content": "\0"}]}, 400, None),
    ({"messages": [{"role": "user", "content": "x" * 60_000}]}, 400, None),
    ({"messages": [{"role": "system", "content": "Be kind."}]}, 400, "messages"),
    ({"messages": [*HELLO, {"role": "assistant", "content": "Hello."}]}, 400, "messages"),
    ({"messages": parts(picture("data:image/png;base64,@@@"))}, 400, None),
    ({"messages": parts(picture("data:image/png;base64,aGVsbG8="))}, 400, None),
    ({"messages": parts(picture("file:///etc/passwd"))}, 400, None),
    ({"messages": parts(picture("/etc/passwd"))}, 400, None),
    ({"messages": parts({"type": "image_url"})}, 400, "messages"),
    ({"messages": parts({"type": "hologram"})}, 400, "messages"),
    ({"messages": parts({"type": "file", "file": {}})}, 400, "messages"),
    ({"messages": parts({"type": "file", "file": {"file_data": "@"}})}, 400, None),
    ({"messages": parts({"type": "file", "file": {"file_id": "0" * 68}})}, 404, None),
    ({"messages": parts(*[picture("data:image/png;base64,")] * 51)}, 400, "messages"),
    ({"n": 2}, 400, "n"),
    ({"logprobs": True}, 400, "logprobs"),
    ({"modalities": ["text", "audio"]}, 400, "modalities"),
    ({"tools": [], "tool_choice": "required"}, 400, "tool_choice"),
    ({"tools": [], "tool_choice": {"type": "function", "function": {"name": "f"}}}, 400, "tool_choice"),
    ({"function_call": {"name": "f"}}, 400, "function_call"),
    ({"response_format": {"type": "json_schema", "json_schema": {}}}, 400, "response_format"),
    ({"metadata": {"thread": "../x"}}, 400, None),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None)
def test_what_cannot_be_honoured_is_an_error_in_openais_form(change: dict[str, Any], status: int, param: str | None,
                                                             shared: Served) -> None:
    answer = post(shared, {"model": "compegpt", "messages": HELLO, **change})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["message"].strip()
    assert shared.planner.asked == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server where nothing ever gets as far as a plan."""
    with serving(tmp_path_factory.mktemp("shared"), source(), SUMMARY) as served:
        yield served


@pytest.mark.parametrize(("content", "status"), [
    (b"{", 400), (b"", 400), (b"[" * 100_000, 400), (b"\xff\xfe", 400), (b"[]", 400), (b"null", 400),
    (b" " * 40_000_001, 413)], ids=["cut", "empty", "deep", "no UTF-8", "a list", "null", "huge"])
def test_a_body_that_is_none_is_an_error_in_openais_form(content: bytes, status: int, shared: Served) -> None:
    answer = httpx.post(f"{shared.address}/v1/chat/completions", content=content,
                        headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_what_only_tunes_a_language_model_is_ignored(data_dir: Path) -> None:
    extra = {"temperature": 2, "top_p": 0.1, "max_tokens": 5, "stop": ["x"], "frequency_penalty": 1, "user": "me",
             "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "n": 1, "foo": {},
             "response_format": {"type": "text"}, "store": False, "reasoning_effort": "high"}
    with serving(data_dir, source(), SUMMARY) as served:
        assert post(served, {"model": "compegpt", "messages": HELLO, **extra}).status_code == 200


def test_the_models_are_one(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        assert [model.id for model in sdk.models.list()] == ["compegpt"]
        assert sdk.models.retrieve("compegpt").owned_by == "compegpt"
        with pytest.raises(openai.NotFoundError) as caught:
            sdk.models.retrieve("org/other")
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"


def test_the_sdk_raises_its_own_errors(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY, keys="alice", rate="2/minute") as served:
        with client(served, "wrong") as sdk, pytest.raises(openai.AuthenticationError) as unknown:
            sdk.models.list()
        assert unknown.value.code == "unauthorized"
        assert "Bearer" in str(unknown.value)
        with client(served, "alice") as sdk:
            with pytest.raises(openai.BadRequestError):
                sdk.chat.completions.create(model="compegpt", messages=[])
            sdk.models.list()
            with pytest.raises(openai.RateLimitError):
                sdk.models.list()


def test_what_failed_is_told_in_the_answer_where_there_is_one(data_dir: Path) -> None:
    broken = FakeSource({"summarization": [("s", "a", ExpertError("It broke."))]})
    with serving(data_dir, broken, SUMMARY) as served, client(served) as sdk:
        made = sdk.chat.completions.create(model="compegpt", messages=HELLO)
    assert made.choices[0].message.content == "summarization: failed"
    assert made.model_extra["compegpt"]["error"]["code"] == "expert"


async def hangs(args: Mapping[str, Any], store: Store) -> Finding:
    await asyncio.Event().wait()
    raise AssertionError


def test_a_run_without_an_answer_is_an_error_whole_and_in_a_stream(data_dir: Path) -> None:
    with serving(data_dir, source(), RuntimeError("a bug")) as served, client(served) as sdk:
        with pytest.raises(openai.InternalServerError) as caught:
            sdk.chat.completions.create(model="compegpt", messages=HELLO)
        assert caught.value.code == "internal"
        assert "a bug" not in str(caught.value)
        stream = sdk.chat.completions.create(model="compegpt", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="internal error"):
            list(stream)


class Hanging:
    """An expert that never ends, and says that it began and that it was cancelled."""

    def __init__(self) -> None:
        self.began, self.cancelled = threading.Event(), threading.Event()

    async def __call__(self, args: Mapping[str, Any], store: Store) -> Finding:
        self.began.set()
        try:
            return await hangs(args, store)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_client_that_leaves_stops_its_run(stream: bool, data_dir: Path) -> None:
    hanging = Hanging()
    with serving(data_dir, FakeSource({"summarization": [("s", "a", hanging)]}), SUMMARY) as served:
        async with httpx.AsyncClient(timeout=30) as http:
            asking = asyncio.create_task(http.post(f"{served.address}/v1/chat/completions", json={
                "model": "compegpt", "messages": HELLO, "stream": stream}))
            assert await asyncio.to_thread(hanging.began.wait, 20)
            asking.cancel()
            await asyncio.wait([asking])
        assert await asyncio.to_thread(hanging.cancelled.wait, 20)
        (run,) = served.desk.runs.of_thread(served.planner.asked[0][0]["thread"])
        await asyncio.to_thread(asyncio.run_coroutine_threadsafe(run.finished(), run._task.get_loop()).result, 20)
        assert run.status == "stopped"
