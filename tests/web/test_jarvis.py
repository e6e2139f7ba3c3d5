from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from compegpt.errors import ExpertError
from compegpt.schema import Finding
from compegpt.web.desk import Own
from compegpt.web.jarvis import MAX_GUESTS, Guests
from compegpt.web.server import application
from compegpt.wiring import parts_from
from tests.fakes import FakeSource, settings, task
from tests.loopback.openai import OpenAI, error
from tests.loopback.server import Server
from tests.web.openai.test_routes import Hanging, paints, source, speaks
from tests.web.serving import bearer, listening, serving

ROUTES = ("tasks", "results", "hugginggpt")
DATA = """{
    "messages": [
        {
            "role": "user",
            "content": "based on pose of /examples/d.jpg and content of /examples/e.jpg, please show me a new image"
        }
    ]
}"""
PLAN = [task("openpose-control", 0, image="/examples/d.jpg"), task("image-to-text", 1, image="/examples/e.jpg"),
        task("openpose-text-to-image", 2, (1, 0), image="<resource>-0", text="<resource>-1")]
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_readmes_curl_gets_the_readmes_answer(data_dir: Path) -> None:
    with serving(data_dir, source(), PLAN) as served:
        curl = await asyncio.create_subprocess_exec(
            "curl", "--silent", "--location", f"{served.address}/tasks", "--header", "Content-Type: application/json",
            "--data", DATA, stdout=asyncio.subprocess.PIPE)
        said, _ = await curl.communicate()
    assert json.loads(said) == [
        {"args": {"image": "/examples/d.jpg"}, "dep": [-1], "id": 0, "task": "openpose-control"},
        {"args": {"image": "/examples/e.jpg"}, "dep": [-1], "id": 1, "task": "image-to-text"},
        {"args": {"image": "<GENERATED>-0", "text": "<GENERATED>-1"}, "dep": [0, 1], "id": 2,
         "task": "openpose-text-to-image"}]
    assert served.source.calls == []


