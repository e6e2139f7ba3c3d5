"""What the tests of downloads have: an empty folder, and servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.loopback.server import Handler, Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*handlers: Handler) -> Server:
        servers.append(Server(*handlers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)
