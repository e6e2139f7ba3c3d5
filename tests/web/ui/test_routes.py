"""What is served beside the page: files by address, the log-in, and the policy that pages come with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from compegpt.web.access import COOKIE, cookie_of
from compegpt.web.ui.routes import LONGEST
from compegpt.web.ui.visitor import Visitor
from tests.browser.pages import Served, served
from tests.fakes import FakeSource, fake_parts, settings

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(fake_parts(settings(tmp_path_factory.mktemp("data")), FakeSource({}), [])) as running:
        yield running


@pytest.fixture
def locked(data_dir: Path) -> Iterator[Served]:
    with served(fake_parts(settings(data_dir, api_keys="right,other"), FakeSource({}), []), local=False) as running:
        yield running


def kept(server: Served, visitor: Visitor, name: str, content: bytes) -> str:
    """The address of a file of the visitor's thread."""
    files = server.app.state.desk.files
    path = files.places.arrival(visitor.owner, name)
    path.write_bytes(content)
    address = files.shown(str(files.places.taken(path, visitor.full)))
    assert address is not None
    return str(address)


def test_a_file_is_got_by_its_address_until_its_conversation_is_deleted(server: Served, examples: Path) -> None:
    visitor = Visitor.of({})
    address = kept(server, visitor, "sign.png", (examples / "sign.png").read_bytes())
    got = httpx.get(server.url + address)
    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert httpx.get(server.url + address, headers={"range": "bytes=0-9"}).status_code == 206
    server.app.state.desk.files.places.forget(visitor.full)
    assert httpx.get(server.url + address).status_code == 404


def test_what_a_browser_might_run_is_sent_for_download(server: Served) -> None:
    address = kept(server, Visitor.of({}), "page.html", b"<!doctype html><script>alert(1)</script>")
    got = httpx.get(server.url + address)
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("key", ["0" * 92, "x" * 92, "0" * 91, "..%2f" * 5, "0" * 24 + "/../x"])
def test_no_other_address_gives_a_file(key: str, server: Served) -> None:
    assert httpx.get(f"{server.url}/shown/{key}/x.png").status_code in (404, 422)


def test_a_page_runs_only_what_came_with_it(server: Served) -> None:
    got = httpx.get(server.url, headers=HTML)
    policy = got.headers["content-security-policy"]
    nonce = re.search(r"script-src 'self' 'unsafe-eval' 'nonce-([\w-]{20,})'(?:;|$)", policy)
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}"' in got.text
    assert "img-src 'self' data: blob:" in policy
    assert "frame-ancestors 'self'" in policy
    assert got.headers["x-frame-options"] == "SAMEORIGIN"
    assert nonce[1] not in httpx.get(server.url, headers=HTML).text
    assert not re.findall(r'(?:src|href)="https?://(?!127\.0\.0\.1)[^"]+\.(?:js|css|woff2?)', got.text)


def test_the_hub_may_frame_a_space(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "me/compegpt")
    got = httpx.get(server.url, headers=HTML)
    assert "frame-ancestors 'self' https://huggingface.co" in got.headers["content-security-policy"]
    assert "x-frame-options" not in got.headers


def test_the_page_takes_no_path_of_the_other_routes(server: Served) -> None:
    assert httpx.get(f"{server.url}/runs").status_code == 405
    assert httpx.get(f"{server.url}/threads/none/at/all").json()["error"]["code"] == "not_found"


def test_a_key_lets_in_and_is_not_what_the_browser_keeps(locked: Served) -> None:
    with httpx.Client(base_url=locked.url, headers=HTML) as client:
        assert client.get("/").headers["location"] == "/login"
        assert client.get("/login").status_code == 200
        entered = client.post("/login", data={"key": " right "})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}={cookie_of('right')};")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        assert client.get("/").status_code == 200
        client.get("/logout")
        assert client.get("/").status_code == 303
        secure = client.post("/login", data={"key": "other"}, headers={"x-forwarded-proto": "https"})
        assert "Secure" in secure.headers["set-cookie"]


def test_wrong_keys_are_refused_and_not_tried_for_ever(locked: Served) -> None:
    with httpx.Client(base_url=locked.url, headers=HTML) as client:
        first = client.post("/login", data={"key": "<script>wrong"})
        assert first.status_code == 401
        assert "does not know this key" in first.text
        assert "<script>wrong" not in first.text
        assert "set-cookie" not in first.headers
        assert client.post("/login", content=b"key=" + b"x" * LONGEST).status_code == 413
        assert [client.post("/login", data={"key": "wrong"}).status_code for _ in range(9)][-1] == 429
