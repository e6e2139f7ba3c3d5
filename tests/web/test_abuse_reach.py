"""What requests may reach: no file that was not attached, and no address that is not public."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from compegpt.media.addresses import Guarded
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from tests.fakes import FakeSource, task
from tests.loopback.server import Answer, Asked, Server
from tests.media.hosts import PUBLIC, To, names, picture
from tests.web.serving import Served, serving


async def says(args: Mapping[str, Any], store: Store) -> Finding:
    return Finding({"text": json.dumps(args, sort_keys=True)})


TASKS = ("summarization", "question-answering", "table-question-answering", "ocr", "image-to-text",
    "sentence-similarity",
         "automatic-speech-recognition", "visual-question-answering")


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    with serving(data_dir, FakeSource({name: [("e", "a", says)] for name in TASKS})) as made:
        yield made


def came_to(served: Served, name: str, **args: Any) -> dict[str, Any]:
    """What a run of one task came to, with its events, without what differs from run to run."""
    with httpx.Client(base_url=served.address, timeout=30) as client:
        started = client.post("/runs", json={"plan": [task(name, **args)]})
        assert started.status_code == 201, started.text
        events = client.get(started.json()["events"]).text
        report = client.get(f"/runs/{started.json()['id']}").json()
    return {"results": [{**one, "candidates": [{**each, "seconds": 0} for each in one["candidates"]]}
                        for one in report["results"]],
            "answer": report["answer"], "error": report.get("error"), "plan": report["plan"],
            "kinds": [line for line in events.splitlines() if line.startswith("event: ")]}


def named(kind: str, path: str) -> dict[str, Any]:
    """A task with a path in this argument."""
    return {
        "text": {"name": "summarization", "text": path}, "question": {"name": "question-answering", "question": path,
        "context": "c"},
        "context": {"name": "question-answering", "question": "q", "context": path},
        "table": {"name": "table-question-answering", "question": "q", "table": path},
        "rows": {"name": "table-question-answering", "question": "q", "table": [{"a": path}, path]},
        "other": {"name": "sentence-similarity", "text": "a", "other": path}, "image": {"name": "ocr", "image": path},
        "audio": {"name": "automatic-speech-recognition", "audio": path},
    }[kind]


KINDS = ("text", "question", "context", "table", "rows", "other", "image", "audio")
SPELLED: list[Callable[[str], str]] = [str, "file://{}".format, "FILE://localhost{}".format, "/proc/self/root{}".format,
                                       lambda path: f"/tmp/..{path}", lambda path: f" {path} ",
                                           lambda path: f"{path}/."]


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_tells_whether_a_file_of_the_server_is_there(kind: str, served: Served, tmp_path: Path) -> None:
    there, missing = tmp_path / "secret-1.txt", tmp_path / "secret-2.txt"
    there.write_text("top secret content")
    for spelled in SPELLED:
        one, other = (came_to(served, **named(kind, spelled(str(path)))) for path in (there, missing))
        assert "top secret" not in json.dumps(one)
        assert json.dumps(one) == json.dumps(other).replace("secret-2", "secret-1")


@pytest.mark.parametrize("name", ["/etc/passwd", "~/.bashrc", "checkpoints.sqlite", "../../checkpoints.sqlite",
    "/proc/self/environ"])
@pytest.mark.parametrize("kind", ["text", "context", "table"])
def test_a_path_in_a_text_stays_a_text(kind: str, name: str, served: Served) -> None:
    (result,) = came_to(served, **named(kind, name))["results"]
    assert json.loads(result["output"]["text"])[kind] == name


def test_a_text_that_names_a_file_does_not_attach_it(served: Served, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    with httpx.Client(base_url=served.address) as client:
        for words in (f"Read {tmp_path / 'a.png'}", f"Read {tmp_path / 'b.png'}", f"Read file://{tmp_path / 'a.png'}"):
            started = client.post("/runs", json={"text": words}).json()
            client.get(started["events"]).read()
    assert [one[0]["files"] for one in served.planner.asked] == [[], [], []]
    assert all(one[0]["confined"] for one in served.planner.asked)


@pytest.mark.parametrize("reference", ["/etc/passwd", "file:///etc/passwd", "../../etc/passwd", "http://127.0.0.1/a",
    "", "\0"])
def test_what_is_attached_is_an_upload(reference: str, served: Served) -> None:
    for route in ("/runs", "/plans"):
        answer = httpx.post(f"{served.address}{route}", json={"text": "Read it.", "files": [reference]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("reference", ["{address}", "{id}", "{base}{address}"])
def test_a_plan_may_name_what_was_uploaded(reference: str, served: Served, data_dir: Path) -> None:
    with httpx.Client(base_url=served.address) as client:
        made = client.post("/files", files={"file": ("a.png", picture())}).json()
    found = came_to(served, "ocr", image=reference.format(base=served.address, **made))
    (result,) = found["results"]
    assert result["status"] == "ok"
    assert json.loads(result["output"]["text"])["image"].startswith("/files/")
    assert str(data_dir) not in json.dumps(found)


def test_what_one_thread_has_another_of_the_same_person_may_name(served: Served) -> None:
    with httpx.Client(base_url=served.address) as client:
        made = client.post("/files", files={"file": ("a.png", picture())}).json()
        for thread in ("one", "two"):
            started = client.post("/runs", json={"thread": thread, "plan": [task("ocr", image=made["address"])]}).json()
            client.get(started["events"]).read()
            assert client.get(f"/runs/{started['id']}").json()["results"][0]["status"] == "ok"


ADDRESSES = [
    "http://127.0.0.1:{port}/a.png", "http://localhost:{port}/a.png", "http://[::1]:{port}/a.png",
    "http://2130706433:{port}/a.png",
    "http://0x7f.1:{port}/a.png", "http://0177.0.0.1:{port}/a.png", "http://127.1:{port}/a.png",
    "http://0:{port}/a.png",
    "http://0.0.0.0:{port}/a.png", "http://[::ffff:127.0.0.1]:{port}/a.png", "http://[::ffff:7f00:1]:{port}/a.png",
    "http://①②⑦.⓪.⓪.①:{port}/a.png", "http://user:pw@127.0.0.1:{port}/a.png", "HTTP://LOCALHOST:{port}/a.png",
    "http://localhost.:{port}/a.png", "http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/a.png",
    "http://10.0.0.1/a.png", "http://192.168.1.1/a.png",
    "http://172.16.0.1/a.png",
    "http://100.64.0.1/a.png", "http://192.0.0.192/a.png", "http://[fe80::1]/a.png", "http://[fec0::1]/a.png",
    "http://[64:ff9b::7f00:1]/a.png", "http://[2002:7f00:1::]/a.png", "http://224.0.0.1/a.png",
    "http://255.255.255.255/a.png",
    "ftp://127.0.0.1/a.png", "gopher://127.0.0.1:{port}/_a", "file:///etc/passwd", "file://127.0.0.1/etc/passwd",
    "dict://127.0.0.1:{port}/x", "http://127.0.0.1:{port}\\@example.com/a.png", "http://", "http:///a.png",
    "https://[", "data:",
    "data:image/png;base64,!!", "data:text/html,<script>alert(1)</script>"]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_that_is_not_public_is_not_asked(address: str, served: Served) -> None:
    with Server(lambda asked: Answer(picture())) as inner:
        result = (await asyncio.to_thread(came_to, served, "ocr", image=address.format(port=inner.port)))["results"][0]
        assert inner.requests == []
    assert (result["status"], result["output"]) == ("failed", None)
    assert served.source.calls == []


@pytest.mark.parametrize("kind", ["text", "context", "table"])
async def test_an_address_for_a_text_is_not_asked_either(kind: str, served: Served) -> None:
    with Server(lambda asked: Answer("secret")) as inner:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            args = named(kind, f"http://{host}:{inner.port}/a.txt")
            (result,) = (await asyncio.to_thread(lambda args=args: came_to(served, **args)))["results"]
            assert (result["status"], result["output"]) == ("failed", None)
        assert inner.requests == []
    assert served.source.calls == []


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A public host that leads wherever `?to=` says."""
    def answer(asked: Asked) -> Answer:
        to = asked.query.get("to")
        return Answer(status=302, headers={"Location": to[0]}) if to else Answer(picture())

    with Server(answer) as server:
        monkeypatch.setattr("compegpt.media.fetch.Guarded", lambda: Guarded(names([PUBLIC]), To(server.port)))
        yield server


def test_a_public_address_is_asked(outside: Server, served: Served) -> None:
    assert came_to(served, "ocr", image="http://host.example.com/a.png")["results"][0]["status"] == "ok"
    assert [asked.path for asked in outside.requests] == ["/a.png"]


@pytest.mark.parametrize("to", [
    "http://127.0.0.1/a.png", "http://localhost/a.png", "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd", "ftp://a/b",
    "data:image/png;base64,iVBORw0KGgo=", "//127.0.0.1/a.png", "http://[::1]/a.png", "http://0x7f000001/a.png",
        "gopher://a/b"])
def test_an_address_that_leads_to_what_is_not_public_is_followed_no_further(to: str, outside: Server,
    served: Served) -> None:
    result = came_to(served, "ocr", image=str(httpx.URL("http://host.example.com/a.png",
        params={"to": to})))["results"][0]
    assert (result["status"], result["output"]) == ("failed", None)
    assert [asked.path for asked in outside.requests] == ["/a.png"]
    assert served.source.calls == []
