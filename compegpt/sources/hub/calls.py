"""One call of one model of the Hub: which provider and way, the client's own method, our output or our error."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import urlsplit

from compegpt.errors import CompeGPTError, ExpertError, ExpertGone, ExpertTimeout, InputError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub import bodies, connection, faults, jobs
from compegpt.sources.hub.model import ROUTER, Model, Provider, Reach
from compegpt.sources.hub.rows import WAYS, Asked, Given, Way
from compegpt.tasks import TASKS
from compegpt.threads import in_thread

_AT_PIPELINE = ("feature-extraction", "sentence-similarity")
"""Tasks of hf-inference whose name is part of the address, since one model serves several."""
_NEVER_SERVED = ("text-to-video", "image-to-video")
"""Tasks the client refuses to send to hf-inference; a private server or an endpoint may well do them."""
_FILES_BACK = ("depth-estimation", "image-to-image", "text-to-image", "text-to-speech", "text-to-audio", *_NEVER_SERVED)
"""What is answered with the bytes of a file, as a rule."""
_MISREAD = (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError, SyntaxError)
"""What the client raises where it cannot read an answer."""
_HEAVY = ("image", "audio", "video")
_MASKS = ("[MASK]", "<mask>")


def can(task: str) -> bool:
    """Whether models of the Hub can be called for this task type at all."""
    return task in WAYS


def callable_by(provider: Provider, task: str) -> bool:
    """Whether this provider of a model can be called for our task type."""
    return _way(provider, task) is not None


async def call(model: Model, task: str, args: Mapping[str, Any], store: Store, reach: Reach) -> Finding:
    """One call, once, within `reach.seconds`.

    A model with no list of providers is called at hf-inference; one whose id is a URL at that address and nowhere else.
    Raises ExpertError and its kinds, AuthenticationError, InputError or ConfigurationError; never shows the token.
    """
    name = urlsplit(model.id).hostname or model.id if _is_endpoint(model) else model.id
    try:
        async with asyncio.timeout(reach.seconds):
            return await _with_its_mask(model, task, args, store, reach)
    except TimeoutError as error:
        raise ExpertTimeout(f"{name} gave no answer within {reach.seconds:.0f} s.") from error
    except faults.raised() as error:
        raise faults.mended(error, name, reach.token) from None  # its cause may quote the token


async def _with_its_mask(model: Model, task: str, args: Mapping[str, Any], store: Store, reach: Reach) -> Finding:
    """The call; a model that says it has another mask than the text is given its own."""
    try:
        return await _called(model, task, args, store, reach)
    except faults.raised() as error:
        said, text = str(error), str(args.get("text", ""))
        own = next((mask for mask in _MASKS if mask in said and mask not in text), None)
        other = next((mask for mask in _MASKS if mask in text), None)
        if task != "fill-mask" or own is None or other is None:
            raise
    return await _called(model, task, {**args, "text": text.replace(other, own)}, store, reach)


async def _called(model: Model, task: str, args: Mapping[str, Any], store: Store, reach: Reach) -> Finding:
    provider, way = _chosen(model, task, reach)
    heavy = any(kind in _HEAVY for kind in TASKS[task].args.values()) or TASKS[task].output in _HEAVY
    positional, named = await _given(way, args, model, heavy)
    asked = Asked(task, args, model, store)
    try:
        answer = await _sent(model, provider, way, positional, named, reach)
    except faults.raised() as error:
        chat = _chat_instead(model, task, way, error)
        if chat is None:
            raise
        way, (positional, named) = chat, await _given(chat, args, model, heavy)
        answer = await _sent(model, provider, way, positional, named, reach)
    return await in_thread(way.read, answer, asked) if heavy else way.read(answer, asked)


async def _given(way: Way, args: Mapping[str, Any], model: Model, heavy: bool) -> Given:
    """What is sent. Raises InputError where a file cannot be read."""
    try:
        return await in_thread(way.given, args, model) if heavy else way.given(args, model)
    except OSError as error:
        raise InputError(f"The file to work on cannot be read ({error.strerror or error}); give it again.") from error


def _chosen(model: Model, task: str, reach: Reach) -> tuple[Provider, Way]:
    """Who is called, and how. Raises ExpertGone where nobody serves the model for this task type."""
    if task not in WAYS:
        raise ExpertGone(f"No model of the Hub can be called for {task}.")
    if _is_endpoint(model):
        return Provider("endpoint", model.providers[0].model if model.providers else "", ""), _of_endpoint(model, task)
    if model.providers is None or (not model.providers and reach.base != ROUTER):
        way = next((way for way in WAYS[task] if model.tag in way.serves), WAYS[task][0])
        return Provider("hf-inference", model.id, way.task), way
    live = [provider for provider in model.providers if provider.status == "live"]
    for provider in live:
        if (found := _way(provider, task)) is not None:
            return provider, found
    if reach.base != ROUTER and (own := next((one for one in live if one.name == "hf-inference"), None)) is not None:
        return own, next((way for way in WAYS[task] if model.tag in way.serves), WAYS[task][0])
    raise ExpertGone(f"No provider serves {model.id} for {task} now.")


def _way(provider: Provider, task: str) -> Way | None:
    for way in WAYS.get(task, ()):
        routed = way.chat or provider.task == way.task
        if provider.task in way.serves and (provider.name == "hf-inference"
                                            or (routed and jobs.serves(provider.name, way.task))):
            return way
    return None


def _of_endpoint(model: Model, task: str) -> Way:
    """By chat where the address or the tag says so."""
    path = urlsplit(model.id).path.rstrip("/")
    says_chat = path.endswith(("/v1", "/chat/completions")) or model.tag in ("conversational", "image-text-to-text")
    ways = [way for way in WAYS[task] if way.chat == says_chat] or [*WAYS[task]]
    if says_chat and not ways[0].chat:
        raise ExpertGone(f"A chat endpoint cannot be called for {task}.")
    return ways[0]


def _chat_instead(model: Model, task: str, way: Way, error: Exception) -> Way | None:
    """Chat, where an endpoint of the user's own does not know the address of text generation."""
    if way.chat or not _is_endpoint(model) or not isinstance(faults.mended(error, model.id), ExpertGone):
        return None
    return next((other for other in WAYS[task] if other.chat), None)


