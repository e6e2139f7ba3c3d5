from __future__ import annotations

import asyncio
import errno
import json
import time
import traceback
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import (
    AuthenticationError,
    CompeGPTError,
    ConfigurationError,
    ExpertError,
    ExpertGone,
    ExpertTimeout,
    ExpertUnavailable,
    InputError,
    StorageError,
)
from compegpt.media.artifacts import Store
from compegpt.sources.hub import calls, connection, faults
from compegpt.sources.hub.model import Model, Provider, Reach
from tests.loopback.canned import bomb, tone
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Answer, Server

TOKEN = "hf_canary0123456789"
ARGS = {"text": "Ada wrote it.", "other": "She did.", "target": "de", "labels": ["cat", "dog"], "question": "When?",
        "context": "In 1843."}
LOADING = {"error": "Model m/one is currently loading", "estimated_time": 20.5}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_layouts", {})


@pytest.fixture
def args(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "t.wav").write_bytes(tone())
    return {**ARGS, "audio": str(tmp_path / "t.wav")}


async def failure(answer: Any, task: str, args: dict[str, Any], folder: Path, seconds: float = 10.0,
                  served: str | None = None) -> CompeGPTError:
    """What a call raises when the model answers so; a token in it, or in its traceback, fails the test."""
    tag = served or task
    with Server(Inference({"m/one": Served(tag, answer)}, roots=["/hf-inference/models/"])) as server:
        asked = Model("m/one", tag, providers=(Provider("hf-inference", "m/one", tag),))
        with pytest.raises(CompeGPTError) as caught:
            await calls.call(asked, task, args, Store(folder / "made"), Reach(TOKEN, server.url, seconds))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return caught.value


ECHO = {"error": f"no good: {TOKEN}"}
STATUSES: list[tuple[str, Answer, type[CompeGPTError], float | None, int]] = [
    ("400", Answer(ECHO, 400), ExpertError, None, 0),
    ("401", Answer(ECHO, 401), AuthenticationError, None, 0),
    ("402", Answer(ECHO, 402), ExpertGone, None, 0),
    ("403", Answer(ECHO, 403), AuthenticationError, None, 0),
    ("403 gated", Answer({"error": "Access to model m/one is restricted"}, 403), ExpertGone, None, 0),
    ("403 gated by code", Answer("", 403, {"x-error-code": "GatedRepo"}), ExpertGone, None, 0),
    ("400 not served", Answer({"error": "Model not supported by provider hf-inference"}, 400), ExpertGone, None, 0),
    ("404", Answer(ECHO, 404), ExpertGone, None, 0),
    ("410", Answer(ECHO, 410), ExpertGone, None, 0),
    ("413", Answer("too large", 413), ExpertError, None, 0),
    ("418", Answer("", 418), ExpertError, None, 0),
    ("422", Answer({"detail": [{"msg": f"bad {TOKEN}"}]}, 422), ExpertError, None, 0),
    ("429 in seconds", Answer(ECHO, 429, {"retry-after": "7"}), ExpertUnavailable, 7.0, 3),
    ("429 nonsense", Answer(ECHO, 429, {"retry-after": "soon"}), ExpertUnavailable, None, 3),
    ("500", Answer(f"<html>{TOKEN}</html>", 500), ExpertUnavailable, None, 2),
    ("502", Answer(b"\xff\xfe\x00", 502), ExpertUnavailable, None, 2),
    ("503 loading", Answer(LOADING, 503), ExpertUnavailable, 20.5, 30),
    ("503 with header", Answer(LOADING, 503, {"retry-after": "3"}), ExpertUnavailable, 3.0, 30),
    ("504", Answer("[" * 100_000, 504), ExpertUnavailable, None, 2),
    ("529", Answer({"error": {"message": "overloaded"}}, 529), ExpertUnavailable, None, 2),
]


@pytest.mark.parametrize(("answer", "wanted", "wait", "tries"), [row[1:] for row in STATUSES],
                         ids=[row[0] for row in STATUSES])
@pytest.mark.parametrize("task", ["summarization", "text-generation", "conversational", "text-to-image"])
async def test_a_refusal_says_who_is_to_blame_and_when_to_try_again(
        task: str, answer: Answer, wanted: type[CompeGPTError], wait: float | None, tries: int, args: dict[str, Any],
        tmp_path: Path) -> None:
    error = await failure(answer, task, args, tmp_path)
    assert type(error) is wanted
    assert "m/one" in str(error)
    if isinstance(error, ExpertUnavailable):
        assert (error.retry_after, error.tries) == (wait, tries)


async def test_retry_after_may_be_a_date(args: dict[str, Any], tmp_path: Path) -> None:
    later = Answer(ECHO, 429, {"retry-after": formatdate(time.time() + 60, usegmt=True)})
    error = await failure(later, "summarization", args, tmp_path)
    assert isinstance(error, ExpertUnavailable)
    assert 50 < (error.retry_after or 0) <= 60


@pytest.mark.parametrize("said", ["-5", "nan", "inf", "1e99", ""])
def test_a_wait_nobody_can_wait_is_none(said: str) -> None:
    assert faults.retry_after({"retry-after": said}) is None


