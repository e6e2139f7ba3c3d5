"""How long a cold process takes, and how much memory a large picture needs.

    python benchmarks/startup.py

Each figure is the median (range) of 5 fresh processes with a fresh data directory; the machine should be idle.
Memory is the highest sum of resident sizes of the process and its children, sampled every 10 ms.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parent.parent
QUESTION = "Which language is this text in: 'Das ist ein schöner Tag, und wir gehen spazieren.'"


def run(args: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, str(ROOT / "main.py"), *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, cwd=folder, env={**os.environ, "COMPEGPT_DATA_DIR": f"{folder}/data"})
    return time.perf_counter() - start


def timed(args: list[str]) -> str:
    seconds = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            seconds.append(run(args, folder))
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def large_picture(path: Path) -> None:
    """12 megapixels with 40 lines of text."""
    image = Image.new("RGB", (4000, 3000), "white")
    draw = ImageDraw.Draw(image)
    for line in range(40):
        draw.text((100, 60 + 72 * line), f"Line {line}: the quick brown sheep jumps over the lazy dog.", "black",
                  ImageFont.load_default(60))
    image.save(path, quality=92)


def peak_megabytes(args: list[str], folder: str) -> float:
    process = psutil.Popen([sys.executable, str(ROOT / "main.py"), *args], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, cwd=folder,
                           env={**os.environ, "COMPEGPT_DATA_DIR": f"{folder}/data"})
    peak = 0
    while process.poll() is None:
        total = 0
        for one in [process, *children(process)]:
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak = max(peak, total)
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit(f"the run failed with status {process.returncode}")
    return peak / 1e6


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def main() -> None:
    print(f"--help: {timed(['--help'])}")
    print(f"language of a quoted text: {timed(['--prompt', QUESTION])}")
    with tempfile.TemporaryDirectory() as folder:
        large_picture(Path(folder) / "page.jpg")
        peaks = [peak_megabytes(["--prompt", "Read the text in page.jpg"], folder) for _ in range(3)]
    print(f"peak memory reading 12 megapixels: {max(peaks):.0f} MB, highest of {len(peaks)}")


if __name__ == "__main__":
    main()
