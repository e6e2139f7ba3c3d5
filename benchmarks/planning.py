"""How fast the embedded planner is, and what it costs: `python benchmarks/planning.py [FILE]`.

Seconds to load in a fresh process, seconds per plan when warm, and how far 100 more plans grow the process, over the
project's own requests or those of a file (JSON Lines with `request`); one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.plan.train.known import OWN

_LOAD = """
import time
began = time.perf_counter()
from compegpt.plan.embedded import EmbeddedPlanner
imported = time.perf_counter()
EmbeddedPlanner().planned({"text": "Draw me a sheep", "files": [], "thread": ""}, [])
print(imported - began, time.perf_counter() - imported)
"""


def main(files: list[str]) -> None:
    paths = [Path(file) for file in files] or sorted(OWN.glob("*.jsonl"))
    requests = {path.stem: [json.loads(line)["request"] for line in path.read_text(encoding="utf-8").splitlines()]
                for path in paths}
    loads = np.array([_loaded() for _ in range(5)])
    imports, first = loads.min(0), np.median(loads, axis=0)
    print(f"import {imports[0]:.2f} s; load and first plan {imports[1]:.2f} s at best of 5, "
          f"{first[1]:.2f} s in the middle")
    planner = EmbeddedPlanner()
    for name, texts in requests.items():
        for text in texts[:5]:
            _planned(planner, text)
        seconds = [_planned(planner, text) for text in texts]
        p50, p95 = np.percentile(seconds, [50, 95]) * 1e3
        print(f"{name}: {len(texts)} requests, p50 {p50:.1f} ms, p95 {p95:.1f} ms, worst {max(seconds) * 1e3:.0f} ms")
    texts = [text for each in requests.values() for text in each]
    before = _resident()
    for number in range(100):
        _planned(planner, texts[number % len(texts)] + f" ({number})")
    print(f"100 more plans: {_resident() - before:+.2f} MB of {before:.0f} MB resident")


def _planned(planner: EmbeddedPlanner, text: str) -> float:
    began = time.perf_counter()
    planner.planned({"text": text, "files": [], "thread": ""}, [])
    return time.perf_counter() - began


def _loaded() -> tuple[float, float]:
    said = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1])


def _resident() -> float:
    """Megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
