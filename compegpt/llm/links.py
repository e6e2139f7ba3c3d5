"""How each provider is reached: the LangChain chat model over an HTTP client of ours.

The TLS context, which is what takes the time, is made once per process; a client is made per event loop.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import json
import re
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from compegpt.llm.rungs import Rung

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

CONNECT = 10.0
"""Seconds to reach a server; the rest of a call is bounded by its own deadline."""
KEEP_ALIVE = 60.0
"""Seconds an idle connection is kept, so that the writer finds the planner's."""
_JSON = "application/json"
_STREAMS = re.compile(rb'"stream":\s*true')
"""In the body of a request; within a string its quotes would be escaped."""
LADDER: tuple[Rung, ...] = ("json_schema", "tools", "json_mode", "plain")


@dataclass(frozen=True)
class Link:
    """One model on one server."""

    address: str
    http: Callable[[], Any]
    """A new asynchronous HTTP client."""
    dry: Callable[[], Any]
    """Such a client that sends nothing and answers everything with a greeting."""
    chat: Callable[[Any], AbstractAsyncContextManager[BaseChatModel]]
    """The chat model over such a client, for one call; making it takes less than a millisecond."""
    lost: tuple[type[Exception], ...] = field(repr=False)
    """What is raised where the connection fails."""
    raised: tuple[type[Exception], ...] = field(repr=False)
    """All that the client library raises for a call that went wrong, also for a body it cannot parse."""
    rungs: tuple[Rung, ...] = LADDER


def openai_link(model: str, address: str, key: str) -> Link:
    import openai
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    idle = openai.DefaultHttpxClient(verify=_tls())

    @asynccontextmanager
    async def chat(http: Any) -> AsyncIterator[BaseChatModel]:
        yield ChatOpenAI(model=model, base_url=address, api_key=SecretStr(key), max_retries=0, timeout=None,
                         use_responses_api=False, stream_chunk_timeout=None, http_client=idle, http_async_client=http)

    return _openai(address, chat)


def azure_link(deployment: str, endpoint: str, version: str, key: str) -> Link:
    import openai
    from langchain_openai import AzureChatOpenAI
    from pydantic import SecretStr

    idle = openai.DefaultHttpxClient(verify=_tls())

    @asynccontextmanager
    async def chat(http: Any) -> AsyncIterator[BaseChatModel]:
        yield AzureChatOpenAI(azure_endpoint=endpoint, azure_deployment=deployment, api_version=version,
                              api_key=SecretStr(key), max_retries=0, timeout=None, use_responses_api=False,
                              stream_chunk_timeout=None, http_client=idle, http_async_client=http)

    return _openai(endpoint, chat)


def huggingface_link(model: str, address: str, key: str) -> Link:
    """Over the hub's router or an endpoint at `address` (without `/v1`).

    No json_schema rung: given a URL, huggingface_hub rewrites that response_format into one of TGI's own.
    """
    import httpx
    from huggingface_hub import AsyncInferenceClient
    from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError
    from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint

    @asynccontextmanager
    async def chat(http: Any) -> AsyncIterator[BaseChatModel]:
        # 0 new tokens and no temperature: neither is sent, so the model's own defaults count.
        endpoint = HuggingFaceEndpoint(model=f"{address}/v1", task="conversational", max_new_tokens=0,
                                       temperature=None)
        # The class gives the token to huggingface.co alone and any other server a token found in the environment. The
        # header says whose it is to be, and it stands in no repr there.
        client = AsyncInferenceClient(base_url=f"{address}/v1", api_key=key,
                                      headers={"authorization": f"Bearer {key}"})
        client._async_client = http
        endpoint.async_client = client
        model_over_it = ChatHuggingFace(llm=endpoint)
        model_over_it.model_id = model  # the constructor puts the address there
        try:
            yield model_over_it
        finally:
            await client.exit_stack.aclose()  # else a stream that broke off keeps its connection

    options: dict[str, Any] = {"timeout": httpx.Timeout(None, connect=CONNECT),
                               "event_hooks": {"response": [_whole, _mended]},
                               "limits": httpx.Limits(keepalive_expiry=KEEP_ALIVE)}
    return Link(address, lambda: httpx.AsyncClient(verify=_tls(), **options),
                lambda: httpx.AsyncClient(transport=_greeting(httpx)), chat, _lost(),
                (HfHubHTTPError, InferenceTimeoutError, *_raised()), LADDER[1:])


