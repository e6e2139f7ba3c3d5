"""What computes ends when its caller has gone, and does not take the process down with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compegpt.sources.local.memory import Models

ROOT = Path(__file__).parents[3]
ENDLESS = """
import asyncio, torch
from compegpt.sources.local.memory import Models

async def main():
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def endless(model):
        while True:
            model(torch.ones(64, 2048))
            loop.call_soon_threadsafe(begun.set)

    call = asyncio.ensure_future(Models(10**12).use("a", 1, lambda: torch.nn.Linear(2048, 2048), endless))
    await begun.wait()

asyncio.run(main())
print("left")
"""


async def test_a_call_that_was_cancelled_ends_at_its_next_module() -> None:
    import torch

    loop, begun, models = asyncio.get_running_loop(), asyncio.Event(), Models(10**9)

    def endless(model: Any) -> None:
        while True:
            model(torch.ones(1, 2))
            loop.call_soon_threadsafe(begun.set)

    call = asyncio.ensure_future(models.use("a", 1, lambda: torch.nn.Linear(2, 2), endless))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await models.use("a", 1, lambda: torch.nn.Linear(2, 2), lambda model: "next") == "next"


def test_the_process_ends_well_while_a_model_computes() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr
