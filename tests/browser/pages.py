"""A server with the page in a thread of this process, and what a person does on the page."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from compegpt.web.server import application
from compegpt.wiring import Parts

QUIET = [pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
         pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")]
"""What Gradio's use of pandas warns of."""
BOX = "#cgp-box textarea"
STATUS = "#cgp-status"


class Served:
    """A server at an address of its own."""

    def __init__(self, parts: Parts, local: bool = True) -> None:
        self.app = application(parts, local=local)
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            self._thread.join(0.05)

    def stop(self) -> None:
        self.app.state.pages_end.set()
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextmanager
def served(parts: Parts, local: bool = True) -> Iterator[Served]:
    server = Served(parts, local)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Gate:
    """Lets experts through when a test says so, whatever thread it is in."""

    def __init__(self) -> None:
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.cancelled = threading.Event()
        self.entered = threading.Event()

    def open(self) -> None:
        self._opened.set_result(None)

    async def wait(self) -> None:
        self.entered.set()
        try:
            await asyncio.shield(asyncio.wrap_future(self._opened))
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class Person:
    """Somebody in a browser of his own."""

    def __init__(self, page: Any, url: str, folder: Path) -> None:
        self.page, self._url, self._folder = page, url, folder
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        """Addresses beyond the server that the page asked for."""
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def opens(self) -> Person:
        self.page.goto(self._url)
        return self.sees()

    def reloads(self) -> Person:
        self.page.reload()
        return self.sees()

    def sees(self) -> Person:
        """Waits until the page takes input and has asked the server whose it is."""
        self.page.wait_for_selector(f"{BOX}:enabled")
        self.page.wait_for_function("document.querySelector('#cgp-conversations input')?.value")
        return self

    def says(self, text: str, *files: Path) -> Person:
        if files:
            with self.page.expect_file_chooser() as chooser:
                self.page.get_by_role("button", name="Upload a file").click()
            chooser.value.set_files([str(file) for file in files])
            self.page.locator("#cgp-box .thumbnail-item").nth(len(files) - 1).wait_for()
        self.page.fill(BOX, text)
        self.page.keyboard.press("Enter")
        return self

    def reads(self, status: str) -> Person:
        """Waits until the line below the chat says so."""
        self.page.locator(STATUS, has_text=status).wait_for()
        return self

    @property
    def chat(self) -> str:
        return str(self.page.inner_text("#cgp-chat"))

    def shot(self, name: str) -> None:
        self.page.screenshot(path=str(self._folder / f"{name}.png"))

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.elsewhere.append(request.url)


def folder_for(tmp_path: Path) -> Path:
    """Where screenshots go: the folder that COMPEGPT_SCREENSHOTS names, or the test's own."""
    folder = Path(os.environ.get("COMPEGPT_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
