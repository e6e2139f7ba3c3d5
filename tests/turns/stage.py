"""A stage for whole turns: one loopback server with the Hub, a language model and inference; the real clients on it.

    async with stage(tmp_path, plan(step("summarization", text="...")), "It is short.",
                     models=models("summarization", "a", "b")) as on:
        turned = await on.turn("Sum this up: ...")
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from compegpt.events import Event, Noticed, Responded, Selected, Wrote
from compegpt.schema import Candidate, Result
from compegpt.session import Session
from compegpt.wiring import Parts, parts_from
from tests.fakes import settings
from tests.loopback.hub import Hub, HubModel, model
from tests.loopback.inference import Inference, Served
from tests.loopback.openai import OpenAI, Reply
from tests.loopback.server import Handler, Server

TEXT = "The sheep graze on the hill near the village and the farmer watches them until evening."
KEY, TOKEN = "sk-canary-4e1fa90b7c", "hf_canary_93d05be81a"
_TO_SERVER: dict[str, Any] = {
    "openai_base_url": "{url}/v1", "openai_api_key": KEY, "llm": "openai:some-model", "hf_token": TOKEN,
    "hf_endpoint": "{url}", "inference_url": "{url}", "experts": "hub",
    "planner": "llm"}


@dataclass(frozen=True)
class Model:
    """A model of the Hub, and what it answers."""

    listed: HubModel
    served: Served

    @property
    def expert(self) -> str:
        return f"hub:{self.listed.id}"


def models(tag: str, *answers: Any, name: str | None = None, task: str | None = None, delay: float = 0.0,
           **listed: Any) -> list[Model]:
    """One model of this pipeline tag for each answer, the first ranked first; None for the canned right answer.

    `name` is what their ids say they are made for; `task` is what providers serve them for, the tag where it is None.
    """
    return [Model(model(f"org{place}/{name or tag}-{place}", tag, downloads=1000 - place, likes=10, trending=1,
                        task=task, **listed), Served(task or tag, answer, delay))
            for place, answer in enumerate(answers)]


def step(task: str, number: int = 0, dep: Sequence[int] = (-1,), **args: Any) -> dict[str, Any]:
    return {"task": task, "id": number, "dep": list(dep), "args": args}


def plan(*steps: dict[str, Any], reply: str | None = None) -> str:
    """A plan as the language model writes it."""
    return json.dumps({"tasks": steps, "reply": reply})


@dataclass(frozen=True)
class Turned:
    """What came of a turn."""

    events: list[Event]

    @property
    def last(self) -> Responded:
        assert isinstance(self.events[-1], Responded)
        return self.events[-1]

    @property
    def results(self) -> list[Result]:
        return self.last.turn["results"]

    @property
    def answer(self) -> str:
        return self.last.turn["answer"]

    @property
    def spoken(self) -> list[str]:
        """The answer's pieces."""
        return [event.text for event in self.events if isinstance(event, Wrote)]

    @property
    def notices(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Noticed))

    def selected(self, number: int = 0) -> Selected:
        return next(event for event in self.events if isinstance(event, Selected) and event.task["id"] == number)

    def candidates(self, number: int = 0) -> dict[str, Candidate]:
        """The candidates of a task by the expert's id."""
        result = next(result for result in self.results if result["id"] == number)
        return {one["expert"]: one for one in result["candidates"]}


@dataclass(frozen=True)
class Stage:
    server: Server
    llm: OpenAI
    parts: Parts
    session: Session

    async def turn(self, text: str, *files: str | Path, thread: str = "t") -> Turned:
        given = [str(file) for file in files]
        return Turned([event async for event in self.session.stream({"text": text, "files": given, "thread": thread})])

    def calls(self, of: Model) -> int:
        """How often a model was called."""
        return len(self.server.asked(f"/models/{of.listed.id}")) - len(self.server.asked(f"/api/models/{of.listed.id}"))


@contextlib.asynccontextmanager
async def stage(folder: Path, *replies: Reply, models: Sequence[Model] = (), front: Sequence[Handler] = (),
                fake: OpenAI | None = None, around: Callable[[Handler], Handler] = lambda handler: handler,
                files: Mapping[str, str] | None = None, **flags: Any) -> AsyncIterator[Stage]:
    """A session whose language model gives these replies and whose hub has these models.

    `fake` takes the place of one with these replies; `front` handlers are asked before all others, `around` is put
    around each; `files` are for the data directory; flags are settings over those that lead to the server. {url} in
    files and flags stands for the server's address.
    """
    fake = fake or OpenAI(*replies)
    with online(), _quick(), server_of(fake, models, front) as server:
        server.handlers[:] = map(around, server.handlers)
        for name, content in (files or {}).items():
            (folder / "data").mkdir(exist_ok=True)
            (folder / "data" / name).write_text(content.replace("{url}", server.url))
        flags = {name: value.replace("{url}", server.url) if isinstance(value, str) else value
                 for name, value in (_TO_SERVER | flags).items()}
        made = parts_from(settings(folder / "data", **flags))
        async with Session(made) as session:
            yield Stage(server, fake, made, session)


def server_of(llm: OpenAI, models: Sequence[Model], front: Sequence[Handler] = ()) -> Server:
    """The language model comes last: it answers any address that ends in /models or /chat/completions."""
    return Server(*front, Hub([one.listed for one in models]),
                  Inference({one.listed.id: one.served for one in models}), llm)


def environ_of(server: Server, data_dir: Path) -> dict[str, str]:
    """The environment in which a command line reaches the server."""
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{server.url}/v1", "COMPEGPT_LLM": "openai:some-model",
            "COMPEGPT_PLANNER": "llm",
            "HF_TOKEN": TOKEN, "HF_ENDPOINT": server.url, "COMPEGPT_INFERENCE_URL": server.url,
            "COMPEGPT_EXPERTS": "hub", "COMPEGPT_DATA_DIR": str(data_dir), "HF_HUB_OFFLINE": "off"}


@contextlib.contextmanager
def _quick() -> Iterator[None]:
    """Short pauses between tries, where the server names none."""
    with mock.patch("compegpt.execute.branch.PAUSE", 0.05), mock.patch("compegpt.llm.remote.PAUSE", 0.02):
        yield


@contextlib.contextmanager
def online() -> Iterator[None]:
    """huggingface_hub reads HF_HUB_OFFLINE when it is imported; what the settings export is taken back."""
    from huggingface_hub import close_session, constants

    with mock.patch.dict(os.environ), mock.patch.object(constants, "HF_HUB_OFFLINE", False):
        yield
    close_session()
