"""Inference over HTTP as hf-inference and the providers behind its router speak it, for a `Server` on loopback.

    models = {"acme/detr": Served("object-detection", delay=0.8),
              "acme/bart": Served("summarization", {"summary_text": "Short."}),
              "acme/down": Served("translation", Answer({"error": "overloaded"}, 503)),
              "acme/odd": Served("fill-mask", lambda asked: Answer([], headers={"x-seen": asked.path}))}
    with Server(Inference(models)) as server:
        ...  # base address: server.url

Answers at /hf-inference/models/ID and /models/ID (also below: /pipeline/TASK, /v1/chat/completions), and for the
providers at /PROVIDER/..., where the key is the model's id at that provider. Without an answer of its own a model
gives the canned right one of its task. `roots` says which of the layouts the server has.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.loopback.canned import CANNED, chat, clip, picture, tone
from tests.loopback.server import Answer, Asked

ROOTS = ("/hf-inference/models/", "/models/")


@dataclass(frozen=True)
class Served:
    """What one model answers: an Answer, anything JSON or bytes, or a function of the request; None for the canned."""

    task: str
    """A key of CANNED: in the client's words (`conversational`, `text-to-image`, ...), or one of ours."""
    answer: Any = None
    delay: float = 0.0
    """Seconds."""


class Inference:
    """A handler; state is kept for jobs that are asked for more than once."""

    def __init__(self, models: Mapping[str, Served], roots: Sequence[str] = ROOTS) -> None:
        self._models, self._roots = models, tuple(roots)
        self._jobs: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def __call__(self, asked: Asked) -> Answer | None:
        if asked.method == "GET":
            return self._file(asked) or self._progress(asked)
        name = self._named(asked)
        if name is None:
            return None
        served = self._models[name]
        answer = served.answer(asked) if callable(served.answer) else served.answer
        if answer is None:
            provider = asked.path.split("/")[1]
            routed = provider not in ("hf-inference", "models")
            answer = self._through(provider, served, asked) if routed else canned(served.task, asked)
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        return answer if answer.delay else Answer(**{**vars(answer), "delay": served.delay})

    def _named(self, asked: Asked) -> str | None:
        root = next((root for root in self._roots if asked.path.startswith(root)), None)
        if root is None and asked.path.startswith(ROOTS):
            return None
        place = asked.path.removeprefix(root) if root else asked.path
        fits = [name for name in self._models if place == name or place.startswith(f"{name}/") or f"/{name}" in place]
        fits = fits or [name for name in self._models
                        if _body(asked).get("model") == name or f"\r\n\r\n{name}\r\n".encode() in asked.body]
        return max(fits, key=len, default=None)

    def _file(self, asked: Asked) -> Answer | None:
        if not asked.path.startswith("/files/"):
            return None
        return Answer({"image": picture, "audio": tone, "video": clip}[asked.path.split("/")[2]]())

    def _through(self, provider: str, served: Served, asked: Asked) -> Any:
        """The answer in the form of a third-party provider."""
        kind = {"text-to-image": "image", "image-to-image": "image", "image-segmentation": "image",
                "text-to-speech": "audio", "text-to-video": "video", "image-to-video": "video"}.get(served.task)
        if kind is None or provider == "deepinfra":
            return canned(served.task, asked)
        link = f"http://{asked.headers['host']}/files/{kind}"
        job = str(next(self._numbers))
        self._jobs[job] = link
        form = _FORMS[(provider, kind) if (provider, kind) in _FORMS else (provider, "")]
        return form(link, job, asked)

    def _progress(self, asked: Asked) -> Answer | None:
        """A job is at work when asked for the first time, and done from then on."""
        provider, place = asked.path.split("/")[1], asked.path.removesuffix("/status").removesuffix("/result")
        job = place.rsplit("/", 1)[-1]
        if job not in self._jobs or provider not in _DONE:
            return None
        if asked.path.endswith("/status") and provider == "fal-ai":
            return Answer({"status": self._step(job, "IN_PROGRESS", "COMPLETED")})
        return Answer(_DONE[provider](self._jobs[job], self._step(job, "at work", "done") == "done"))

    def _step(self, job: str, first: str, then: str) -> str:
        seen = f"{job} seen"
        state = then if seen in self._jobs else first
        self._jobs[seen] = ""
        return state


def _body(asked: Asked) -> dict[str, Any]:
    try:
        body = asked.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _encoded(link: str) -> str:
    return base64.b64encode({"image": picture, "audio": tone, "video": clip}[link.rsplit("/", 1)[1]]()).decode()


_FORMS: dict[tuple[str, str], Callable[[str, str, Asked], Any]] = {
    ("fal-ai", "image"): lambda link, job, asked: {"images": [{"url": link}]} if "_subdomain" not in asked.query
    else _FORMS["fal-ai", "video"](link, job, asked),
    ("fal-ai", "audio"): lambda link, job, asked: {"audio": {"url": link}},
    ("fal-ai", "video"): lambda link, job, asked: {
        "request_id": job, "status": "IN_QUEUE",
        "response_url": f"https://queue.example{asked.path.removeprefix('/fal-ai')}/requests/{job}"},
    ("together", "image"): lambda link, job, asked: {"data": [{"b64_json": _encoded(link)}]},
    ("together", "audio"): lambda link, job, asked: tone(),
    ("together", "video"): lambda link, job, asked: {"id": job, "status": "queued"},
    ("nscale", ""): lambda link, job, asked: {"data": [{"b64_json": _encoded(link)}]},
    ("replicate", ""): lambda link, job, asked: {"output": [link]},
    ("novita", ""): lambda link, job, asked: {"video": {"video_url": link}},
    ("wavespeed", ""): lambda link, job, asked: {
        "data": {"status": "created", "urls": {"get": f"https://api.example/api/v3/predictions/{job}/result"}}},
    ("zai-org", ""): lambda link, job, asked: {"id": job, "task_status": "PROCESSING"},
}
"""First answer of (provider, kind)."""

_DONE: dict[str, Callable[[str, bool], Any]] = {
    "fal-ai": lambda link, done: {"images": [{"url": link}], "video": {"url": link}, "image": {"url": link}},
    "together": lambda link, done: {"status": "completed" if done else "in_progress", "outputs": {"video_url": link}},
    "wavespeed": lambda link, done: {"data": {"status": "completed" if done else "processing", "outputs": [link]}},
    "zai-org": lambda link, done: {"task_status": "SUCCESS" if done else "PROCESSING", "image_result": [{"url": link}]},
}
"""What a job says when it is asked after."""


def canned(task: str, asked: Asked) -> Any:
    """The right answer of hf-inference for a task, in the shape it really has."""
    if asked.path.endswith("/chat/completions"):
        return chat("A cat sits on a mat.", str(_body(asked).get("model")))
    if asked.path.endswith("/v1/completions"):
        return {"choices": [{"text": "once upon a time", "finish_reason": "stop"}]}
    made = CANNED[task]
    return made(_body(asked)) if callable(made) else made
