from __future__ import annotations

import asyncio
import io
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from compegpt.errors import InputError, StorageError
from compegpt.web.faults import TooLarge, Unknown
from compegpt.web.files import Files
from tests.web.serving import Served, bearer, serving

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    with serving(data_dir, keys="alice,bob") as made:
        yield made


def as_(served: Served, key: str = "alice") -> httpx.Client:
    return httpx.Client(base_url=served.address, headers=bearer(key))


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(file, "PNG")
    return file.getvalue()


async def pieces(*sent: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in sent:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def kept(data_dir: Path) -> list[str]:
    """All files and folders of an upload, by name."""
    return sorted(path.name for path in (data_dir / "artifacts").glob("*/*/*/**/*"))


async def test_what_is_received_is_found_by_its_owner(data_dir: Path) -> None:
    files = Files(data_dir)
    file = await files.receive("alice", "a.txt", pieces(b"so", b"me"))
    assert (file.path.read_bytes(), file.type, file.address) == (b"some", "text/plain", f"/files/{file.id}/a.txt")
    assert files.find("alice", file.id) == files.find("alice", f"http://host{file.address}") == file
    with pytest.raises(Unknown):
        files.find("bob", file.id)


@pytest.mark.parametrize(("sent", "error"), [
    ([], InputError), ([b"", b""], InputError), ([b"12345", b"6"], TooLarge), ([b"1", InputError("gone")], InputError)],
    ids=["nothing", "empty", "long", "half"])
async def test_what_cannot_be_kept_leaves_nothing(sent: list[bytes | Exception], error: type[Exception], data_dir: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.files.MAX_UPLOAD", 5)
    with pytest.raises(error):
        await Files(data_dir).receive("alice", "a.txt", pieces(*sent))
    assert kept(data_dir) == []


async def test_a_sender_who_leaves_leaves_nothing(data_dir: Path) -> None:
    half = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield b"half"
        half.set()
        await asyncio.Event().wait()

    receiving = asyncio.create_task(Files(data_dir).receive("alice", "a.txt", stalling()))
    await half.wait()
    assert kept(data_dir) != []
    receiving.cancel()
    await asyncio.wait([receiving])
    assert receiving.cancelled()
    assert kept(data_dir) == []


async def test_a_disk_that_takes_no_more_is_an_error_that_says_so(data_dir: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(StorageError, match="cannot be kept"):
            await Files(data_dir).receive("alice", "a.bin", pieces(b"x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert kept(data_dir) == []


async def test_of_two_who_delete_a_file_at_once_none_fails(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(data_dir)
    file = await files.receive("alice", "a.txt", pieces(b"some"))
    monkeypatch.setattr(Files, "find", lambda *_: file)  # both have found it before either deletes it
    files.delete("alice", file.id)
    files.delete("alice", file.id)
    assert kept(data_dir) == []


async def test_deleting_a_file_leaves_what_lies_beside_it(data_dir: Path) -> None:
    files = Files(data_dir)
    file = await files.receive("alice", "a.txt", pieces(b"some"))
    (file.path.parent / "b.txt").write_bytes(b"other")
    files.delete("alice", file.id)
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["b.txt"]


async def test_data_for_others_has_addresses_and_nothing_that_json_cannot_hold(data_dir: Path) -> None:
    files = Files(data_dir)
    one = await files.receive("alice", "my cat (1).txt", pieces(b"some"))
    odd = {"text": f"See {one.path}, and {one.path}.", "list": [float("nan"), float("inf"), 1.5, 2, None, True,
        "\ud800!"],
           str(one.path): "/etc/passwd", "gone": f"{one.path.parent}/gone.txt now"}
    gone = files.address(f"{one.path.parent}/gone.txt")
    assert files.public(odd) == {
        "text": f"See {one.address}, and {one.address}.", "list": [None, None, 1.5, 2, None, True, "?!"],
        one.address: "/etc/passwd", "gone": f"{gone} now"}


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.js", "a.xml", "a.xhtml", "a.png", "a.pdf", "a.txt"])
@pytest.mark.parametrize("content", [HTML, SVG, b"<?xml version='1.0'?><a/>", b"alert(1)", b"%PDF-1.4", b"\x00\x01"],
    ids=repr)
def test_what_a_browser_might_run_is_sent_for_download_only(content: bytes, name: str, served: Served) -> None:
    with as_(served) as alice:
        made = alice.post("/files", files={"file": (name, content, "text/html")}).json()
        answer = alice.get(made["address"])
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_picture_is_shown_by_its_bytes_and_not_its_name(served: Served) -> None:
    with as_(served) as alice:
        made = alice.post("/files", files={"file": ("a.html", picture(), "text/html")}).json()
        answer = alice.get(made["address"])
    assert (made["type"], answer.headers["content-type"]) == ("image/png", "image/png")
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(("asked", "status", "got"), [
    ("bytes=0-3", 206, b"0123"), ("bytes=-2", 206, b"89"), ("bytes=8-", 206, b"89"), ("bytes=10-", 416, None),
    ("bytes=5-2", 400, None), ("bytes=0-99", 206, b"0123456789"), ("bytes=x", 400, None), ("lines=0-1", 400, None)])
def test_a_part_of_a_file_can_be_asked_for(asked: str, status: int, got: bytes | None, served: Served) -> None:
    with as_(served) as alice:
        made = alice.post("/files", files={"file": ("a.bin", b"0123456789")}).json()
        answer = alice.get(made["address"], headers={"Range": asked})
    assert answer.status_code == status
    assert got is None or answer.content == got


NAMES = [b'a\\"; filename=\\"b.html', b"a%0d%0aSet-Cookie: x=1.txt", b"../../x.txt", b"/etc/passwd", b"..",
    b"%2e%2e%2fx",
         b"C:\\\\a.txt", b"\x00.txt", "😀.txt".encode(), "\u202egpj.exe".encode(),
             b"<img src=x onerror=alert(1)>.html", b"\xff\xfe.txt",
         "é".encode() * 900 + b".txt", b"a\tc.txt", b"a;b=c,d.txt"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_of_an_upload_means_anything_later(name: bytes, served: Served, data_dir: Path) -> None:
    body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
            b"Content-Type: text/html\r\n\r\nhi\r\n--b--\r\n")
    with as_(served) as alice:
        made = alice.post("/files", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert made.status_code == 201
        answer = alice.get(made.json()["address"])
    assert (answer.status_code, answer.content) == (200, b"hi")
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].startswith("attachment; filename")
    (path,) = (path for path in (data_dir / "artifacts").rglob("*") if path.is_file())
    assert path.read_bytes() == b"hi"
    assert not set(path.name) & set("/\\<>\"'\0\r\n;%")
    assert urlsplit(made.json()["address"]).path == made.json()["address"]


@pytest.mark.parametrize("size", [10_000, 5_000_000])
def test_a_name_that_never_ends_is_refused(size: int, served: Served, data_dir: Path) -> None:
    with as_(served) as alice:
        assert alice.post("/files", files={"file": ("x" * size, b"hi")}).status_code == 400
    assert kept(data_dir) == []


def test_what_is_too_large_is_refused_and_leaves_nothing(served: Served, data_dir: Path,
    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.files.MAX_UPLOAD", 2_000_000)
    with as_(served) as alice:
        answer = alice.post("/files", files={"file": ("a.bin", b"x" * 2_000_001)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        assert alice.post("/files", files={"file": ("a.bin", b"")}).json()["error"]["code"] == "input"
        assert kept(data_dir) == []
        assert alice.post("/files", files={"file": ("a.bin", b"x" * 2_000_000)}).status_code == 201


def test_half_an_upload_leaves_nothing(served: Served, data_dir: Path) -> None:
    head = (b"POST /files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice\r\nContent-Length: 5000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n')
    with socket.create_connection(("127.0.0.1", urlsplit(served.address).port or 0)) as sender:
        sender.sendall(head + b"x" * 2_000_000)
    with as_(served) as alice:
        assert alice.post("/files", files={"file": ("b.bin", b"x")}).status_code == 201
    assert [name for name in kept(data_dir) if name.endswith(".bin")] == ["b.bin"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_files_of_others_look_as_if_they_never_were(method: str, served: Served) -> None:
    with as_(served) as alice, as_(served, "bob") as bob:
        mine = alice.post("/files", files={"file": b"secret"}).json()
        others, never = bob.request(method, f"/files/{mine['id']}"), bob.request(method, f"/files/{'0' * 68}")
        asked = [bob.post("/runs", json={"text": "Read it.", "files": [one]}) for one in (mine["id"], "0" * 68)]
        told = [bob.post("/runs", json={"text": f"Read {served.address}/files/{one} now"}) for one in (mine["id"],
            "0" * 68)]
        planned = [bob.post("/runs", json={"plan": [{"task": "ocr", "id": 0, "args": {"image": one}}]})
                   for one in (mine["address"], "0" * 68)]
        assert alice.get(mine["address"]).content == b"secret"
    for one, other in ((others, never), asked, told, planned):
        assert (one.status_code, one.content) == (404, other.content) == (other.status_code, other.content)


def test_a_deleted_file_is_gone(served: Served, data_dir: Path) -> None:
    with as_(served) as alice:
        made = alice.post("/files", files={"file": b"some"}).json()
        assert alice.delete(f"/files/{made['id']}").status_code == 204
        assert alice.get(made["address"]).status_code == alice.delete(f"/files/{made['id']}").status_code == 404
    assert kept(data_dir) == []
