"""What a server gives away, to whom: figures, keys, pages of other origins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.web.serving import Served, bearer, serving
from tests.web.test_abuse import source


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    with serving(data_dir, source()) as made:
        yield made


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=30) as made:
        yield made


def test_figures_do_not_grow_with_paths_that_are_none(client: httpx.Client) -> None:
    def lines() -> int:
        return len([line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")])

    def strange(number: int) -> None:
        client.get(f"/nowhere-{number}")
        client.request(f"M{number}", f"/threads/t-{number}")
        client.get(f"/threads/t-{number}")
        client.get(f"/experts?task=t-{number}")

    strange(0)
    lines()
    before = lines()
    for number in range(1, 30):
        strange(number)
    assert lines() == before


def test_no_key_stands_in_a_log_an_answer_or_a_figure(data_dir: Path, caplog: pytest.LogCaptureFixture,
                                                      capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(0), serving(data_dir, source(), keys="alice-secret,bob-secret", rate="1/minute") as served:
        shown = bearer("alice-secret")
        with httpx.Client(base_url=served.address) as client:
            answers = [client.get("/runs/x?key=alice-secret"), client.get("/runs/x", headers=shown),
                client.get("/runs/x", headers=shown),
                       client.get("/metrics", headers=shown), client.post("/runs", headers=bearer("bob-secret"),
                           content=b"x"),
                       client.get("/openapi.json"), client.get("/readyz")]
    assert [answer.status_code for answer in answers] == [401, 422, 429, 200, 422, 200, 200]
    said = "".join([answer.text + str(answer.headers) for answer in answers])
    log = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert "secret" not in said + log + "".join(capfd.readouterr())


@pytest.mark.parametrize(("origin", "method", "allowed"), [
    ("https://app.example", "POST", True), ("https://evil.example", "POST", False), ("null", "POST", False),
    ("https://app.example", "PUT", False)])
def test_only_pages_that_are_named_may_call(origin: str, method: str, allowed: bool, data_dir: Path) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type"}
    with serving(data_dir, source(), keys="alice", origins="https://app.example") as served:
        asked = httpx.options(f"{served.address}/runs", headers=headers)
        sent = httpx.post(f"{served.address}/runs", json={"text": "a"}, headers={**bearer("alice"), "Origin": origin})
    named = origin == "https://app.example"
    assert asked.is_success is allowed
    assert sent.status_code == (201 if named else 403)
    assert sent.headers.get("access-control-allow-origin") == (origin if named else None)
    assert "access-control-allow-credentials" not in sent.headers


def test_no_page_may_call_where_none_is_named(client: httpx.Client) -> None:
    headers = {"Origin": "https://app.example"}
    asked = client.options("/runs", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 405
    for answer in (asked, client.get("/readyz", headers=headers)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_form_on_another_page_uploads_nothing(client: httpx.Client, served: Served) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for answer in (client.post("/files", files={"file": b"some"}, headers=headers),
                       client.post("/runs", content=b'{"text":"a"}', headers={**headers,
                           "Content-Type": "text/plain"})):
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert client.post("/files", files={"file": b"some"}, headers={"Origin": served.address}).status_code == 201
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403
