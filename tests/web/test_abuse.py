"""Bad input to every route: each answer is a documented refusal, and the server goes on."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from compegpt.schema import Finding
from tests.fakes import FakeSource, task
from tests.web.serving import Served, serving

JSON_ROUTES = ("/runs", "/plans", "/tasks", "/results", "/hugginggpt", "/v1/chat/completions", "/v1/responses")
"""Routes that take a JSON body."""


def source() -> FakeSource:
    return FakeSource({"summarization": [("s", "a", Finding({"text": "Short."}))],
                       "table-question-answering": [("t", "b", Finding({"text": "x", "data": float("nan")}))],
                       "text-generation": [("g", "c", Finding({"text": "half \ud83d<script>alert(1)</script>"}))]})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), source(), [task("summarization", text="Long.")]) as made:
        yield made


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=30) as made:
        yield made
        assert made.get("/healthz").text == "ok"


def told(port: int, sent: Sequence[bytes], wait: float = 20.0) -> tuple[int, bytes]:
    """Status and body of the answer to raw bytes; (0, b"") where the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as caller:
        answer = b""
        try:
            for piece in sent:
                caller.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has said all that it has to say
        try:
            while piece := caller.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass  # it closed before it had read all that was sent
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]), body) if head else (0, b"")


def port(served: Served) -> int:
    return urlsplit(served.address).port or 0


def planned(args: str) -> bytes:
    return b'{"plan":[{"task":"table-question-answering","id":0,"args":' + args.encode() + b"}]}"


def nested(lists: int) -> bytes:
    return planned('{"question":"q","table":' + "[" * lists + "]" * lists + "}")


BODIES: dict[str, tuple[bytes, int | tuple[int, ...]]] = {
    "nothing": (b"", (400, 422)), "null": (b"null", (400, 422)), "list": (b"[]", (400, 422)), "text": (b'"x"', (400,
    422)),
    "number": (b"1", (400, 422)), "half": (b'{"text":', (400, 422)), "two": (b'{"text":"a"}{"text":"b"}', (400, 422)),
    "deep": (b"[" * 100_000, (400, 422)), "deep object": (b'{"a":' * 100_000, (400, 422)),
    "latin": (b'{"text":"\xe9"}', (400, 422)), "nul": (b'{"text":"a\0"}', (400, 422)), "binary": (bytes(range(256)),
    (400, 422)),
    "digits": (b'{"text":' + b"9" * 5_000 + b"}", (400, 422)), "gzip": (gzip.compress(b'{"text":"a"}'), (400, 422)),
    "unknown": (b'{"nothing":1}', (400, 422)), "single quotes": (b"{'text':'a'}", (400, 422)),
}


