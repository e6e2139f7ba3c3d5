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
import io
import itertools
import math
import shutil
import struct
import subprocess
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.loopback.server import Answer, Asked

ROOTS = ("/hf-inference/models/", "/models/")


@dataclass(frozen=True)
class Served:
    """What one model answers: an Answer, anything JSON or bytes, or a function of the request; None for the canned."""

    task: str
    """In the client's words (`conversational`, `text-to-image`, ...)."""
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
        return max(fits, key=len) if fits else next((name for name in [_body(asked).get("model")]
                                                     if name in self._models), None)

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


def chat(text: str, model: str = "model", finish: str = "stop") -> dict[str, Any]:
    """A chat completion in OpenAI's form."""
    return {"id": "1", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}


@cache
def picture(width: int = 96, height: int = 64) -> bytes:
    """A PNG with a disc on a ground of two colours."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), (40, 90, 160))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(90, 160, 60))
    draw.ellipse((width // 4, height // 4, width // 2, height // 2), fill=(240, 200, 40))
    return _png(image)


@cache
def mask(width: int = 96, height: int = 64, right: bool = False) -> str:
    """A black and white PNG in base64, white in its left or right half."""
    from PIL import Image

    image = Image.new("L", (width, height))
    image.paste(255, (width // 2 if right else 0, 0, width if right else width // 2, height))
    return base64.b64encode(_png(image)).decode()


def _png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@cache
def tone(seconds: float = 1.0, rate: int = 16_000) -> bytes:
    """A WAV of a note of 440 Hz."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", int(9_000 * math.sin(2 * math.pi * 440 * i / rate)))
                                  for i in range(int(seconds * rate))))
    return buffer.getvalue()


@cache
def clip() -> bytes:
    """An MP4 of one second; only its head where ffmpeg is not there."""
    program = shutil.which("ffmpeg")
    if program is None:
        return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free"
    made = subprocess.run([program, "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=96x64:rate=8",
                           "-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"],
                          capture_output=True, check=True)
    return made.stdout


def _ranked(body: dict[str, Any]) -> list[dict[str, Any]]:
    labels = body.get("parameters", {}).get("candidate_labels", [])
    weights = [0.5**rank for rank in range(1, len(labels) + 1)]
    return [{"label": label, "score": weight / sum(weights)} for label, weight in zip(labels, weights, strict=True)]


def _generated(body: dict[str, Any]) -> list[dict[str, str]]:
    return [{"generated_text": f"{body.get('inputs', '')} and they lived happily."}]


_BOX = {"xmin": 24, "ymin": 16, "xmax": 48, "ymax": 32}
CANNED: dict[str, Any] = {
    "fill-mask": [{"score": 0.7, "token": 1, "token_str": " Paris", "sequence": "Paris is it"},
                  {"score": 0.2, "token": 2, "token_str": " Lyon", "sequence": "Lyon is it"}],
    "text-classification": [[{"label": "POSITIVE", "score": 0.98}, {"label": "NEGATIVE", "score": 0.02}]],
    "token-classification": [{"entity_group": "PER", "score": 0.99, "word": "Ada", "start": 0, "end": 3}],
    "zero-shot-classification": _ranked,
    "summarization": [{"summary_text": "It is short."}],
    "translation": [{"translation_text": "Guten Tag."}],
    "question-answering": {"answer": "in 1843", "score": 0.9, "start": 5, "end": 12},
    "text-generation": _generated, "text2text-generation": _generated,
    "sentence-similarity": [0.83],
    "feature-extraction": [[0.6, 0.8, 0.0]],
    "table-question-answering": {"answer": "SUM > 3, 4", "coordinates": [[0, 1], [1, 1]], "cells": ["3", "4"],
                                 "aggregator": "SUM"},
    "tabular-classification": ["good", "bad", "good"],
    "image-classification": [{"label": "tabby, tabby cat", "score": 0.8}, {"label": "lynx", "score": 0.1}],
    "zero-shot-image-classification": _ranked,
    "object-detection": [{"label": "sun", "score": 0.93, "box": _BOX},
                         {"label": "field", "score": 0.99, "box": {"xmin": 0, "ymin": 32, "xmax": 96, "ymax": 64}}],
    "zero-shot-object-detection": [{"label": "sun", "score": 0.6, "box": _BOX}],
    "image-segmentation": [{"label": "left", "score": 0.9, "mask": mask()},
                           {"label": "right", "score": 0.8, "mask": mask(right=True)}],
    "image-to-text": [{"generated_text": "a cat on a mat"}],
    "visual-question-answering": [{"answer": "two", "score": 0.7}, {"answer": "three", "score": 0.2}],
    "document-question-answering": [{"answer": "42.00 EUR", "score": 0.8, "start": 3, "end": 4}],
    "depth-estimation": lambda body: picture(),
    "image-to-image": lambda body: picture(), "text-to-image": lambda body: picture(),
    "text-to-speech": lambda body: tone(), "text-to-audio": lambda body: tone(),
    "text-to-video": lambda body: clip(), "image-to-video": lambda body: clip(),
    "automatic-speech-recognition": {"text": " hello world"},
    "audio-to-audio": lambda body: [{"label": "clean", "content-type": "audio/wav",
                                     "blob": base64.b64encode(tone()).decode()}],
    "audio-classification": [{"label": "music", "score": 0.9}, {"label": "speech", "score": 0.1}],
    "conversational": chat("A cat sits on a mat."),
}
"""Per task: the JSON, or what makes it of the request's JSON body."""
