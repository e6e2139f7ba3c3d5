"""How requests get out: one pool of connections per event loop, the hub's client on top of it, nothing sent astray.

The library's client opens a pool of its own per client, refuses to work offline even with a server near, reads answers
without a limit, and sends a token that does not begin with `hf_` straight to a third party. So it gets our pool, every
request goes below `Reach.base` (or to the user's own endpoint), and the token travels as a header that we set.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import urlsplit

from compegpt.errors import ConfigurationError, ExpertError
from compegpt.sources.hub import faults
from compegpt.sources.hub.model import ROUTER, Reach

MOST_BYTES = 500_000_000
"""Of one answer."""
SECONDS_TO_CONNECT = 10.0
_PLACEHOLDER = "hf_set_by_header"
"""In the token's place: it makes the client take the route through the router."""
_HUB_HOSTS = (".huggingface.co", ".huggingface.cloud")
_ROOT, _PLAIN = "/hf-inference/models/", "/models/"

Pool = Any
"""httpx.AsyncClient; not imported here, so that this module stays light."""

_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[AsyncGenerator[Pool, None], Pool]]
_pools = weakref.WeakKeyDictionary()
_layouts: dict[str, str] = {}
"""Base address -> path before a model's id, once an answer has come from there."""


def client(reach: Reach, endpoint: str | None = None, provider: str = "hf-inference") -> Any:
    """An AsyncInferenceClient that sends to `reach.base`, or to the user's own `endpoint` only. Costs microseconds."""
    made = _client_class()(provider=provider, model=endpoint, token=_PLACEHOLDER, headers=authorization(reach))
    made.base, made.endpoint = reach.base, endpoint
    return made


def authorization(reach: Reach) -> dict[str, str | None]:
    """The header with the token; without one it is None, or the client would look for a token on this machine.

    Raises ConfigurationError for what cannot be a token: the libraries would quote it.
    """
    if reach.token and not (reach.token.isascii() and reach.token.isprintable() and " " not in reach.token):
        raise ConfigurationError("The token holds characters that no token has; set HF_TOKEN to it once more.")
    return {"authorization": f"Bearer {reach.token}" if reach.token else None}


def for_endpoint(reach: Reach, address: str) -> Reach:
    """How an endpoint of the user's own is reached: a token of the Hub goes to the Hub's own hosts only, any other
    token was given for this endpoint."""
    parts = urlsplit(address)
    trusted = parts.scheme == "https" and f".{parts.hostname}".endswith(_HUB_HOSTS)
    foreign = (reach.token or "").startswith("hf_") and not trusted and parts[:2] != urlsplit(reach.base)[:2]
    return Reach(None if foreign else reach.token, address, reach.seconds)


def warm_up() -> None:
    """Load the client and what it imports at its first call (about 0.2 s once per process); thread-safe."""
    import anyio
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    _client_class()
    _tls()
    build_hf_headers(token=_PLACEHOLDER)  # looks up the versions of what is installed
    anyio.run(anyio.sleep, 0)  # loads the part that works on asyncio


async def warm(reach: Reach) -> None:
    """`warm_up` in a thread, then the loop's pool; nothing is sent."""
    await asyncio.to_thread(warm_up)
    await pool()


async def pool() -> Pool:
    """The connection pool of the running loop, closed with the loop (asyncio.run closes generators at its end)."""
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        opened = _opened()
        _pools[loop] = (opened, await anext(opened))
    return _pools[loop][1]


async def _opened() -> AsyncGenerator[Pool, None]:
    import httpx

    limits = httpx.Limits(max_connections=100, max_keepalive_connections=32, keepalive_expiry=60)
    timeout = httpx.Timeout(None, connect=SECONDS_TO_CONNECT)  # asyncio.timeout bounds the call as a whole
    try:
        async with httpx.AsyncClient(verify=_tls(), limits=limits, timeout=timeout, follow_redirects=True,
                                     max_redirects=3) as opened:
            yield opened
    finally:
        _pools.pop(asyncio.get_running_loop(), None)


@functools.cache
def _tls() -> Any:
    import httpx

    return httpx.create_ssl_context()


@functools.cache
def _client_class() -> Any:
    from huggingface_hub import AsyncInferenceClient, constants
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # `pictures.decoded` refuses by our own limit before it decodes

    router = constants.INFERENCE_PROXY_TEMPLATE.removesuffix("/{provider}")

    class Client(AsyncInferenceClient):
        """The library's client: its methods, our pool and addresses."""

        base = ROUTER
        endpoint: str | None = None

        async def _inner_post(self, request_parameters: Any, *, stream: bool = False) -> Any:
            asked = request_parameters
            headers = {**asked.headers}
            if asked.task in ("text-to-image", "image-to-image"):
                headers.setdefault("accept", "image/png")
            address = self.address(asked.url.replace(router, self.base, 1) if asked.url.startswith(router)
                                   else asked.url)
            body = {"json": asked.json} if asked.data is None else {"content": bytes(asked.data)}
            answer = await self._with_layout(address, headers, body)
            if answer.is_error:  # the library's own check decodes the body and breaks on one that is no text
                raise faults.Refused(answer)
            return answer.content

        def address(self, url: str) -> str:
            """The address itself. Raises ConfigurationError where the token has no business there."""
            root = self.endpoint if self.endpoint is not None else self.base
            if urlsplit(url)[:2] != urlsplit(root)[:2]:
                raise ConfigurationError(f"{self.provider} would be called at {urlsplit(url).netloc} directly, which "
                                         "is no place for the token; leave this provider out.")
            return url

        async def _with_layout(self, address: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Any:
            """Send it; a private server that has no /hf-inference is asked at /models as well, and remembered."""
            rest = address.removeprefix(self.base + _ROOT)
            if self.endpoint is not None or self.base == ROUTER or rest == address:
                return await received("POST", address, headers, **body)
            for root in [_layouts[self.base]] if self.base in _layouts else [_ROOT, _PLAIN]:
                answer = await received("POST", self.base + root + rest, headers, **body)
                if answer.status_code != 404:
                    break
            if answer.is_success:
                _layouts[self.base] = root
            return answer

        async def job(self, task: str, inputs: Any, parameters: dict[str, Any], model: str) -> tuple[str, bytes]:
            """Post what the provider's helper makes of it: where it went, and the raw answer."""
            from huggingface_hub.inference._providers import get_provider_helper

            asked = get_provider_helper(self.provider, task, model).prepare_request(
                inputs=inputs, parameters=parameters, headers=self.headers, model=model, api_key=self.token)
            content: bytes = await self._inner_post(asked)
            return asked.url.replace(router, self.base, 1), content

    return Client


async def received(method: str, address: str, headers: Mapping[str, str], **body: Any) -> Any:
    """The whole answer, as an httpx.Response. Raises ExpertError where it is longer than MOST_BYTES."""
    import httpx

    opened = await pool()
    async with opened.stream(method, address, headers=headers, **body) as response:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > MOST_BYTES:
                raise ExpertError(f"It sent more than {MOST_BYTES // 10**6} MB, which is more than any answer takes.")
    kept = [(name, value) for name, value in response.headers.multi_items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")]
    return httpx.Response(response.status_code, headers=kept, content=bytes(content), request=response.request)
