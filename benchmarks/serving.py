"""What the server can take: runs of a chain of two tasks over HTTP, three experts of 200 ms each, SQLite checkpoints.

    python benchmarks/serving.py

Then, where Chromium is installed, how long the page takes from its address to a text box that can be typed in.

The server is a process of its own; a client holds so many runs at once (closed loop), each followed by server-sent
events to its end. Critical path: 0.4 s. Two cores are for both; the machine should be idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the command line does

import psutil

CRITICAL = 0.4
"""Seconds of the longest chain."""
ROUNDS = ((1, 20), (10, 200), (100, 800))
"""Runs at once, and runs in all."""
BODY = b'{"text": "go"}'
VISITS = 6
"""Of the page, the first of which warms the server."""


def serve(folder: str) -> None:
    """The server over fakes, until it is killed; says its address on standard output."""
    from graph import Constant, FixedPlan, Sleeping, task

    from compegpt.context import Account, Say
    from compegpt.schema import Written
    from compegpt.settings import Settings
    from compegpt.web.server import application, listen
    from compegpt.wiring import Parts

    class Remote(Sleeping):
        remote = True

        async def prepare(self, tasks: Sequence[str]) -> None:
            return None

        def ready(self, expert: Any, args: Mapping[str, Any]) -> Any:
            return contextlib.nullcontext()

    @dataclass
    class Silent:
        async def write(self, account: Account, say: Say) -> Written:
            return Written("done")

    settings = Settings(data_dir=Path(folder), concurrency=64)
    plan = FixedPlan([task(0, 0.2, []), task(1, 0.2, [0])])
    listen(application(Parts(settings, plan, Silent(), [Remote()], Constant())), "127.0.0.1", 0)


async def one(host: str, port: int) -> tuple[float, float]:
    """Seconds of a run until its plan, and until its end. A bare client: common ones are slower than the server."""
    began = time.perf_counter()
    first = 0.0
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"POST /runs HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
                 f"Accept: text/event-stream\r\nConnection: close\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
    writer.write(BODY)
    told = b""
    while piece := await reader.read(1 << 16):
        if not first and b"event: planned" in piece:
            first = time.perf_counter() - began
        told += piece
    writer.close()
    assert b'event: done' in told, told
    return first, time.perf_counter() - began


async def measured(address: str, server: psutil.Process) -> None:
    place = urlsplit(address)
    host, port = str(place.hostname), int(place.port or 80)
    for _ in range(5):
        await one(host, port)
    for at_once, runs in ROUNDS:
        left = iter(range(runs))
        taken: list[tuple[float, float]] = []

        async def work(left: Any = left, taken: list[tuple[float, float]] = taken) -> None:
            for _ in left:
                taken.append(await one(host, port))

        began, used = time.perf_counter(), sum(server.cpu_times()[:2])
        await asyncio.gather(*(work() for _ in range(at_once)))
        seconds = time.perf_counter() - began
        whole = sorted(run for _, run in taken)
        first = statistics.median(event for event, _ in taken)
        late = whole[int(0.95 * len(whole))]
        cpu = (sum(server.cpu_times()[:2]) - used) / runs
        print(f"  {at_once:4d} at once: {runs / seconds:5.1f} runs/s, p50 {statistics.median(whole):.2f} s, "
              f"p95 {late:.2f} s ({late / CRITICAL:.2f} times the critical path), first event after "
              f"{first * 1e3:.0f} ms, {cpu * 1e3:.0f} ms of the server's CPU per run")


def opened(address: str, chromium: str) -> list[float]:
    """Seconds from opening the page to a text box that can be typed in, each in a browser that has seen nothing."""
    from playwright.sync_api import sync_playwright

    taken = []
    with sync_playwright() as playwright:
        for _ in range(VISITS):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.wait_for_function("document.querySelector('textarea:not([disabled])') !== null")
            page.fill("textarea", "x")
            taken.append(time.perf_counter() - began)
            browser.close()
    return taken[1:]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, __file__, folder], stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None
            address = server.stderr.readline().split()[-1]
            print("a chain of two tasks of 0.2 s, k = 3, over HTTP")
            asyncio.run(measured(address, psutil.Process(server.pid)))
            chromium = shutil.which("chromium")
            if chromium is None:
                print("the page was not measured: there is no chromium")
            else:
                taken = opened(address, chromium)
                print(f"the page can be typed in after {statistics.median(taken):.2f} s ({min(taken):.2f} to "
                      f"{max(taken):.2f}, {len(taken)} browsers)")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    serve(sys.argv[1]) if len(sys.argv) > 1 else main()
