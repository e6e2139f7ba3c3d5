from __future__ import annotations

import asyncio
import base64
import errno
import gzip
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from compegpt.errors import InputError, StorageError
from compegpt.media import artifacts
from compegpt.media.addresses import Guarded
from compegpt.media.fetch import fetch
from tests.loopback.server import Answer, Asked, Fault, Handler, Server
from tests.media.hosts import PUBLIC, Pieces, To, behind, left, names, picture, raw, refused, sending

PAGE = "<!DOCTYPE html>\n<html><body>Not found</body></html>"


def redirect(to: str, status: int = 302) -> Handler:
    return lambda asked: Answer(b"", status, {"location": to}) if asked.path == "/a.png" else None


@pytest.mark.parametrize("to", ["http://10.0.0.1/", "http://127.1/", "//169.254.169.254/latest", "http://localhost:8004/",
                                "http://[::ffff:127.0.0.1]/"])
async def test_a_redirect_into_a_network_is_refused(to: str, folder: Path, serve: Callable[..., Server]) -> None:
    server = serve(redirect(to))
    await refused(folder, behind(server))
    assert len(server.requests) == 1


async def test_a_redirect_is_followed_without_cookies(folder: Path, serve: Callable[..., Server]) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/a.png":
            return Answer(b"", 301, {"location": "/deep/b.png?x=1#y", "set-cookie": "id=1; Path=/"})
        return Answer(picture())

    server = serve(answer)
    path = await fetch("http://host.example.com/a.png", folder, "image", transport=behind(server))
    first, second = server.requests
    assert (path.name, second.path, second.query) == ("a.png", "/deep/b.png", {"x": ["1"]})
    for asked in (first, second):
        assert asked.headers["host"] == "host.example.com"
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["user-agent"] == "CompeGPT"
        assert not {"cookie", "authorization", "referer"} & asked.headers.keys()


async def test_a_redirect_loop_ends(folder: Path, serve: Callable[..., Server]) -> None:
    server = serve(redirect("http://host.example.com/a.png"))
    assert "more than 5 times" in await refused(folder, behind(server))
    assert len(server.requests) == 6


async def test_a_redirect_out_of_encryption_is_refused(folder: Path, serve: Callable[..., Server]) -> None:
    server = serve(redirect("http://host.example.com/b.png"))
    assert "without encryption" in await refused(folder, behind(server), "https://host.example.com/a.png")
    assert len(server.requests) == 1


@pytest.mark.parametrize("to", ["file:///etc/passwd", "data:image/png;base64,AAAA", "http://host.example.com:x/",
                                "http://[::1", "http://user:hunter2@host.example.com/"])
async def test_a_redirect_to_what_is_no_web_address_is_refused(to: str, folder: Path,
                                                               serve: Callable[..., Server]) -> None:
    assert "hunter2" not in await refused(folder, behind(serve(redirect(to))))


@pytest.mark.parametrize(("answer", "why"), [
    (Answer(b"", 404), "answered with status 404"), (Answer(picture(), 403), "answered with status 403"),
    (Answer(b"", 500), "answered with status 500"), (Answer(picture(), 304), "answered with status 304"),
    (Answer(PAGE), "is a web page, not an image file"), (Answer("\n " + PAGE.upper()), "is a web page"),
    (Answer("<?xml version='1.0'?><html></html>"), "is a web page"),
    (Answer("some words"), "not an image file: its content is plain text"), (Answer(b""), "is empty"),
    (Answer(picture()[:90]), "is a damaged picture"), (Answer(picture(), fault="reset"), "cannot be reached"),
    (Answer(picture(), fault="cut"), "broke off"), (Answer(chunks=[picture()[:50]] * 4, fault="cut"), "broke off"),
    (Answer(gzip.compress(picture()), headers={"content-encoding": "gzip"}), "compressed though asked not to"),
    (Answer(b"\x00", headers={"content-encoding": "br, identity"}), "compressed though asked not to"),
], ids=lambda value: value if isinstance(value, str) else "")
async def test_an_unsound_answer_is_refused_and_leaves_no_file(answer: Answer, why: str, folder: Path,
                                                               serve: Callable[..., Server]) -> None:
    assert why in await refused(folder, behind(serve(lambda asked: answer)))