@pytest.mark.parametrize("route", JSON_ROUTES)
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_what_is_no_request_is_refused(body: str, route: str, client: httpx.Client) -> None:
    sent, statuses = BODIES[body]
    answer = client.post(route, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code in (statuses if isinstance(statuses, tuple) else (statuses,)), answer.text
    assert answer.json()["error"]["message"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("route", JSON_ROUTES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
    "text/json", "", "x",
                                  "application/json; charset=\ud800".encode("utf-8", "replace").decode()], ids=repr)
def test_only_json_is_taken_for_json(kind: str, route: str, client: httpx.Client) -> None:
    answer = client.post(route, content=b'{"text":"a","messages":[],"model":"compegpt","input":"a"}',
        headers={"Content-Type": kind})
    assert answer.status_code in ((400, 422) if "application/json" not in kind or route not in ("/runs", "/plans") else
                                  (200, 201, 422)), answer.text


PLANS: dict[str, bytes] = {
    "NaN": planned('{"question":"q","table":[{"a":NaN}]}'),
    "Infinity": planned('{"question":"q","table":[{"a":-Infinity}]}'),
    "1e999": planned('{"question":"q","table":[{"a":1e999}]}'),
    "20 digits": planned('{"question":"q","table":[{"a":%s}]}' % ("9" * 20)),
    "4,000 digits": planned('{"question":"q","table":[{"a":%s}]}' % ("9" * 4_000)),
    "300 lists": nested(300),
    "900 lists": nested(900),
    "half a letter": planned('{"question":"a\\ud800b","table":[]}'),
    "half a name": planned('{"question":"q","\\ud800":"x"}'),
    "NUL": planned('{"question":"a\\u0000b","table":[]}'),
    "NUL in a key": planned('{"question":"q","table":[{"\\u0000":1}]}'),
    "number for a text": b'{"plan":[{"task":"summarization","id":0,"args":{"text":99999999999999999999}}]}',
}


@pytest.mark.parametrize("route", ["/runs", "/plans"])
@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_plan_that_no_checkpoint_can_hold_is_refused(plan: str, route: str, client: httpx.Client) -> None:
    answer = client.post(route, content=PLANS[plan], headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "usage")


@pytest.mark.parametrize("body", [
    {"text": "a", "files": ["x"] * 51}, {"text": "a", "files": ["x" * 401]}, {"text": "a", "files": "x"}, {"text": 1},
    {"text": None},
    {"text": "x" * 50_001}, {"text": "a", "thread": "a/b"}, {"text": "a", "thread": "a\\b"}, {"text": "a",
    "thread": ""},
    {"text": "a", "thread": "x" * 101}, {"text": "a", "thread": ".."}, {"text": "a", "thread": "."}, {"text": "a",
    "thread": 1},
    {"plan": {}}, {"plan": [1]}, {"plan": [{"task": "x" * 101, "id": 0}]}, {"plan": [{"task": "ocr", "id": -1}]},
    {"plan": [{"task": "ocr", "id": 10**7}]}, {"plan": [{"task": "ocr", "id": 0, "dep": [10**30]}]},
    {"plan": [{"task": "ocr", "id": 0, "dep": [-2]}]}, {"plan": [{"task": "ocr", "id": "0\ud800"}]},
    {"plan": [{"task": "ocr", "id": 0, "args": []}]}, {"plan": [{"task": "ocr", "id": 0}] * 51}, {"text": "a",
    "more": 1}, {"\ud800": 1},
], ids=lambda body: ascii(body)[:50])
def test_a_field_that_does_not_fit_is_named(body: Any, client: httpx.Client) -> None:
    answer = client.post("/runs", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "usage")


@pytest.mark.parametrize("body", [
    {}, {"text": " \n"}, {"text": "a\0"}, {"text": "a", "thread": "\0uploads"}, {"text": "a", "thread": " "},
    {"text": "a", "thread": "a\nb"}, {"thread": "farm", "resume": True, "text": "a"}, {"resume": True},
    {"thread": "farm", "resume": True, "plan": []}, {"thread": "farm", "resume": True, "files": ["0" * 68]}], ids=ascii)
def test_a_request_that_says_nothing_or_too_much_is_refused(body: dict[str, Any], client: httpx.Client) -> None:
    answer = client.post("/runs", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "usage")


def test_of_two_fields_of_one_name_the_last_counts(client: httpx.Client, served: Served) -> None:
    client.post("/plans", content=b'{"text":"first","text":"second"}', headers={"Content-Type": "application/json"})
    assert served.planner.asked[-1][0]["text"] == "second"


PATHS = ["..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%2fetc%2fpasswd", "%00", "%00uploads", "a%00", "%5c..%5c",
    "%ff", "%0d%0aX:1",
         "%ed%a0%80", "a" * 101, "a" * 20_000, "-", "%f0%9f%98%80", "%e2%80%ae", "*", "'%20OR%201=1--",
             "%3Cscript%3E", "0" * 68]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20])
@pytest.mark.parametrize("route", ["/runs/{}", "/runs/{}/events", "/threads/{}", "/files/{}", "/files/{}/x",
    "/v1/models/{}", "/{}"])
def test_what_never_was_is_not_found(route: str, path: str, method: str, served: Served) -> None:
    line = f"{method} {route.format(path)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    status, body = told(port(served), [line])
    assert status in (404, 405, 422)
    assert json.loads(body)["error"]["message"]
    assert b"Traceback" not in body


def test_deleting_a_thread_that_nobody_can_name_leaves_uploads_alone(client: httpx.Client) -> None:
    made = client.post("/files", files={"file": b"some"}).json()
    assert client.delete("/threads/%00uploads").status_code == 404
    assert client.get(made["address"]).content == b"some"


@pytest.mark.parametrize("query", ["task=%00", "task=..%2f..", "task=%ff", "task=" + "a" * 61, "task=%3Cscript%3E",
    "task=none"])
@pytest.mark.parametrize("route", ["/experts", "/league"])
def test_a_task_that_is_none_is_refused(route: str, query: str, client: httpx.Client) -> None:
    answer = client.get(f"{route}?{query}")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/json"


def test_what_experts_say_can_be_read_whatever_it_is(client: httpx.Client) -> None:
    steps = [{"task": "table-question-answering", "id": 0, "args": {"question": "q", "table": [{"a": 1}]}},
             {"task": "text-generation", "id": 1, "args": {"text": "<b>x</b>"}}]
    made = client.post("/runs", json={"plan": steps, "thread": "<script>alert(1)<‹"}).json()
    events = client.get(made["events"])
    answers = [client.get(f"/runs/{made['id']}"), client.get(f"/threads/{made['thread'].replace('/', '%2F')}")]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "half ?" in answer.text
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.headers["x-content-type-options"] == "nosniff"
    data = [line[6:] for line in events.text.splitlines() if line.startswith("data: ")]
    for line in data:
        assert "NaN" not in line
        json.dumps(json.loads(line), ensure_ascii=False).encode()
    assert json.loads(data[-1])["status"] == "done"