async def _whole(response: Any) -> None:
    """What huggingface_hub leaves out: it takes a redirect for an answer, and drops what a refused stream says."""
    if not response.is_success:
        await response.aread()
    if response.is_redirect:
        response.raise_for_status()


async def _mended(response: Any) -> None:
    """A completion in the form that the libraries take, since many servers leave out what OpenAI's sends.

    One body where a stream was asked for becomes a stream of one event.
    """
    streams = _STREAMS.search(response.request.content)
    if not response.is_success or (streams and not response.headers.get("content-type", "").startswith(_JSON)):
        return
    await response.aread()
    try:
        body = json.loads(response.content)
        choice = body["choices"][0]
        message = {**choice["message"], "role": "assistant", "content": _said(choice["message"])}
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return  # no completion at all: the library says so
    message.pop("tool_calls", None)  # LangChain takes no arguments but an object
    choice = {"index": 0, "finish_reason": choice.get("finish_reason") or "stop",
              "delta" if streams else "message": message}
    body = {"id": "", "object": "chat.completion", "created": 0, "model": "", "usage": None, **body,
            "choices": [choice]}
    text = json.dumps(body)
    response._content = (f"data: {text}\n\ndata: [DONE]\n\n" if streams else text).encode()


def _said(message: Any) -> Any:
    """What it said: the arguments of the tool that was forced, its content, or a refusal."""
    for call in message.get("tool_calls") or ():
        if arguments := call["function"]["arguments"]:
            return arguments if isinstance(arguments, str) else json.dumps(arguments)
    return message.get("content") or message.get("refusal") or ""


def _openai(address: str, chat: Callable[[Any], AbstractAsyncContextManager[BaseChatModel]]) -> Link:
    import openai

    library: Any = sys.modules[openai.DefaultAsyncHttpxClient.__mro__[1].__module__]  # httpx or httpx2
    options = {"timeout": openai.Timeout(None, connect=CONNECT), "follow_redirects": False,
               "limits": library.Limits(keepalive_expiry=KEEP_ALIVE), "event_hooks": {"response": [_mended]}}
    return Link(address, lambda: openai.DefaultAsyncHttpxClient(verify=_tls(), **options),
                lambda: openai.DefaultAsyncHttpxClient(transport=_greeting(library)), chat,
                (openai.APIConnectionError, *_lost()), (openai.OpenAIError, *_raised()))


def _greeting(library: Any) -> Any:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    body = {"id": "", "object": "chat.completion", "created": 0, "model": "", "choices": [choice]}
    return library.MockTransport(lambda request: library.Response(200, json=body))


def rehearse(link: Link) -> None:
    """A call that goes nowhere: the libraries import half of themselves (40 ms) on the first one."""
    import anyio.lowlevel

    async def call() -> None:
        await anyio.lowlevel.checkpoint()  # loads the backend that the HTTP client runs on
        async with link.dry() as http, link.chat(http) as chat:
            await chat.ainvoke("Hello")

    thread = threading.Thread(target=lambda: asyncio.run(call()))  # the caller may be inside an event loop
    thread.start()
    thread.join()


def _lost() -> tuple[type[Exception], ...]:
    return (*(library.TransportError for library in _http_libraries()), OSError)


def _raised() -> tuple[type[Exception], ...]:
    # A body of another shape than the library expects ends in one of the last four.
    return (*(library.HTTPError for library in _http_libraries()), OSError, ValueError, LookupError, AttributeError,
            TypeError)


def _http_libraries() -> list[Any]:
    """httpx, and httpx2, which is the same under another name and what openai 3 stands on."""
    return [importlib.import_module(name) for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]


@functools.cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