FAULTS = [
    ("hang", Answer({}, fault="hang"), ExpertTimeout, 0.3, "within"),
    ("slow drip", Answer([{"summary_text": "x" * 500}], fault="drip"), ExpertTimeout, 0.3, "within"),
    ("reset", Answer({}, fault="reset"), ExpertUnavailable, 10, "the connection broke off"),
    ("cut", Answer([{"summary_text": "x" * 500}], fault="cut"), ExpertUnavailable, 10, "the connection broke off"),
]


@pytest.mark.parametrize(("answer", "wanted", "seconds", "said"), [row[1:] for row in FAULTS],
                         ids=[row[0] for row in FAULTS])
async def test_a_broken_connection_is_named(answer: Answer, wanted: type[CompeGPTError], seconds: float, said: str,
                                            args: dict[str, Any], tmp_path: Path) -> None:
    error = await failure(answer, "summarization", args, tmp_path, seconds)
    assert type(error) is wanted
    assert said in str(error)


async def test_nobody_at_the_address_is_worth_another_try(args: dict[str, Any], tmp_path: Path) -> None:
    with Server() as server:
        address = server.url
    with pytest.raises(ExpertUnavailable, match="nobody answers there"):
        await calls.call(Model("m/one", "summarization", providers=None), "summarization", args, Store(tmp_path),
                         Reach(TOKEN, address))


async def test_a_call_that_is_cancelled_ends(args: dict[str, Any], tmp_path: Path) -> None:
    with Server(Inference({"m/one": Served("summarization", Answer(fault="hang"))})) as server:
        running = asyncio.create_task(calls.call(Model("m/one", "summarization", providers=None), "summarization", args,
                                                 Store(tmp_path), Reach(TOKEN, server.url)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running, 0.2)
        assert running.cancelled()


GARBAGE = {"bytes": b"\xff\xfe\xfa", "empty": b"", "web page": "<html>Sign in</html>", "null": None, "object": {},
           "list": [], "number": 7, "text": json.dumps("hello"), "list of null": [None], "list of lists": [[]],
           "error with status 200": {"error": "model crashed"}, "nested": b"[" * 100_000,
           "half": b'[{"summary_text": "a',
           "wrong types": [{"label": {"a": 1}, "score": "x", "box": 3, "mask": 5, "answer": 4, "token_str": None}]}
ANSWERED_BY_NOTHING = {("list", "token-classification"), ("list", "question-answering"),
                       ("list of lists", "token-classification")}
"""Where an empty list says that nothing was found."""
READ_BY = ["summarization", "translation", "sentence-similarity", "feature-extraction", "text-generation",
           "text-classification", "token-classification", "zero-shot-classification", "question-answering", "fill-mask",
           "automatic-speech-recognition", "audio-classification", "audio-to-audio", "text-to-image", "text-to-speech",
           "conversational", "text-to-video"]


@pytest.mark.parametrize(("task", "garbage"), [(task, garbage) for task in READ_BY for garbage in GARBAGE
                                               if (garbage, task) not in ANSWERED_BY_NOTHING])
async def test_garbage_is_never_an_output(task: str, garbage: str, args: dict[str, Any], tmp_path: Path) -> None:
    given = GARBAGE[garbage]
    body = given if isinstance(given, bytes | str) else json.dumps(given).encode()
    error = await failure(Answer(body), task, args, tmp_path)
    assert type(error) is ExpertError


@pytest.mark.parametrize(("task", "body"), [("text-to-image", tone()), ("text-to-image", bomb()),
                                            ("text-to-speech", b"RIFF"),
                                            ("text-to-speech", "a text that is no sound at all, but long enough"),
                                            ("text-to-video", tone())])
async def test_the_wrong_kind_of_file_is_told_by_its_bytes(task: str, body: Any, args: dict[str, Any],
                                                           tmp_path: Path) -> None:
    error = await failure(Answer(body, headers={"content-type": "image/png"}), task, args, tmp_path)
    assert type(error) is ExpertError
    assert list((tmp_path / "made").glob("*")) == []


async def test_a_fault_of_the_input_stays_one(tmp_path: Path) -> None:
    asked = Model("m/one", "table-question-answering", providers=None)
    with pytest.raises(InputError, match="table"):
        await calls.call(asked, "table-question-answering", {"question": "When?", "table": ""}, Store(tmp_path),
                         Reach(TOKEN, "http://127.0.0.1:9"))


async def test_a_file_that_is_gone_is_the_inputs_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        await calls.call(Model("m/one", "audio-classification", providers=None), "audio-classification",
                         {"audio": str(tmp_path / "gone.wav")}, Store(tmp_path), Reach(TOKEN, "http://127.0.0.1:9"))


def test_a_full_disk_is_not_the_models_fault() -> None:
    assert type(faults.mended(OSError(errno.ENOSPC, "No space left on device"), "m/one")) is StorageError


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN} x", f"{TOKEN}é"], ids=["line", "blank", "accent"])
async def test_what_cannot_be_a_token_is_neither_sent_nor_shown(token: str, args: dict[str, Any],
                                                                tmp_path: Path) -> None:
    with Server(Inference({"m/one": Served("summarization")})) as server, pytest.raises(ConfigurationError) as caught:
        await calls.call(Model("m/one", "summarization", providers=None), "summarization", args, Store(tmp_path),
                         Reach(token, server.url))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []


async def test_half_a_character_is_the_inputs_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="halves"):
        await calls.call(Model("m/one", "summarization", providers=None), "summarization", {"text": "\ud83d"},
                         Store(tmp_path), Reach(TOKEN, "http://127.0.0.1:9"))