async def _sent(model: Model, provider: Provider, way: Way, positional: tuple[Any, ...], named: dict[str, Any],
                reach: Reach) -> Any:
    """The answer as parsed JSON or bytes; where a third party gave it, as the client reads that one's form."""
    if provider.name in ("hf-inference", "endpoint"):
        return bodies.result(await _direct(model, provider, way, positional, named, reach), way.task in _FILES_BACK)
    jobs.mapping(provider.name, model.id, provider.model, way.task)
    client = connection.client(reach, provider=provider.name)
    job = jobs.JOBS.get((provider.name, way.task))
    if job is None:
        return await _read_by(client, getattr(client, way.method or "")(*positional, model=model.id, **named), reach)
    posted, content = await client.job(way.task, positional[0], named, model.id)
    made = await jobs.finished(job, posted, content, reach, model.id)
    return [{"label": "mask", "mask": made}] if way.task == "image-segmentation" else made


async def _read_by(client: Any, asked: Awaitable[Any], reach: Reach) -> Any:
    """What the client makes of an answer. Raises ExpertError where it can make nothing of it."""
    seen: list[bytes] = []
    post = client._inner_post

    async def posted(request: Any, **more: Any) -> bytes:
        seen.append(bodies.checked(await post(request, **more), reach.token))
        return seen[-1]

    client._inner_post = posted
    try:
        return await asked
    except CompeGPTError:
        raise
    except _MISREAD as error:
        if not seen:
            raise  # nothing has been answered
        raise ExpertError(f"Its answer is {bodies.described(seen[-1])}, not a result.") from error


async def _direct(model: Model, provider: Provider, way: Way, positional: tuple[Any, ...], named: dict[str, Any],
                  reach: Reach) -> bytes:
    """The body from an address of our own making, for which the client asks no Hub."""
    endpoint = _is_endpoint(model)
    address = model.id if endpoint else f"{reach.base}/hf-inference/models/{model.id}"
    client = connection.client(connection.for_endpoint(reach, address) if endpoint else reach,
                               address if endpoint else None)
    client.model = address
    if way.method is None or way.task in _NEVER_SERVED:
        return bodies.checked(await _posted(client, way, address, positional[0], named), reach.token)
    if way.chat:
        named = {**named, "model": (provider.model or None) if endpoint else model.id}
    elif not endpoint and way.task in _AT_PIPELINE:
        named = {**named, "model": f"{address}/pipeline/{way.task}"}
    return bodies.checked(await _body(client, way.method, positional, named), reach.token)


class _Answered(Exception):
    """Leaves the client's method with the body, before it reads one form of several and drops the rest."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content


async def _body(client: Any, method: str, positional: tuple[Any, ...], named: dict[str, Any]) -> bytes:
    """The raw answer to what the client's own method asks."""
    post = client._inner_post

    async def posted(request: Any, **more: Any) -> None:
        raise _Answered(await post(request, **more))

    client._inner_post = posted
    try:
        await getattr(client, method)(*positional, **named)
    except _Answered as answered:
        return answered.content
    raise ExpertError(f"The client's {method} asked nobody.")


async def _posted(client: Any, way: Way, address: str, given: str | bytes, parameters: dict[str, Any]) -> bytes:
    """The raw answer for a task the client has no method for: bytes alone are sent, or base64 or text in JSON beside
    parameters."""
    from huggingface_hub.inference._common import RequestParameters

    encoded = given if isinstance(given, str) else base64.b64encode(given).decode()
    alone = isinstance(given, bytes) and not parameters
    body = None if alone else {"inputs": encoded, **({"parameters": parameters} if parameters else {})}
    kind = (getattr(given, "mime_type", None) or "application/octet-stream") if alone else "application/json"
    headers = {name: value for name, value in client.headers.items() if value}
    content: bytes = await client._inner_post(RequestParameters(
        url=address, task=way.task, model=None, json=body, data=given if isinstance(given, bytes) and alone else None,
        headers={**headers, "content-type": kind}))
    return content


def _is_endpoint(model: Model) -> bool:
    return model.id.startswith(("http://", "https://"))
