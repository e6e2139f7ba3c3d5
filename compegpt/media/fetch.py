"""Downloads of addresses that a user, a plan or a client names: nothing about them is trusted.

Time, bytes and redirects are bounded here, and what came is checked by its bytes; `Guarded` sees to the hosts.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
import os
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

import httpx

from compegpt.errors import InputError, StorageError
from compegpt.media.addresses import Guarded, shown_url
from compegpt.media.artifacts import MAX_BYTES, check, media_type
from compegpt.schema import Kind
from compegpt.threads import in_thread

MAX_REDIRECTS = 5
CONNECT_SECONDS = 5.0
_HEADERS = {"User-Agent": "CompeGPT", "Accept": "*/*", "Accept-Encoding": "identity"}
_ELSE = "or download the file yourself and give its path"


async def fetch(url: str, folder: Path, kind: Kind, *, seconds: float = 20.0,
                transport: httpx.AsyncBaseTransport | None = None) -> Path:
    """Download one file of this kind into `folder`, which is made private, under its own name or one like it.

    Takes http, https and `data:` addresses. Raises InputError for whatever is wrong with the address or the file,
    StorageError where the folder cannot be written; then, and when cancelled, no file is left.
    """
    url = url.strip()
    data = url[:5].lower() == "data:"
    parsed = httpx.URL("data:") if data else _parsed(url)
    shown = "data:..." if data else shown_url(parsed)
    path, file = _created(folder, _data_name(url) if data else _name(parsed.path))
    try:
        async with asyncio.timeout(seconds):
            with file:
                if data:
                    _write(file, await in_thread(_decoded, url, kind))
                else:
                    await _download(parsed, file, kind, transport)
            await in_thread(_check, path, kind, shown)
    except TimeoutError as error:
        path.unlink(missing_ok=True)
        raise InputError(f"'{shown}' took longer than {seconds:g} s; try again, {_ELSE}.") from error
    except BaseException:  # cancelled or failed, half a file does not stay; the error goes on
        path.unlink(missing_ok=True)
        raise
    return path


async def _download(url: httpx.URL, file: BinaryIO, kind: Kind, transport: httpx.AsyncBaseTransport | None) -> None:
    if transport is None:
        async with Guarded() as own:
            return await _download(url, file, kind, own)
    try:
        url, response = await _answer(url, transport)
    except httpx.TransportError as error:
        raise InputError(f"'{shown_url(url)}' cannot be reached ({str(error)[:200] or type(error).__name__}); "
                         "check the address.") from error
    try:
        async with aclosing(_body(url, response, kind)) as body:
            async for piece in body:
                _write(file, piece)
    except httpx.TransportError as error:
        raise InputError(f"'{shown_url(url)}' broke off before the file was whole; try again, {_ELSE}.") from error
    finally:
        await response.aclose()


async def _answer(url: httpx.URL, transport: httpx.AsyncBaseTransport) -> tuple[httpx.URL, httpx.Response]:
    """The first answer that is no redirect, and its address.

    Asks the transport itself: no client stands between that has cookies, proxies or passwords.
    """
    extensions = {"timeout": httpx.Timeout(None, connect=CONNECT_SECONDS).as_dict()}
    first = url
    for _ in range(MAX_REDIRECTS + 1):
        request = httpx.Request("GET", url, headers=_HEADERS, extensions=extensions)
        response = await transport.handle_async_request(request)
        if not response.has_redirect_location:
            return url, response
        await response.aclose()
        onward = _parsed(response.headers["location"], url)
        if url.scheme == "https" and onward.scheme == "http":
            raise InputError(f"'{shown_url(url)}' leads on to an address without encryption; {_ELSE[3:]}.")
        url = onward
    raise InputError(f"'{shown_url(first)}' leads on to other addresses more than {MAX_REDIRECTS} times; {_ELSE[3:]}.")


async def _body(url: httpx.URL, response: httpx.Response, kind: Kind) -> AsyncGenerator[bytes, None]:
    """The pieces of a sound answer. Raises InputError where it is an error, compressed or too large."""
    if not response.is_success:
        raise InputError(f"'{shown_url(url)}' answered with status {response.status_code}; check the address, {_ELSE}.")
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise InputError(f"'{shown_url(url)}' sends the file compressed though asked not to; {_ELSE[3:]}.")
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > MAX_BYTES[kind]:
        raise _too_large(shown_url(url), kind)
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > MAX_BYTES[kind]:
            raise _too_large(shown_url(url), kind)
        yield piece


def _decoded(url: str, kind: Kind) -> bytes:
    """The bytes of a `data:` address. Raises InputError."""
    head, comma, payload = url.partition(",")
    if not comma:
        raise InputError("'data:...' has no comma before its content; give it as data:TYPE;base64,CONTENT.")
    encoded = head.lower().endswith(";base64")
    if len(payload) > 3 * MAX_BYTES[kind] + 100:  # no byte takes more than three characters
        raise _too_large("data:...", kind)
    content = unquote_to_bytes(payload)
    if encoded:
        content = re.sub(rb"[ \t\r\n\f]+", b"", content)
        if len(content) * 3 // 4 > MAX_BYTES[kind] + 2:
            raise _too_large("data:...", kind)
        content = content.rstrip(b"=")
        try:
            content = base64.b64decode(content + b"=" * (-len(content) % 4), validate=True)
        except binascii.Error as error:
            raise InputError("'data:...' is not sound base64; encode the file again.") from error
    if len(content) > MAX_BYTES[kind]:
        raise _too_large("data:...", kind)
    return content


def _check(path: Path, kind: Kind, shown: str) -> None:
    with path.open("rb") as file:
        head = file.read(4096).lstrip().lower()
    page = head.startswith((b"<!doctype html", b"<html")) or (b"<html" in head and media_type(path) == "text/plain")
    if page and kind != "text":
        raise InputError(f"'{shown}' is a web page, not {'a video' if kind == 'video' else f'an {kind} file'}; "
                         "give the address of the file itself.")
    check(path, kind)


def _parsed(text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return base.join(text) if base is not None else httpx.URL(text)
    except (httpx.InvalidURL, ValueError):  # its message would repeat the address, perhaps with a password
        shown = "The address" if "@" in text else ascii(text.partition("?")[0][:80])
        raise InputError(f"{shown} is not a web address; give one like https://host/picture.png, {_ELSE}.") from None


def _too_large(shown: str, kind: Kind) -> InputError:
    return InputError(f"'{shown}' has more than {MAX_BYTES[kind] / 1e6:g} MB, the most that fit of {kind}; "
                      "give a smaller part of it.")


def _name(path: str) -> str:
    """A safe file name like the last part of a path of an address, with its suffix."""
    last = unquote(path).replace("\\", "/").rpartition("/")[2].lstrip(".")
    stem, dot, suffix = last.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,10}", suffix):
        stem, suffix = stem + dot + suffix, ""
    stem = re.sub(r"[^\w.-]+", "_", stem).strip("._-")[:50]
    return (stem or "download") + (f".{suffix}" if suffix else "")


def _data_name(url: str) -> str:
    return "data" + (mimetypes.guess_extension(re.split("[;,]", url[5:100], maxsplit=1)[0].strip().lower()) or "")


def _created(folder: Path, name: str) -> tuple[Path, BinaryIO]:
    """A new file of this name, or of this name with a number, for the owner alone. Raises StorageError."""
    stem, suffix = os.path.splitext(name)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1
        while True:
            path = folder / (name if number == 1 else f"{stem}-{number}{suffix}")
            try:
                return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            except FileExistsError:
                number += 1
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise _unwritable(Path(file.name).parent, error) from error


def _unwritable(folder: Path, error: OSError) -> StorageError:
    return StorageError(f"No file can be written below '{folder}' ({error.strerror}); free some space or set "
                        "COMPEGPT_DATA_DIR to another folder.")
