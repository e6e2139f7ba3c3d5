"""A turn with a language model and hub models, against a server on loopback that answers as slowly as real ones do.

    python benchmarks/hub.py [--runs 5]

Language model calls take 0.5 s, hub requests 0.05 s, models as long as the case says (two others 0.1 and 0.2 s
less). `cold` is the command line in a fresh process with an empty data directory: `usage.seconds` of its JSON, which
leaves the start of the process out. `warm` is a later turn in one process. The bound is planning + the critical path of
the slowest model that is needed + writing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.loopback.hub import Hub, HubModel, model
from tests.loopback.inference import Inference, Served
from tests.loopback.openai import OpenAI
from tests.loopback.server import Answer, Server

LLM, HUB = 0.5, 0.05
TEXT = "The sheep graze on the hill near the village and the farmer watches them until evening."


@dataclass(frozen=True)
class Step:
    task: str
    seconds: float
    after: int | None = None

    def planned(self, number: int) -> dict[str, Any]:
        text = TEXT if self.after is None else f"<resource>-{self.after}"
        args = {"text": text} | ({"target": "fr", "source": "en"} if self.task == "translation" else {})
        return {"task": self.task, "id": number, "dep": [-1 if self.after is None else self.after], "args": args}


@dataclass(frozen=True)
class Case:
    name: str
    bound: float
    steps: list[Step]
    allowed: float = 0.1
    """Seconds over the bound that are still good."""
    broken: Answer | None = None
    """What the first-ranked model of the first task does instead of its job."""

    @property
    def plan(self) -> str:
        return json.dumps({"tasks": [step.planned(number) for number, step in enumerate(self.steps)], "reply": None})


CASES = [
    Case("one task (.8)", 1.8, [Step("summarization", 0.8)]),
    Case("chain .4, 1.2, .6", 3.2, [Step("summarization", 0.4), Step("translation", 1.2, 0),
                                    Step("text-to-speech", 0.6, 1)]),
    Case("A .2 then B 1.0, beside C 1.0", 2.2, [Step("summarization", 0.2), Step("translation", 1.0, 0),
                                                Step("text-classification", 1.0)]),
    Case("6 independent, .4 to 1.2", 2.2, [
        Step("summarization", 0.4), Step("translation", 0.6), Step("text-classification", 0.8),
        Step("token-classification", 1.0), Step("text-to-speech", 1.2), Step("text-to-image", 0.5)]),
    Case("2 tasks (.7), one model answers 503", 1.7, [Step("summarization", 0.7), Step("translation", 0.7)], 0.2,
         Answer({"error": "overloaded"}, 503)),
    Case("2 tasks (.7), one model hangs for ever", 1.7, [Step("summarization", 0.7), Step("translation", 0.7)], 1.1,
         Answer(fault="hang")),
]


def served(case: Case) -> tuple[list[HubModel], dict[str, Served]]:
    """Three models for each task type: as slow as the case says, and 0.1 and 0.2 s less."""
    listed: list[HubModel] = []
    models: dict[str, Served] = {}
    for step in case.steps:
        for place, less in enumerate((0.0, 0.1, 0.2)):
            name = f"org{place}/{step.task}-{place}"
            broken = case.broken if place == 0 and step is case.steps[0] else None
            languages = ("en", "fr") if step.task == "translation" else ("en",)
            listed.append(model(name, step.task, downloads=1000 - place, likes=10, trending=1, languages=languages,
                                tags=("sentiment",) if step.task == "text-classification" else ()))
            models[name] = Served(step.task, broken, 0.0 if broken else max(step.seconds - less, 0.05))
    return listed, models


def settings_of(server: Server, folder: Path) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-benchmark", "OPENAI_BASE_URL": f"{server.url}/v1",
            "COMPEGPT_LLM": "openai:some-model",
            "HF_TOKEN": "hf_benchmark", "HF_ENDPOINT": server.url, "COMPEGPT_INFERENCE_URL": server.url,
            "COMPEGPT_EXPERTS": "hub", "COMPEGPT_DATA_DIR": str(folder), "HF_HUB_OFFLINE": "off"}


@dataclass(frozen=True)
class Turn:
    seconds: float
    llm: int
    models: int
    hub: int
    answered: bool


def counted(server: Server, since: int) -> tuple[int, int, int]:
    """Language model, model and hub requests after the first `since`."""
    paths = [asked.path for asked in server.requests[since:]]
    llm = sum(path.endswith("/chat/completions") for path in paths)
    hub = sum(path.startswith("/api/") for path in paths)
    return llm, len(paths) - llm - hub, hub


def cold(case: Case, server: Server) -> Turn:
    since = len(server.requests)
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **settings_of(server, Path(folder))}
        done = subprocess.run([sys.executable, str(ROOT / "main.py"), "--json", "--prompt", f"Do this: {TEXT}"],
                              capture_output=True, text=True, env=environ, cwd=folder, timeout=120, check=False)
    record = json.loads(done.stdout)
    good = len(record["results"]) == len(case.steps) and all(one["status"] == "ok" for one in record["results"])
    return Turn(record["usage"]["seconds"], *counted(server, since), good)


async def warm(case: Case, server: Server, runs: int) -> list[Turn]:
    from compegpt.events import Responded
    from compegpt.session import Session
    from compegpt.settings import Settings
    from compegpt.wiring import parts_from

    turns = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(environ=settings_of(server, Path(folder)), dotenv=None)
        async with Session(parts_from(settings)) as session:
            for run in range(runs + 1):
                since, start, good = len(server.requests), time.perf_counter(), False
                async for event in session.stream({"text": f"Do this: {TEXT}", "files": [], "thread": f"run-{run}"}):
                    if isinstance(event, Responded):
                        good = all(one["status"] == "ok" for one in event.turn["results"])
                turns.append(Turn(time.perf_counter() - start, *counted(server, since), good))
    return turns[1:]


def server_for(case: Case) -> Server:
    listed, models = served(case)

    def replies(chat: dict[str, Any]) -> str:
        return "Here is what came of it." if chat.get("stream") else case.plan

    return Server(Hub(listed, delay=HUB), OpenAI(replies, seconds=LLM), Inference(models))


def told(turns: list[Turn]) -> str:
    seconds = [turn.seconds for turn in turns]
    spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
    calls = sorted({(turn.llm, turn.models, turn.hub) for turn in turns})
    return f"{spread:18s} {' '.join('/'.join(map(str, one)) for one in calls):10s}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    runs = arguments.parse_args().runs
    print(f"seconds, median (range) of {runs}; LLM/model/hub requests\n"
          f"{'case':40s} bound  {'cold':29s} {'warm':29s}")
    for case in CASES:
        with server_for(case) as server:
            first = [cold(case, server) for _ in range(runs)]
            later = asyncio.run(warm(case, server, runs))
        whole = all(turn.answered for turn in [*first, *later])
        within = all(statistics.median([turn.seconds for turn in turns]) <= case.bound + case.allowed
                     for turns in (first, later))
        print(f"{case.name:40s} {case.bound:.1f}    {told(first)} {told(later)}"
              f" {'' if whole else 'NOT ANSWERED '}{'' if within else 'OVER THE BOUND'}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
