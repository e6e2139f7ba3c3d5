"""Clients of the MCP server, of the SDK's own make: over a process's streams, over HTTP, and in the test's process."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.session import Session
from compegpt.web.desk import Desk
from compegpt.web.files import Files
from compegpt.web.mcp.sides import Machine
from compegpt.web.mcp.tools import Tools
from compegpt.web.runs import Runs
from tests.conftest import ROOT
from tests.fakes import FakeSource, fake_parts, settings
from tests.web.serving import bearer

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])
"""The protocol with a handshake and sessions, and the one without."""
SECONDS = 30.0
"""Until something that must come is given up."""
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5f"
                       "RAAAAABJRU5ErkJggg==")
"""A picture of one pixel."""
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}


async def drawn(args: Mapping[str, Any], store: Store) -> Finding:
    path = store.new(".png")
    path.write_bytes(PNG)
    return Finding({"image": str(path)})


async def read(args: Mapping[str, Any], store: Store) -> Finding:
    return Finding({"text": f"read {Path(args['image']).name}"})


def process(*argv: str, script: str | None = None) -> list[str]:
    return ["-c", script, "mcp", *argv] if script else ["main.py", "mcp", *argv]


@asynccontextmanager
async def over_stdio(folder: Path, era: Any = "legacy", script: str | None = None) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(command=sys.executable, args=process(script=script), cwd=ROOT,
                                       env={"COMPEGPT_DATA_DIR": str(folder), "OMP_NUM_THREADS": "1"})
    with (folder.parent / "stderr").open("w") as errors:
        async with Client(stdio_client(parameters, errors), mode=era) as client:
            yield client


@asynccontextmanager
async def over_http(address: str, key: str | None = None, era: Any = "legacy") -> AsyncIterator[Client]:
    async with (httpx2.AsyncClient(headers=bearer(key) if key else {}, timeout=SECONDS) as http,
                Client(streamable_http_client(f"{address}/mcp", http_client=http), mode=era) as client):
        yield client


@asynccontextmanager
async def in_process(folder: Path, source: FakeSource, *plans: Any) -> AsyncIterator[Client]:
    parts = fake_parts(settings(folder), source, *plans)
    async with Session(parts) as session:
        desk = Desk(parts, session, Runs(session), Files(folder), local=True)

        async def at_desk() -> Desk:
            return desk

        async with Client(Tools(at_desk, lambda desk, call: Machine(desk), confined=False).server()) as client:
            yield client


def said(result: Any) -> str:
    text: str = result.content[0].text
    return text


def links(result: Any) -> list[str]:
    return [one.uri for one in result.content if one.type == "resource_link"]


async def cancelled_call(client: Client, started: Callable[[], Awaitable[Any]]) -> None:
    """Begin a call of the expert that hangs, and take it back once it runs."""
    call = asyncio.create_task(client.call_tool("text-generation", {"text": "x"}))
    await started()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