def test_results_are_named_as_jarvis_names_them(data_dir: Path) -> None:
    boxes = [{"label": "cat", "score": 0.9, "box": [1.0, 2.0, 3.0, 4.0]}]
    fake = FakeSource({
        "text-to-image": [("brush", "a", paints)], "text-to-speech": [("voice", "a", speaks)],
        "summarization": [("s", "a", Finding({"text": "Short."}))],
        "language-identification": [("l", "a", Finding({"labels": [{"label": "de", "score": 0.9}]}))],
        "token-classification": [("n", "a", Finding({"data": [{"text": "Stan Lee", "label": "PER", "start": 0, "end": 8,
                                                               "score": 0.9}]}))],
        "object-detection": [("d", "a", Finding({"boxes": boxes}))],
        "fill-mask": [("f", "a", ExpertError("It broke."))]})
    plan = [task("text-to-image", 0, text="A sheep"), task("text-to-speech", 1, text="Baa"),
            task("summarization", 2, text="A long text"), task("language-identification", 3, text="Guten Tag"),
            task("token-classification", 4, text="Stan Lee"), task("object-detection", 5, (0,), image="<resource>-0"),
            task("fill-mask", 6, text="A <mask>")]
    with serving(data_dir, fake, plan) as served:
        made = httpx.post(f"{served.address}/results", json={"messages": HELLO}).json()
        inferred = {task_id: one["inference result"] for task_id, one in made.items()}
        image = inferred["0"]["generated image"]
        assert httpx.get(served.address + image).headers["content-type"] == "image/png"
    assert sorted(made) == ["0", "1", "2", "3", "4", "5", "6"]
    assert image.startswith("/files/")
    assert image.endswith(".png")
    assert inferred["1"]["generated audio"].endswith(".wav")
    assert inferred["2"] == {"generated text": "Short.", "response": "Short."}
    assert inferred["3"]["predicted"] == [{"label": "de", "score": 0.9}]
    assert inferred["4"]["predicted"][0]["text"] == "Stan Lee"
    assert inferred["5"]["predicted"][0]["box"] == {"xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.0}
    assert inferred["6"] == {"error": made["6"]["choose model result"]["reason"]}
    assert made["5"]["task"] == {"args": {"image": image}, "dep": [0], "id": 5, "task": "object-detection"}
    assert made["0"]["choose model result"]["id"] == "fake:brush"
    assert made["0"]["choose model result"]["reason"]


def test_the_answer_names_the_files_by_relative_addresses(data_dir: Path) -> None:
    with serving(data_dir, source(), [task("text-to-image", text="A sheep")]) as served:
        said = httpx.post(f"{served.address}/hugginggpt", json={"messages": HELLO, "model": "gpt-3.5-turbo"},
                          headers=bearer("sk-whatever")).json()
    assert set(said) == {"message"}
    text, address = said["message"].split("\n")
    assert text == "text-to-image: ok"
    assert address.startswith("/files/")
    assert str(data_dir) not in said["message"]


@pytest.mark.parametrize("route", ROUTES)
def test_what_needs_no_task_is_answered(route: str, data_dir: Path) -> None:
    with serving(data_dir, source(), reply="Good day.") as served:
        assert httpx.post(f"{served.address}/{route}", json={"messages": HELLO}).json() == {"message": "Good day."}


def test_a_conversation_goes_on(data_dir: Path) -> None:
    with serving(data_dir, source(), [task("text-to-image", text="A sheep")], [task("ocr", image="x.png")]) as served:
        answer = httpx.post(f"{served.address}/hugginggpt", json={"messages": HELLO}).json()["message"]
        said = [*HELLO, {"role": "assistant", "content": answer}, {"role": "user", "content": "Read it."}]
        for route in ("tasks", "results"):
            assert httpx.post(f"{served.address}/{route}", json={"messages": said}).status_code == 200
            assert served.planner.asked[-1][1][0]["results"][0]["output"]["image"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("body", "status"), [
    ("{", 422), ("[]", 422), ("{}", 422), ('{"messages": []}', 422), ('{"messages": "Hello"}', 422),
    ('{"messages": [{"role": "user"}]}', 400), ('{"messages": [{"role": "assistant", "content": "Hello"}]}', 400),
    ('{"messages": [{"role": "user", "content": 5}]}', 422), ("[" * 100_000, 400), (" " * 40_000_001, 413),
], ids=["cut", "a list", "nothing", "no message", "a text", "no content", "no request", "a number", "deep", "huge"])
def test_what_is_no_request_is_an_error_with_a_message(route: str, body: str, status: int, data_dir: Path) -> None:
    with serving(data_dir, source(), PLAN) as served:
        answer = httpx.post(f"{served.address}/{route}", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert answer.json()["error"]["message"].strip()
        assert served.planner.asked == []


@pytest.mark.parametrize("route", ["results", "hugginggpt"])
async def test_a_client_that_leaves_stops_its_run(route: str, data_dir: Path) -> None:
    hanging = Hanging()
    with serving(data_dir, FakeSource({"summarization": [("s", "a", hanging)]}),
                 [task("summarization", text="A text.")]) as served:
        async with httpx.AsyncClient(timeout=30) as http:
            asking = asyncio.create_task(http.post(f"{served.address}/{route}", json={"messages": HELLO}))
            assert await asyncio.to_thread(hanging.began.wait, 20)
            asking.cancel()
            await asyncio.wait([asking])
        assert await asyncio.to_thread(hanging.cancelled.wait, 20)


OURS, THEIRS = "sk-server-000000000000", "sk-caller-111111111111"


@contextmanager
def guarded(data_dir: Path, home: Server, **flags: Any) -> Iterator[str]:
    """A server with a key of its own for `home`."""
    loaded = settings(data_dir, openai_api_key=OURS, openai_base_url=f"{home.url}/v1", planner="llm", **flags)
    with listening(application(parts_from(loaded), page=False)) as address:
        yield address


def model() -> OpenAI:
    return OpenAI(lambda chat: "[]" if chat.get("tools") or chat.get("response_format") else "Good day.")


def sent(server: Server) -> str:
    """All headers and bodies that a server was sent."""
    return "\n".join(f"{one.headers} {one.body.decode()}" for one in server.requests)


@pytest.mark.parametrize("route", ROUTES)
def test_a_callers_address_gets_the_callers_key_and_never_the_servers(route: str, data_dir: Path,
                                                                      caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(model()) as home, Server(model()) as theirs, guarded(data_dir, home) as address:
        def ask(**given: str) -> httpx.Response:
            return httpx.post(f"{address}/{route}", json={"messages": HELLO, **given}, timeout=60)

        endpoint = f"{theirs.url}/v1/chat/completions"
        answers = [ask(api_key=THEIRS, api_type="openai", api_endpoint=endpoint)]
        assert theirs.requests
        assert {one.headers["authorization"] for one in theirs.requests} == {f"Bearer {THEIRS}"}
        theirs.requests.clear()
        answers.append(ask(api_endpoint=endpoint))
        assert theirs.requests
        assert THEIRS not in sent(theirs)
        assert home.requests == []
        answers.append(ask())
        assert {one.headers["authorization"] for one in home.requests} == {f"Bearer {OURS}"}
        assert OURS not in sent(theirs)
        assert THEIRS not in sent(home)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    kept = b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())
    for key in (OURS, THEIRS):
        assert key.encode() not in kept
        assert key not in caplog.text
        assert all(key not in answer.text for answer in answers)


async def test_parts_of_callers_are_kept_for_the_last_few_and_not_under_their_keys() -> None:
    class Counting:
        """A desk that makes parts, and counts them."""

        made = 0

        async def parts_of(self, own: Own) -> int:
            self.made += 1
            return self.made

    desk, known = Counting(), Guests()
    assert await known.parts(desk, Own()) is None  # type: ignore[arg-type]
    own = [Own(f"sk-{number}", "https://a.example/v1") for number in range(MAX_GUESTS + 1)]
    made = [await known.parts(desk, one) for one in (*own, own[-1], own[0])]  # type: ignore[arg-type]
    assert made == [*range(1, MAX_GUESTS + 2), MAX_GUESTS + 1, MAX_GUESTS + 2]
    assert "sk-" not in repr(known._known.keys())
    assert len(known._known) == MAX_GUESTS


def test_a_key_that_the_callers_server_quotes_is_not_told(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    wrong = error(401, f"Incorrect API key provided: {THEIRS}.", "invalid_api_key")
    with Server(model()) as home, Server(OpenAI(lambda chat: wrong)) as theirs, guarded(data_dir, home) as address:
        for route in ROUTES:
            answer = httpx.post(f"{address}/{route}", timeout=60, json={
                "messages": HELLO, "api_key": THEIRS, "api_endpoint": f"{theirs.url}/v1"})
            assert THEIRS not in answer.text
        assert theirs.requests
        assert home.requests == []
    assert THEIRS not in caplog.text


@pytest.mark.parametrize(("given", "status", "said"), [
    ({"api_endpoint": "http://127.0.0.1:9/v1", "api_key": "sk-a"}, 403, "api_endpoint"),
    ({"api_endpoint": "http://127.0.0.1:9/v1"}, 403, "api_endpoint"),
    ({"api_endpoint": "https://api.openai.com.evil.example/v1"}, 403, "api_endpoint"),
    ({"api_endpoint": "nonsense"}, 400, "http://"),
    ({"api_endpoint": "file:///etc/passwd"}, 400, "http://"),
    ({"api_key": "sk a"}, 400, "api_key"),
    ({"api_key": "sk-\u00e9"}, 400, "api_key"),
    ({"api_type": "azure", "api_key": "sk-a"}, 400, "api_type"),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else None)
def test_a_server_for_many_asks_no_address_of_a_callers(given: dict[str, str], status: int, said: str,
                                                        data_dir: Path) -> None:
    with serving(data_dir, source(), PLAN, keys="alice") as served:
        answer = httpx.post(f"{served.address}/tasks", json={"messages": HELLO, **given}, headers=bearer("alice"))
        assert answer.status_code == status
        assert said in answer.json()["error"]["message"]
        assert served.planner.asked == []


def test_openais_own_address_without_a_key_is_what_jarvis_sends_by_default(data_dir: Path) -> None:
    with serving(data_dir, source(), PLAN, keys="alice") as served:
        answer = httpx.post(f"{served.address}/tasks", headers=bearer("alice"), json={
            "messages": HELLO, "api_key": "", "api_type": "openai",
            "api_endpoint": "https://api.openai.com/v1/chat/completions"})
        assert answer.status_code == 200
        assert served.planner.asked


def test_two_keys_never_see_each_others_threads(data_dir: Path) -> None:
    with serving(data_dir, source(), [task("text-to-image", text="A sheep")], keys="alice,bob") as served:
        url = f"{served.address}/hugginggpt"
        answer = httpx.post(url, json={"messages": HELLO}, headers=bearer("alice")).json()["message"]
        said = [*HELLO, {"role": "assistant", "content": answer}, {"role": "user", "content": "Again."}]
        assert httpx.post(url, json={"messages": said}, headers=bearer("bob")).status_code == 200
        (turn,) = served.planner.asked[-1][1]
        assert turn["results"] == []
        assert turn["request"]["files"] == []
        assert httpx.post(url, json={"messages": said}).status_code == 401
