from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from compegpt.errors import InputError
from compegpt.media import addresses
from compegpt.media.addresses import Guarded, is_public
from compegpt.media.fetch import fetch
from tests.loopback.server import Answer, Server
from tests.media.hosts import PUBLIC, Pieces, To, behind, names, picture, raw, refused, sending

INSIDE = [
    # loopback, in every spelling
    "127.0.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1",
    "017700000001", "127.1", "127.0.1", "127.0.0.1.", "0127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "0",
    "0.0.0.0", "0.1.2.3", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "１２７.0.0.1", "127。0。0。1", "127.0．0.1",
    "①②⑦.0.0.1", "١٢٧.0.0.1", "localhost", "LOCALHOST", "localhost.", "lOcAlHoSt.localdomain", "app.localhost",
    "ⓛocalhost", "%6cocalhost", "localh\u00adost", "127.0.0.1..", "[::1%25lo]",
    # an IPv4 address inside an IPv6 one
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[::ffff:93.184.215.14]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a00:1]", "[2001:0:7f00:1::1]",
    # private, link-local, shared, reserved, multicast
    "10.0.0.1", "10.1", "0xa.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257",
    "100.64.0.1", "100.127.255.255", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "[fe80::1]", "[fe80::1%25eth0]", "[FE80::1%eth0]",
    "[fec0::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]",
    "[2001:10::1]", "[5f00::1]",
    # the services of clouds, and names that are only known inside
    "169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.43518", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192",
    "168.63.129.16", "metadata.google.internal", "METADATA.GOOGLE.INTERNAL.", "metadata", "redis", "printer.local",
    "router.lan", "1.0.0.127.in-addr.arpa",
    # no host at all
    "", "-", "a..example.com", ".example.com", "exa mple.com", "*.example.com", "a" * 64 + ".example.com", "[::1",
    "1.2.3.4.5", "256.1.1.1", "1.2.3", "example.com\\@127.0.0.1",
]


@pytest.mark.parametrize("host", INSIDE)
async def test_a_host_that_is_not_public_in_whatever_spelling_is_refused_and_not_looked_up(
        host: str, folder: Path) -> None:
    asked: list[str] = []

    async def resolve(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return [PUBLIC]

    reached: list[httpx.Request] = []
    inner = httpx.MockTransport(lambda request: reached.append(request) or httpx.Response(200))
    for scheme in ("http", "https"):
        message = await refused(folder, Guarded(resolve, inner), f"{scheme}://{host}/a.png")
        assert message.endswith(".")
    assert (asked, reached) == ([], [])


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.192", "::1", "::ffff:127.0.0.1", "fe80::1%eth0",
    "2002:7f00:1::", "64:ff9b::a00:1", "fec0::1", "fd00:ec2::254", "2606:4700::1%eth0", "nonsense", "",
])
@pytest.mark.parametrize("beside", [[], [PUBLIC]], ids=["alone", "beside a public one"])
async def test_a_name_is_refused_where_any_of_its_addresses_is_not_public(address: str, beside: list[str],
                                                                          folder: Path) -> None:
    message = await refused(folder, sending(Pieces(picture()), names([*beside, address])), "http://127.0.0.1.example.com/a.png")
    assert message == ("'http://127.0.0.1.example.com/...' is an address inside a network; "
                       "only public addresses are fetched.")


@pytest.mark.parametrize("address", [
    "93.184.215.14", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1",
    "2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1",
])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("url", "pinned"), [
    ("http://93.184.215.14/a.png", "93.184.215.14"), ("https://8.8.8.8:8443/a.png", "8.8.8.8"),
    ("http://[2606:4700::1111]/a.png", "2606:4700::1111"), ("HTTPS://Host.Example.COM/a.png", PUBLIC),
    ("https://host.example.com./a.png", PUBLIC), ("https://bücher.example/a.png", PUBLIC),
    ("https://a_b.example.com:1024/a.png?x=1#y", PUBLIC), (" https://xn--p1ai.example.co.uk/a.png\n", PUBLIC),
])
async def test_a_public_host_is_reached_at_the_address_that_was_checked(url: str, pinned: str, folder: Path,
                                                                        serve: Callable[..., Server]) -> None:
    inner = To(serve(lambda asked: Answer(picture())).port)
    path = await fetch(url, folder, "image", transport=Guarded(names([PUBLIC]), inner))
    assert (path.read_bytes(), inner.pinned) == (picture(), [pinned])