async def test_a_gzip_bomb_is_not_unpacked(folder: Path) -> None:
    body = Pieces(gzip.compress(b"\0" * 10**7))
    await refused(folder, sending(body, headers={"content-encoding": "gzip"}))
    assert (body.given, body.closed) == (0, True)


async def test_a_packed_file_without_a_word_about_it_is_no_picture(folder: Path) -> None:
    assert "application/gzip" in await refused(folder, sending(Pieces(gzip.compress(picture()))))


@pytest.mark.parametrize("declared", [None, "10", "1001", "9" * 30])
async def test_a_file_that_is_too_large_is_not_read_to_its_end(declared: str | None, folder: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(artifacts.MAX_BYTES, "image", 1000)
    body = Pieces(*[b"x" * 300] * 10)
    message = await refused(folder, sending(body, headers={"content-length": declared} if declared else {}))
    assert "has more than 0.001 MB" in message
    assert (body.given, body.closed) == (0 if declared == "1001" else 4, True)


async def test_a_file_of_exactly_the_most_bytes_fits(folder: Path, serve: Callable[..., Server],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(artifacts.MAX_BYTES, "image", len(picture()))
    transport = behind(serve(lambda asked: Answer(picture())))
    path = await fetch("http://host.example.com/a.png", folder, "image", transport=transport)
    assert path.read_bytes() == picture()


@pytest.mark.parametrize(("head", "why"), [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n", "damaged picture"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", "broke off"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", "cannot be reached"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "cannot be reached"),
    (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000 + b"\r\n", "cannot be reached"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached"),
], ids=["shorter than said", "longer than said", "negative", "odd transfer", "endless headers", "no HTTP"])
async def test_a_server_that_lies_is_refused(head: bytes, why: str, folder: Path) -> None:
    async with await raw(head, picture()) as server:
        inner = To(server.sockets[0].getsockname()[1])
        assert why in await refused(folder, Guarded(names([PUBLIC]), inner))


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_a_slow_server_is_given_up_at_the_deadline(fault: Fault, folder: Path,
                                                         serve: Callable[..., Server]) -> None:
    server = serve(lambda asked: Answer(picture(64), fault=fault))
    assert "took longer than 0.3 s" in await refused(folder, behind(server), seconds=0.3)


async def test_a_server_that_is_not_there_cannot_be_reached(folder: Path) -> None:
    async with await raw() as server:
        port = server.sockets[0].getsockname()[1]
    assert "cannot be reached" in await refused(folder, Guarded(names([PUBLIC]), To(port)))


async def test_a_cancelled_download_leaves_no_file(folder: Path) -> None:
    half = asyncio.Event()
    body = Pieces(picture()[:50], then=half)
    download = asyncio.create_task(fetch("http://host.example.com/a.png", folder, "image", transport=sending(body)))
    await half.wait()
    assert left(folder) == ["a.png"]
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert (left(folder), body.closed) == ([], True)


async def test_a_folder_that_cannot_be_made_is_an_error_of_storage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="COMPEGPT_DATA_DIR"):
        await fetch("data:,hello", tmp_path / "file" / "files", "text")


async def test_a_full_disk_is_an_error_of_storage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        name = str(folder / "a.png")

        def write(self, piece: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("compegpt.media.fetch.os.fdopen", lambda number, mode: os.close(number) or Full())
    with pytest.raises(StorageError, match="No space left on device"):
        await fetch("http://host.example.com/a.png", folder, "image", transport=sending(Pieces(picture())))
    assert left(folder) == []


@pytest.mark.parametrize(("path", "name"), [
    ("/cats/cat.PNG", "cat.PNG"), ("/a/../b/cat.png?size=2#x", "cat.png"), ("/", "download"), ("", "download"),
    ("/..%2f..%2fetc%2fpasswd", "passwd"), ("/%2e%2e", "download"), ("/.bashrc", "bashrc"), ("/a%00b.png", "a_b.png"),
    ("/a%0a%20b.png", "a_b.png"), ("/-rf.png", "rf.png"), ("/C:%5Cwin%5Ccat.png", "cat.png"),
    ("/katze%20süß.png", "katze_süß.png"),
    ("/" + "a" * 300 + ".png", "a" * 50 + ".png"), ("/cat." + "p" * 50, "cat." + "p" * 46),
    ("/a%E2%80%AEgnp.png", "a_gnp.png"),
])
async def test_the_file_has_a_safe_name_in_a_private_folder(path: str, name: str, folder: Path,
                                                            serve: Callable[..., Server]) -> None:
    transport = behind(serve(lambda asked: Answer(picture())))
    kept = await fetch(f"http://host.example.com{path}", folder, "image", transport=transport)
    assert (kept, left(folder)) == (folder / name, [name])
    assert [stat.S_IMODE(os.stat(one).st_mode) for one in (folder, kept)] == [0o700, 0o600]


async def test_files_of_one_name_stand_side_by_side_and_no_link_is_followed(folder: Path, tmp_path: Path,
                                                                            serve: Callable[..., Server]) -> None:
    os.mkdir(folder)
    os.symlink(tmp_path / "elsewhere", folder / "a.png")
    transport = behind(serve(lambda asked: Answer(picture())))
    kept = await asyncio.gather(*(fetch("http://host.example.com/a.png", folder, "image", transport=transport)
                                  for _ in range(3)))
    assert {path.name for path in kept} == {"a-2.png", "a-3.png", "a-4.png"}
    assert left(tmp_path) == ["files"]


async def test_a_text_may_be_a_web_page(folder: Path, serve: Callable[..., Server]) -> None:
    transport = behind(serve(lambda asked: Answer(PAGE)))
    path = await fetch("http://host.example.com/page.html", folder, "text", transport=transport)
    assert path.read_text() == PAGE


PNG = base64.b64encode(picture()).decode()


@pytest.mark.parametrize(("url", "name", "content"), [
    (f"data:image/png;base64,{PNG}", "data.png", picture()),
    (f"DATA:image/png;charset=x;BASE64,{PNG}", "data.png", picture()),
    (f"data:;base64,{PNG.rstrip('=')}", "data", picture()),
    (f"data:image/png;base64,{PNG[:40]}\n {PNG[40:]}", "data.png", picture()),
    ("data:image/png;base64," + PNG.replace("+", "%2B").replace("=", "%3D"), "data.png", picture()),
    ("data:../../x;base64," + PNG, "data", picture()),
    ("data:image/png," + "".join(f"%{byte:02x}" for byte in picture()), "data.png", picture()),
])
async def test_a_data_address_is_decoded(url: str, name: str, content: bytes, folder: Path) -> None:
    path = await fetch(url, folder, "image")
    assert (path, path.read_bytes()) == (folder / name, content)


async def test_a_data_address_may_be_text(folder: Path) -> None:
    path = await fetch("data:,h%C3%A9llo%20world", folder, "text")
    assert path.read_text() == "héllo world"


@pytest.mark.parametrize(("url", "why"), [
    ("data:", "no comma"), ("data:image/png;base64", "no comma"), ("data:image/png;base64,", "is empty"),
    ("data:image/png;base64,@@@@", "not sound base64"), ("data:image/png;base64,AAAAA", "not sound base64"),
    ("data:image/png;base64,é", "not sound base64"), ("data:image/png,hello", "not an image file"),
    ("data:text/html," + PAGE, "is a web page"), ("data:image/png;base64," + "A" * 1400, "has more than"),
    ("data:," + "%00" * 1001, "has more than"), ("data:," + "a" * 4000, "has more than"),
    ("data:;base64," + " " * 4000 + "AAAA", "has more than"),
])
async def test_a_bad_data_address_is_refused_and_leaves_no_file(url: str, why: str, folder: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(artifacts.MAX_BYTES, "image", 1000)
    with pytest.raises(InputError, match=why):
        await fetch(url, folder, "image")
    assert left(folder) == []


async def test_without_a_transport_of_ones_own_the_guarded_one_is_used(folder: Path) -> None:
    with pytest.raises(InputError, match="inside a network"):
        await fetch("http://127.0.0.1:8004/a.png", folder, "image")
