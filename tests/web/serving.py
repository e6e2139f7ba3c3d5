"""The server over fakes on a free loopback port, in a thread, so that blocking clients and other processes reach it.

    with serving(data_dir, FakeSource({"summarization": [("s", "a", Finding({"text": "Short."}))]}),
                 [task("summarization", text="Long.")], keys="alice,bob") as served:
        httpx.post(f"{served.address}/runs", json={"text": "Shorten it."}, headers=bearer("alice"))
    assert served.planner.asked
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from compegpt.schema import Task
from compegpt.web.desk import Desk
from compegpt.web.server import application
from compegpt.wiring import Parts
from tests.fakes import FakePlanner, FakeSource, FakeWriter, fake_parts, settings

SECONDS = 30.0
"""Until a server must be up, and down."""


@dataclass(frozen=True)
class Served:
    """A server that is up."""

    address: str
    """`http://127.0.0.1:PORT`."""
    app: FastAPI
    parts: Parts

    @property
    def desk(self) -> Desk:
        desk: Desk = self.app.state.desk
        return desk

    @property
    def source(self) -> FakeSource:
        return cast(FakeSource, self.parts.sources[0])

    @property
    def planner(self) -> FakePlanner:
        return cast(FakePlanner, self.parts.planner)

    @property
    def writer(self) -> FakeWriter:
        return cast(FakeWriter, self.parts.writer)


@contextlib.contextmanager
def serving(data_dir: Path, source: FakeSource | None = None, *plans: list[Task] | Exception, keys: str | None = None,
            local: bool = True, page: bool = False, reply: str | None = None, writer: Any = None,
            **flags: Any) -> Iterator[Served]:
    """`application(fake_parts(...))` under uvicorn; `flags` are settings by their field names."""
    parts = fake_parts(settings(data_dir, api_keys=keys, **flags), source or FakeSource({}), *plans, reply=reply,
                       writer=writer)
    app = application(parts, local, page)
    with listening(app) as address:
        yield Served(address, app, parts)


@contextlib.contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Any application under uvicorn; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = _Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="serving")
        thread.start()
        try:
            if not server.up.wait(SECONDS) or not server.started:
                raise RuntimeError("the server did not start; its log says why")
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(SECONDS)
            if thread.is_alive():
                raise RuntimeError("the server did not end")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()


def bearer(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"Authorization": f"Bearer {key}"}