@pytest.mark.parametrize(("url", "host", "name"), [
    ("https://Host.example.com/a.png", b"host.example.com", "host.example.com"),
    ("https://host.example.com.:8443/a.png", b"host.example.com.:8443", "host.example.com"),
    ("https://bücher.example/a.png", b"xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("https://[2606:4700::1111]:4444/a.png", b"[2606:4700::1111]:4444", "2606:4700::1111"),
])
async def test_host_and_tls_keep_the_name_of_the_address(url: str, host: bytes, name: str) -> None:
    seen: list[httpx.Request] = []
    inner = httpx.MockTransport(lambda request: seen.append(request) or httpx.Response(200))
    async with httpx.AsyncClient(transport=Guarded(names([PUBLIC]), inner), trust_env=False) as client:
        answer = await client.get(url, headers={"Host": "other.example.com"})
    assert [value for key, value in seen[0].headers.raw if key.lower() == b"host"] == [host]
    assert seen[0].extensions["sni_hostname"] == name
    assert is_public(seen[0].url.host)
    assert answer.url.host != PUBLIC


async def test_a_name_that_changes_after_the_check_is_reached_where_it_was_checked(
        folder: Path, serve: Callable[..., Server]) -> None:
    inner = To(serve(lambda asked: Answer(picture())).port)
    transport = Guarded(names([PUBLIC], ["127.0.0.1"]), inner)
    await fetch("http://host.example.com/a.png", folder, "image", transport=transport)
    assert inner.pinned == [PUBLIC]
    with pytest.raises(InputError, match="inside a network"):
        await fetch("http://host.example.com/a.png", folder, "image", transport=transport)
    assert inner.pinned == [PUBLIC]


async def test_a_client_that_follows_redirects_meets_the_check_at_each(serve: Callable[..., Server]) -> None:
    server = serve(lambda asked: Answer(b"", 302, {"location": "http://10.0.0.1/"}))
    async with httpx.AsyncClient(transport=behind(server), trust_env=False, follow_redirects=True) as client:
        with pytest.raises(InputError, match=r"'http://10.0.0.1' is an address inside a network"):
            await client.get("http://host.example.com/a.png")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
async def test_the_certificate_must_be_that_of_the_name(folder: Path, tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    make = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
        "subjectAltName=DNS:host.example.com", "-keyout", key, "-out", certificate, stderr=asyncio.subprocess.DEVNULL)
    assert await make.wait() == 0
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    asked: list[str | None] = []
    tls.sni_callback = lambda connection, name, context: asked.append(name)
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(picture())
    async with await raw(head, picture(), tls=tls) as server:
        inner = To(server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=certificate))
        transport = Guarded(names([PUBLIC]), inner)
        path = await fetch("https://host.example.com/a.png", folder, "image", transport=transport)
        path.unlink()
        assert "certificate" in await refused(folder, transport, "https://other.example.com/a.png")
    assert asked == ["host.example.com", "other.example.com"]


async def test_the_next_address_of_a_host_is_tried_where_one_cannot_be_connected_to(folder: Path) -> None:
    tried: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.host)
        if len(tried) == 1:
            raise httpx.ConnectError("no route")
        return httpx.Response(200, content=picture())

    transport = Guarded(names(["2606:4700::1", PUBLIC]), httpx.MockTransport(answer))
    await fetch("http://host.example.com/a.png", folder, "image", transport=transport)
    assert tried == ["2606:4700::1", PUBLIC]


async def test_no_connection_serves_two_names(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(lambda asked: Answer(b"x"))
    sockets: set[tuple[str, int]] = set()

    class Local(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(host="127.0.0.1", port=server.port)
            response = await super().handle_async_request(request)
            sockets.add(response.extensions["network_stream"].get_extra_info("client_addr"))
            return response

    monkeypatch.setattr(httpx, "AsyncHTTPTransport", Local)
    async with httpx.AsyncClient(transport=Guarded(names([PUBLIC])), trust_env=False) as client:
        await client.get("http://one.example.com/")
        await client.get("http://two.example.com/")
    assert len(sockets) == 2


@pytest.mark.parametrize(("answer", "why"), [
    (OSError("Name or service not known"), "cannot be looked up"), ([], "has no address"),
])
async def test_a_name_without_an_address_is_refused(answer: OSError | list[str], why: str, folder: Path) -> None:
    assert why in await refused(folder, Guarded(names(answer), sending(Pieces())))


async def test_a_look_up_that_hangs_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.05)
    assert "cannot be looked up" in await refused(folder, Guarded(resolve))


async def test_the_systems_resolver_is_asked() -> None:
    assert await addresses.lookup("127.0.0.1", 80) == ["127.0.0.1"]


@pytest.mark.parametrize(("url", "why"), [
    ("ftp://host.example.com/a.png", "not an address that can be fetched"),
    ("file:///etc/passwd", "not an address that can be fetched"),
    ("gopher://host.example.com/", "not an address that can be fetched"),
    ("javascript:alert(1)", "not an address that can be fetched"),
    ("a.png", "not an address that can be fetched"), ("", "not an address that can be fetched"),
    ("//host.example.com/a.png", "not an address that can be fetched"),
    ("http:///a.png", "not an address that can be fetched"),
    ("http://redis:6379/", "inside a network"),
    ("http://host.example.com:22/", "names port 22"), ("http://host.example.com:0/", "names port 0"),
    ("http://host.example.com:65536/", "names port 65536"), ("http://host.example.com:x/", "not a web address"),
    ("http://host.example.com/\x00", "not a web address"),
    ("http://host.example.com/" + "a" * 70_000, "not a web address"),
    ("http://user:hunter2@host.example.com/a.png", "carries a name or password"),
    ("http://hunter2@host.example.com/a.png", "carries a name or password"),
    ("http://user:hunter2@10.0.0.1/", "carries a name or password"),
    ("http://user:hunter2@host.example.com:x/", "not a web address"),
])
async def test_an_address_that_is_not_for_us_is_refused_without_its_secrets(url: str, why: str, folder: Path) -> None:
    message = await refused(folder, Guarded(names([PUBLIC])), url)
    assert why in message
    assert "hunter2" not in message
    assert len(message) < 300
