"""Lets every OCR engine read every picture of a set, once; what they gave is kept as JSON below .cache/."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from text_images import TextImage, images

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.schema import Candidate, Finding
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.ocr import ENGINES
from compegpt.threads import in_thread

CACHE = Path(__file__).parent.parent / ".cache" / "judge"


def collected(which: str, again: Collection[str] = ()) -> list[dict[str, Any]]:
    """One record per picture of the set: name, category, kind, text, candidates in order of the engines' priors.

    What is kept is not read again, but by the engines named in `again`.
    """
    kept = CACHE / f"{which}.json"
    rows = json.loads(kept.read_text()) if kept.is_file() else []
    known = {(row["key"], one["expert"]): one for row in rows for one in row["candidates"]
             if one["expert"].partition(":")[2] not in again}
    CACHE.mkdir(parents=True, exist_ok=True)
    rows = asyncio.run(_collect(which, known))
    kept.write_text(json.dumps(rows, ensure_ascii=False))
    return rows


async def _collect(which: str, known: Mapping[tuple[str, str], Candidate]) -> list[dict[str, Any]]:
    engines = sorted((engine for engine in ENGINES if not engine.missing()), key=lambda one: -one.prior)
    rows = []
    for number, image in enumerate(images(which)):
        key = hashlib.sha256(image.pixels.tobytes()).hexdigest()[:16]
        missing = [engine for engine in engines if (key, f"embedded:{engine.name}") not in known]
        if missing and number % 24 == 0:
            sys.stderr.write(f"{which}: {len(missing)} engines read picture {number} ...\n")
        read = {one["expert"]: one for one in await _read(image, missing)}
        rows.append({"key": key, "name": image.name, "category": image.category, "kind": image.kind, "text": image.text,
                     "candidates": [read.get(name) or known[key, name]
                                    for name in (f"embedded:{engine.name}" for engine in engines)]})
    return rows


async def _read(image: TextImage, engines: Sequence[Engine]) -> list[Candidate]:
    path = CACHE / "pictures" / f"{image.name.replace(' ', '-')}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image.pixels).save(path)
    two = asyncio.Semaphore(2)

    async def one(engine: Engine) -> Candidate:
        async with two:
            return await _candidate(engine, {"image": str(path)})

    return await asyncio.gather(*map(one, engines))


async def _candidate(engine: Engine, args: Mapping[str, Any]) -> Candidate:
    started, store = time.perf_counter(), Store(CACHE / "made")
    candidate: Candidate = {
        "expert": f"embedded:{engine.name}", "source": "embedded", "family": engine.family, "status": "failed",
        "output": None, "confidence": None, "signals": {}, "score": None, "seconds": 0.0, "error": None}
    try:
        run: Any = engine.run
        given = run(args, store) if asyncio.iscoroutinefunction(run) else in_thread(run, args, store)
        finding: Finding = await given
    except ExpertError as error:
        return {**candidate, "error": str(error)}
    return {**candidate, "status": "empty" if finding.empty else "ok", "output": finding.output,
            "confidence": finding.confidence, "seconds": round(time.perf_counter() - started, 3)}
