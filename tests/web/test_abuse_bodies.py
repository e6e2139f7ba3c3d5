"""Bodies that are too long, stop, lie about their length, or are no HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from compegpt.web import body as bodies
from tests.web.serving import Served, serving
from tests.web.test_abuse import port, told


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    with serving(data_dir) as made:
        yield made


HEAD = b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"


def chunks(count: int, size: int = 10_000) -> Iterator[bytes]:
    for _ in range(count):
        yield b"%x\r\n" % size + b"x" * size + b"\r\n"


def test_a_body_that_says_it_is_too_long_is_refused(served: Served) -> None:
    status, body = told(port(served), [HEAD + b"Content-Length: 100000000\r\n\r\n", *[b"x" * 10**6] * 100])
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


def test_a_body_in_pieces_that_grows_too_long_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.access.MAX_BODY", 1_000_000)
    status, body = told(port(served), [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks(300), b"0\r\n\r\n"])
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


def test_a_body_that_never_ends_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.access.MAX_BODY", 1_000_000)
    monkeypatch.setattr(bodies, "DRAINED", 0.2)
    status, _ = told(port(served), [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks(300)])
    assert status == 413


@pytest.mark.parametrize("head", [
    b"Content-Length: -1\r\n\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"Content-Length: x\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", b"Transfer-Encoding: gzip\r\n\r\n", b" folded\r\n\r\n",
        b"\0: x\r\n\r\n",
    b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n"], ids=lambda head: ascii(head)[:40])
def test_what_is_no_http_is_refused(head: bytes, served: Served) -> None:
    assert told(port(served), [HEAD + head + b"{}"])[0] in (400, 413, 501)
    assert httpx.get(f"{served.address}/healthz").text == "ok"


def test_a_body_that_says_less_than_it_has_is_read_no_further(served: Served) -> None:
    status, _ = told(port(served), [HEAD + b'Content-Length: 5\r\n\r\n{"text":"a"}'])
    assert status in (400, 422)


@pytest.mark.parametrize("route", ["/runs", "/files", "/v1/chat/completions"])
def test_a_body_that_stops_is_waited_for_no_longer_than_a_while(route: str, served: Served,
    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE", 0.2)
    kind = b"multipart/form-data; boundary=b" if route == "/files" else b"application/json"
    head = HEAD.replace(b"/runs", route.encode()).replace(b"application/json", kind)
    status, body = told(port(served), [head + b"Content-Length: 1000\r\n\r\n--b\r\n"])
    assert (status, json.loads(body)["error"]["code"]) == (408, "transient")
