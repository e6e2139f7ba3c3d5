"""Providers that answer with a link, or with a job to ask after: waited for and fetched without holding up the loop.

The library's own helpers sleep and download in blocking calls, and fetch whatever address the answer names.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from compegpt.errors import ExpertError, ExpertUnavailable
from compegpt.sources.hub import connection, faults
from compegpt.sources.hub.model import Reach

INTERVAL = 0.5
"""Seconds between two questions after a job."""

Json = Any


@dataclass(frozen=True)
class Job:
    link: Callable[[Json], Any]
    """Where the finished file lies."""
    ask: Callable[[str, Json], str] | None = None
    """The address to ask after it, of where it was posted and the first answer; None where that has the link."""
    state: Callable[[Json], Any] = lambda answer: "COMPLETED"
    result: Callable[[str], str] | None = None
    """The address of the result, of that asked at, where the last state does not hold it."""


_DONE = {"COMPLETED", "completed", "SUCCESS", "succeeded"}
_FAILED = {"failed", "FAIL", "FAILED", "canceled", "cancelled", "expired", "ERROR"}


def _fal_status(posted: str, first: Json) -> str:
    address, _, query = posted.partition("?")
    place = urlsplit(str(first["response_url"])).path
    return f"{address.split('/fal-ai/', 1)[0]}/fal-ai{place}/status" + (f"?{query}" if query else "")


def _fal_queue(link: Callable[[Json], Any]) -> Job:
    return Job(link, _fal_status, lambda answer: answer.get("status"),
               lambda asked: "".join(asked.rsplit("/status", 1)))


def _first_output(answer: Json) -> Any:
    if answer.get("output") is None:
        raise ExpertUnavailable("It is starting up and gave nothing yet; try again.")
    return answer["output"] if isinstance(answer["output"], str) else answer["output"][0]


_WAVESPEED = Job(lambda answer: answer["data"]["outputs"][0],
                 lambda posted, first: posted.split("/wavespeed/", 1)[0] + "/wavespeed"
                 + urlsplit(str(first["data"]["urls"]["get"])).path,
                 lambda answer: answer["data"].get("status"))
_TOGETHER_VIDEO = Job(lambda answer: answer["outputs"]["video_url"], lambda posted, first: f"{posted}/{first['id']}",
                      lambda answer: answer.get("status"))
_REPLICATE = Job(_first_output)

JOBS: dict[tuple[str, str], Job] = {
    ("fal-ai", "text-to-image"): Job(lambda answer: answer["images"][0]["url"]),
    ("fal-ai", "text-to-speech"): Job(lambda answer: answer["audio"]["url"]),
    ("fal-ai", "image-to-image"): _fal_queue(lambda answer: answer["images"][0]["url"]),
    ("fal-ai", "image-segmentation"): _fal_queue(lambda answer: answer["image"]["url"]),
    ("fal-ai", "text-to-video"): _fal_queue(lambda answer: answer["video"]["url"]),
    ("fal-ai", "image-to-video"): _fal_queue(lambda answer: answer["video"]["url"]),
    **{("wavespeed", task): _WAVESPEED
       for task in ("text-to-image", "image-to-image", "text-to-video", "image-to-video")},
    **{("replicate", task): _REPLICATE
       for task in ("text-to-image", "image-to-image", "text-to-speech", "text-to-video")},
    ("together", "text-to-video"): _TOGETHER_VIDEO, ("together", "image-to-video"): _TOGETHER_VIDEO,
    ("novita", "text-to-video"): Job(lambda answer: answer["video"]["video_url"]),
    ("zai-org", "text-to-image"): Job(
        lambda answer: answer["image_result"][0]["url"],
        lambda posted, first: posted.split("/async/images/", 1)[0] + f"/async-result/{first['id']}",
        lambda answer: answer.get("task_status")),
}
"""(provider, task in the client's words)."""

BLOCKING = {("replicate", "automatic-speech-recognition")}
"""Helpers that may download while they read an answer, and are not worth a row: not called."""


async def finished(job: Job, posted: str, content: bytes, reach: Reach, name: str) -> bytes:
    """The file that a job made, given where it was posted and the first answer."""
    answer = json.loads(content)
    if job.ask is not None:
        address = job.ask(posted, answer)
        while (state := job.state(answer)) not in _DONE:
            if state in _FAILED:
                raise ExpertError(f"{name} failed: {faults.redacted(json.dumps(answer), reach.token)}.")
            await asyncio.sleep(INTERVAL)
            answer = await _asked(address, reach, name)
        if job.result is not None:
            answer = await _asked(job.result(address), reach, name)
    return await fetched(str(job.link(answer)), reach, name)


async def _asked(address: str, reach: Reach, name: str) -> Json:
    if urlsplit(address)[:2] != urlsplit(reach.base)[:2]:
        raise ExpertError(f"{name} asks to be asked at another server, which is not done.")
    headers = {key: value for key, value in connection.authorization(reach).items() if value}
    answer = await connection.received("GET", address, headers)
    return _checked(answer).json()


async def fetched(link: str, reach: Reach, name: str) -> bytes:
    """What lies at a link that an answer named, without any token.

    Only from the base itself or from public addresses by https; each redirect is checked again.
    """
    if link.startswith("data:"):
        return base64.b64decode(link.partition(",")[2], validate=True)
    for _ in range(4):
        await _check_public(link, reach, name)
        answer = await connection.received("GET", link, {}, follow_redirects=False)
        if not answer.has_redirect_location:
            return bytes(_checked(answer).content)
        link = urljoin(link, answer.headers["location"])
    raise ExpertError(f"{name} gave a link that leads in a circle.")


def _checked(answer: Any) -> Any:
    if answer.is_error:
        raise faults.Refused(answer)
    return answer


async def _check_public(link: str, reach: Reach, name: str) -> None:
    parts = urlsplit(link)
    if parts[:2] == urlsplit(reach.base)[:2]:
        return
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 443)
        if all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found):
            return
    raise ExpertError(f"{name} gave a link to a place that is not public, which is not followed.")


def mapping(provider: str, model: str, provider_model: str, task: str) -> None:
    """Tell the client which id a model has at a provider, so that it does not ask the Hub."""
    from huggingface_hub.hf_api import InferenceProviderMapping
    from huggingface_hub.inference._providers._common import HARDCODED_MODEL_INFERENCE_MAPPING as KNOWN

    KNOWN.setdefault(provider, {})[model] = InferenceProviderMapping(  # type: ignore[no-untyped-call]
        provider=provider, hf_model_id=model, providerId=provider_model, status="live", task=task)


def serves(provider: str, task: str) -> bool:
    """Whether a provider can be called for a task (in the client's words)."""
    from huggingface_hub.inference._providers import PROVIDERS

    helpers: Mapping[str, Mapping[str, Any]] = dict(PROVIDERS)  # type: ignore[arg-type]
    return task in helpers.get(provider, {}) and (provider, task) not in BLOCKING and provider != "openai"
