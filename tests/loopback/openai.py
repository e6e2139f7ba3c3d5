"""OpenAI's chat completion protocol as a handler for the loopback server: replies from a script, lacks of real servers.

    fake = OpenAI('[{"task": "ocr", ...}]', "The picture says hello.", seconds=0.5)
    with Server(fake) as server:
        ...                         # a client with base_url=f"{server.url}/v1" asks for a plan, then for an answer
    assert [chat["model"] for chat in fake.chats] == ["some-model"] * 2

Any address that ends in /chat/completions is answered (so Azure's deployments and the hub's router too), and /models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from tests.loopback.server import Answer, Asked, Fault

Lack = Literal["json_schema", "tools", "json_mode", "stream_options"]
Said = str | Mapping[str, Any] | Answer
"""A text; a whole message (`{"content": None, "refusal": "No."}`); or a raw HTTP answer: an error, a fault."""
Reply = Said | Callable[[dict[str, Any]], Said]


class OpenAI:
    """Gives the replies in turn; a function of the request as the last one answers all that follow.

    A text becomes the arguments of the tool where the client forces one. Requests that use what the server `lacks` are
    refused with status 400 and cost no reply; with a `key`, so are requests without it, with a 401 that quotes theirs.
    """

    def __init__(self, *replies: Reply, seconds: float = 0.0, pause: float = 0.0, usage: tuple[int, int] = (7, 5),
                 lacks: Collection[Lack] = (), key: str | None = None, models: Sequence[str] = ("some-model",),
                 stream_fault: Fault | None = None) -> None:
        self.replies = list(replies)
        self.seconds = seconds
        """From a request to the first byte of its answer."""
        self.pause = pause
        """Seconds between the words of a stream."""
        self.usage = usage
        """Tokens of the prompt and of the completion."""
        self.lacks, self.key, self.models, self.stream_fault = set(lacks), key, models, stream_fault
        self.chats: list[dict[str, Any]] = []
        """The body of every chat request that was answered from the script."""
        self.refused: list[dict[str, Any]] = []
        """The body of every chat request that used what is lacking."""

    def __call__(self, asked: Asked) -> Answer | None:
        if not asked.path.endswith(("/chat/completions", "/models")):
            return None
        given = asked.headers.get("api-key") or asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key is not None and given != self.key:
            return error(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
        if asked.path.endswith("/models"):
            return Answer({"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "test"}
                                                      for name in self.models]})
        return self._chat(asked.json())

    def _chat(self, chat: dict[str, Any]) -> Answer:
        if missing := _used(chat) & self.lacks:
            self.refused.append(chat)
            return error(400, f"Unsupported parameter: {_PARAMETERS[min(missing)]}.", "unsupported_parameter")
        self.chats.append(chat)
        if not self.replies:
            return error(400, "The script of this server has no reply left.", "no_reply")
        reply = self.replies[0] if len(self.replies) == 1 and callable(self.replies[0]) else self.replies.pop(0)
        said = reply(chat) if callable(reply) else reply
        if isinstance(said, Answer):
            return said
        message = {"role": "assistant", **(_spoken(chat, said) if isinstance(said, str) else said)}
        return self._streamed(chat, message) if chat.get("stream") else self._whole(chat, message)

    def _whole(self, chat: dict[str, Any], message: dict[str, Any]) -> Answer:
        choice = {"index": 0, "message": message, "finish_reason": _finish(message), "logprobs": None}
        return Answer({**_envelope(chat, "chat.completion"), "choices": [choice], "usage": self._usage()},
                      delay=self.seconds)

    def _streamed(self, chat: dict[str, Any], message: dict[str, Any]) -> Answer:
        words = re.findall(r"\S+\s*|\s+", message.get("content") or "")
        deltas = [{**message, "content": ""}, *({"content": word} for word in words)]
        choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
        choices.append([{"index": 0, "delta": {}, "finish_reason": _finish(message)}])
        events: list[dict[str, Any]] = [{**_envelope(chat, "chat.completion.chunk"), "choices": one} for one in choices]
        if (chat.get("stream_options") or {}).get("include_usage"):
            events.append({**_envelope(chat, "chat.completion.chunk"), "choices": [], "usage": self._usage()})
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        return Answer(chunks=[*lines, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"},
                      delay=self.seconds, pause=self.pause, fault=self.stream_fault)

    def _usage(self) -> dict[str, int]:
        prompt, completion = self.usage
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def error(status: int, message: str, code: str = "error", headers: Mapping[str, str] | None = None) -> Answer:
    """An error in OpenAI's form, to put among the replies."""
    return Answer({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, status,
                  headers=dict(headers or {}))


_PARAMETERS = {"json_schema": "response_format.type json_schema", "json_mode": "response_format.type json_object",
               "tools": "tools", "stream_options": "stream_options"}


def _used(chat: Mapping[str, Any]) -> set[str]:
    kind = (chat.get("response_format") or {}).get("type")
    used = {"json_schema": {"json_schema"}, "json_object": {"json_mode"}}.get(kind, set())
    return used | ({"tools"} & chat.keys()) | ({"stream_options"} & chat.keys())


def _spoken(chat: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The message that says this text: by the tool, where one is forced."""
    if not chat.get("tools") or chat.get("tool_choice", "auto") in ("auto", "none"):
        return {"content": text}
    function = {"name": chat["tools"][0]["function"]["name"], "arguments": text}
    return {"content": None, "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}


def _finish(message: Mapping[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _envelope(chat: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": chat.get("model", "some-model")}
