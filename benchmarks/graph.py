"""What the graph costs: wall time over critical path with sleeping experts, and overhead of a one-task request.

    python benchmarks/graph.py

SQLite checkpoints, events and the real scoring are on; embeddings are constant, so that encoding time stays apart.
The clock of a shape starts before the front door is called and stops at its last event; the machine should be idle.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the command line does

import numpy as np

from compegpt.context import Offers
from compegpt.schema import Expert, Finding, Proposal, Request, Result, Task, Turn
from compegpt.session import Session
from compegpt.settings import Settings
from compegpt.wiring import Parts

K = 3
SHAPES: dict[str, tuple[list[tuple[float, list[int]]], float]] = {
    "two uneven branches": ([(0.2, []), (1.0, [0]), (1.0, [])], 1.2),
    "chain of 5": ([(0.2, [])] + [(0.2, [i]) for i in range(4)], 1.0),
    "diamond": ([(0.2, []), (1.0, [0]), (0.5, [0]), (0.2, [1, 2])], 1.4),
    "12 independent": ([(1.0, [])] * 12, 1.0),
}
"""Per shape: (seconds, producers) of each task, and the critical path in seconds."""


@dataclass(frozen=True)
class FixedPlan:
    tasks: list[Task]

    async def plan(self, request: Request, history: Sequence[Turn],
                   allowed: Collection[str] | None = None) -> Proposal:
        return Proposal(self.tasks, 1.0, "fixed")


class Silent:
    async def write(self, request: Request, plan: Sequence[Task], results: Sequence[Result], reply: str | None) -> str:
        return "done"


class Sleeping:
    """Three experts of three families that take as long as the text says, and agree more or less."""

    name = "sleeping"

    async def offers(self, task: str, args: Mapping[str, Any]) -> Offers:
        return Offers([Expert(f"sleeping:{i}", task, f"family-{i}", source=self.name) for i in range(K)], [])

    async def run(self, expert: Expert, args: Mapping[str, Any], store: Any) -> Finding:
        await asyncio.sleep(float(args["text"].split()[0]))
        return Finding({"text": f"The sheep number {expert.id[-1]} is a nice animal."}, confidence=0.5)


class Constant:
    def encode(self, texts: Sequence[str]) -> Any:
        return np.ones((len(texts), 384), dtype=np.float32) / np.sqrt(384, dtype=np.float32)


def task(number: int, seconds: float, producers: list[int]) -> Task:
    text = " ".join([f"{seconds}", *(f"<resource>-{producer}" for producer in producers)])
    return {"task": "summarization", "id": number, "dep": producers or [-1], "args": {"text": text}}


async def walls(tasks: list[Task], runs: int, folder: Path) -> list[float]:
    """Seconds of each run, after one that warms up."""
    settings = Settings(data_dir=folder, concurrency=64)
    seconds = []
    async with Session(Parts(settings, FixedPlan(tasks), Silent(), [Sleeping()], Constant())) as session:
        for run in range(runs + 1):
            start = time.perf_counter()
            async for _ in session.stream({"text": "go", "files": [], "thread": f"run-{run}"}):
                pass
            seconds.append(time.perf_counter() - start)
    return seconds[1:]


def spread(values: list[float], scale: float = 1.0) -> str:
    return f"{statistics.median(values) * scale:.3f} ({min(values) * scale:.3f} to {max(values) * scale:.3f})"


async def main() -> None:
    print("wall time over critical path, k = 3, median (range) of 5")
    with tempfile.TemporaryDirectory() as folder:
        for name, (rows, critical) in SHAPES.items():
            tasks = [task(number, *row) for number, row in enumerate(rows)]
            print(f"  {name:22s} {spread([wall / critical for wall in await walls(tasks, 5, Path(folder) / name)])}")
        overhead = await walls([task(0, 0.0, [])], 100, Path(folder) / "one")
    print(f"overhead of a one-task request, k = 3, milliseconds, median (range) of 100\n  {spread(overhead, 1e3)}")


if __name__ == "__main__":
    asyncio.run(main())
