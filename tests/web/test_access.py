from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from compegpt.errors import ConfigurationError
from compegpt.web.access import COOKIE, LOCAL, Door, Keys, cookie_of, is_loopback, origins, owner_of
from compegpt.web.body import Body
from tests.fakes import settings

OWN = "http://127.0.0.1:8004"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who came in."""
    await PlainTextResponse(scope["state"]["owner"])(scope, receive, send)


def at(data_dir: Path, keys: str | None = None, local: bool = True, base: str = OWN, **flags: Any) -> httpx.AsyncClient:
    door = Door(echo, settings(data_dir, api_keys=keys, **flags), local and keys is None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=base)


async def status(client: httpx.AsyncClient, method: str = "POST", path: str = "/runs", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.request(method, path, headers=named)).status_code


@pytest.mark.parametrize(("host", "there"), [
    ("localhost", 200), ("LOCALHOST:8004", 200), ("127.0.0.1", 200), ("127.0.0.2:80", 200), ("[::1]:8004", 200),
    ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403),
    ("localhost@evil.example", 403),
    ("evil.example:127.0.0.1", 403), ("192.168.0.1", 403), ("0.0.0.0", 403), ("", 403), ("[::1].evil.example", 403),
    ("[::1", 403), ("169.254.169.254", 403), ("localhost.", 403), ("2130706433", 403), ("127.1", 403)])
async def test_a_local_server_answers_under_this_machines_name_alone(host: str, there: int, data_dir: Path) -> None:
    async with at(data_dir) as client:
        assert await status(client, "GET", Host=host) == there


async def test_a_server_of_many_answers_under_any_name(data_dir: Path) -> None:
    async with at(data_dir, "alice") as client:
        assert await status(client, "GET", Host="compegpt.example", Authorization="Bearer alice") == 200


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("keys", [None, "alice"], ids=["local", "keys"])
@pytest.mark.parametrize(("headers", "taken"), [
    ({}, True), ({"Origin": OWN}, True), ({"Origin": "http://evil.example"}, False), ({"Origin": "null"}, False),
    ({"Origin": "http://127.0.0.1:3000"}, False), ({"Origin": "http://127.0.0.1:8004.evil.example"}, False),
    ({"Origin": "http://[evil"}, False), ({"Origin": ""}, False), ({"Origin": "https://app.example"}, True),
    ({"Origin": "https://app.example.evil.example"}, False), ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False), ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://proxied.example"}, True),
    ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, False), ({"Sec-Fetch-Site": "cross-site",
    "Origin": "https://app.example"}, True),
], ids=str)
async def test_pages_of_other_origins_change_nothing(headers: dict[str, str], taken: bool, keys: str | None,
    method: str,
                                                     data_dir: Path) -> None:
    shown = {"Authorization": f"Bearer {keys}"} if keys else {}
    async with at(data_dir, keys, origins="https://app.example/") as client:
        answer = await client.request(method, "/files", headers={**headers, **shown})
    assert answer.status_code == (200 if taken else 403)
    assert taken or answer.json()["error"]["code"] == "forbidden"


async def test_pages_of_other_origins_may_lead_here(data_dir: Path) -> None:
    async with at(data_dir) as client:
        assert await status(client, "GET", "/", Origin="http://evil.example", Sec_Fetch_Site="cross-site") == 200


WRONG: Sequence[dict[str, str | bytes]] = [
    {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "},
    {"Authorization": "Bearer mallory"},
    {"Authorization": "Bearer alice bob"}, {"Authorization": "Bearer alice, Bearer bob"},
    {"Authorization": "Bearer alice,bob"},
    {"Authorization": "Basic alice"}, {"Authorization": "alice"}, {"Authorization": "Bearer Alice"},
    {"Authorization": "Bearer " + "a" * 10_000}, {"Authorization": b"Bearer \xff\xfe"},
    {"Authorization": "Bearer é".encode()},
    {"X-API-Key": "alice"}, {"Cookie": f"{COOKIE}=alice"}, {"Cookie": f"{COOKIE}="}, {"Cookie": COOKIE},
    {"Cookie": "=;;,;\""},
    {"Cookie": f'{COOKIE}="é"'.encode("latin-1")}, {"Cookie": f"{COOKIE}=\\377\\000"}, {"Cookie": f'{COOKIE}="\\377"'},
    {"Cookie": f"{COOKIE}={cookie_of('mallory')}"},
    {"Authorization": "Bearer mallory", "Cookie": f"{COOKIE}={cookie_of('alice')}"}]


@pytest.mark.parametrize("headers", WRONG, ids=str)
async def test_what_is_no_key_opens_nothing(headers: dict[str, str | bytes], data_dir: Path) -> None:
    async with at(data_dir, "alice,bob") as client:
        answer = await client.get("/runs/x?key=alice&api_key=alice&access_token=alice", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "unauthorized"
    assert "alice" not in answer.text


@pytest.mark.parametrize(("keys", "header", "owner"), [
    ("alice,bob", "Bearer alice", "alice"), (" alice , bob ,, ", "bearer  bob ", "bob"), ("schlüssel",
        "Bearer schlüssel", "schlüssel")])
async def test_a_key_says_who_it_is(keys: str, header: str, owner: str, data_dir: Path) -> None:
    async with at(data_dir, keys) as client:
        answer = await client.get("/runs/x", headers={"Authorization": header.encode()})
    assert (answer.status_code, answer.text) == (200, owner_of(owner))


async def test_a_cookie_says_who_it_is(data_dir: Path) -> None:
    async with at(data_dir, "alice,bob") as client:
        answer = await client.get("/", headers={"Cookie": f"{COOKIE}={cookie_of('bob')}"})
    assert answer.text == owner_of("bob")


async def test_a_browser_without_a_key_is_led_to_the_log_in(data_dir: Path) -> None:
    async with at(data_dir, "alice") as client:
        answer = await client.get("/", headers={"Accept": "text/html"})
        posted = await client.post("/runs", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert posted.status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs", "/login"])
async def test_what_anybody_may_see_asks_for_no_key(path: str, data_dir: Path) -> None:
    async with at(data_dir, "alice") as client:
        assert (await client.get(path)).text == LOCAL


@pytest.mark.parametrize("path", ["/healthz/", "/healthz/../runs", "/Healthz", "//healthz", "/metrics", "/login/x",
    "/%68ealthz/x", "/"])
async def test_what_only_looks_open_is_not(path: str, data_dir: Path) -> None:
    async with at(data_dir, "alice") as client:
        assert (await client.get(httpx.URL(f"{OWN}{path}"))).status_code == 401


@pytest.mark.parametrize("keys", ["", " ", ",", " , ,"], ids=ascii)
def test_blanks_are_no_keys(keys: str) -> None:
    assert not Keys(keys)
    assert Keys(keys).owner("") is None


@pytest.mark.parametrize("path", ["/runs", "/threads/x", "/files", "/plans", "/v1/chat/completions", "/tasks",
    "/experts", "/mcp"])
async def test_too_many_requests_of_one_key_wait_and_others_do_not(path: str, data_dir: Path) -> None:
    async with at(data_dir, "alice,bob", rate="2/minute") as client:
        found = [await status(client, "GET", path, Authorization="Bearer alice") for _ in range(3)]
        late = await client.get(path, headers={"Authorization": "Bearer alice"})
        assert found == [200, 200, 429]
        assert int(late.headers["retry-after"]) > 0
        assert late.json()["error"]["message"].startswith("That was more than 2 per 1 minute")
        assert await status(client, "GET", path, Authorization="Bearer bob") == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "LocalHost"])
def test_this_machines_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "localhost.example", "10.0.0.1", "::ffff:10.0.0.1",
    "127.0.0.1.example", "1"])
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("wrong", ["*", "app.example", "null", "ftp://a", "https://a, b"])
def test_what_is_no_origin_is_refused_by_name(wrong: str, data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="COMPEGPT_ORIGINS"):
        origins(settings(data_dir, origins=wrong))


def test_what_is_no_rate_is_refused_by_name(data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="COMPEGPT_RATE"):
        at(data_dir, "alice", rate="often")


@pytest.mark.parametrize("path", ["/runs", "/nowhere", "/healthz"])
async def test_every_answer_has_the_security_headers(path: str, data_dir: Path) -> None:
    async with at(data_dir, "alice") as client:
        headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "0x10", "٣", "1" * 5_000], ids=ascii)
async def test_a_length_that_is_none_is_refused(length: str, data_dir: Path) -> None:
    headers = [(b"host", b"localhost"), (b"content-length", length.encode("utf-8"))]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await Door(echo, settings(data_dir), True)({"type": "http", "method": "POST", "path": "/runs",
        "headers": headers}, receive, send)
    assert sent[0]["status"] in (400, 413)


async def test_a_body_that_says_that_it_is_too_long_is_read_by_nobody(data_dir: Path,
    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.access.MAX_BODY", 10)
    door = Door(echo, settings(data_dir), True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=OWN) as client:
        answer = await client.post("/runs", content=b"x" * 11)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        assert (await client.post("/runs", content=b"x" * 10)).status_code == 200


@pytest.mark.parametrize(("most", "sent"), [(5, [b"123", b"456"]), (5, [b"123456"]), (0, [b"1"])])
async def test_a_body_that_grows_too_long_is_refused(most: int, sent: list[bytes]) -> None:
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in sent] + [
        {"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return left.pop(0)

    body = Body(receive, Headers({}), most)
    await body.check()
    for _ in sent[1:]:
        await body.receive()
    with pytest.raises(HTTPException) as error:
        await body.receive()
    assert error.value.status_code == 413
    assert left == []
