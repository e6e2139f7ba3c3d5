"""What clients of OpenAI's routes send, and what of it cannot be honoured.

What only tunes a language model (temperature, seed, max_tokens, stop, user and the like) is ignored, as are fields that
are not known; what would make the answer another thing than asked for is refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from compegpt.schema import Kind
from compegpt.web.forms import Thread
from compegpt.web.openai.errors import NoModel, Unusable

MODEL = "compegpt"
"""The one model there is."""
MAX_MESSAGES = 2_000
_STEMS: dict[Kind | None, str] = {"image": "picture", "audio": "recording", "video": "video"}
Reference = str | None


@dataclass(frozen=True)
class Medium:
    """A file as a message names it."""

    kind: Kind | None
    """None where only its bytes tell."""
    reference: str
    """An id or address of ours, another address, or `data:` with the content."""
    name: str | None = None
    """What the file is called; without a suffix where `kind` is known."""


class Address(BaseModel):
    url: str


class Sound(BaseModel):
    data: str
    """Base64."""
    format: Annotated[str, Field(pattern=r"^\w{1,10}$")] = "wav"


class Attached(BaseModel):
    file_data: Reference = None
    file_id: Reference = None
    filename: Annotated[str, Field(max_length=400)] | None = None
    file_url: Reference = None

    def medium(self, kind: Kind | None = None) -> Medium:
        """Raises Unusable where no file is named."""
        if self.file_data is not None:
            head = "" if self.file_data[:5].lower() == "data:" else "data:;base64,"
            return Medium(None, f"{head}{self.file_data}", self.filename)
        if reference := self.file_id or self.file_url:
            return Medium(kind, reference, self.filename)
        raise Unusable("A file part needs file_data, file_id or file_url.", "messages")


class Part(Attached):
    """One part of a message, in the form of chat completions or of responses."""

    type: Annotated[str, Field(max_length=60)]
    text: str | None = None
    refusal: str | None = None
    image_url: Address | str | None = None
    audio_url: Address | str | None = None
    video_url: Address | str | None = None
    input_audio: Sound | None = None
    file: Attached | None = None

    def said(self) -> str | None:
        """Its text, where it is one."""
        return {"text": self.text, "input_text": self.text, "output_text": self.text,
                "refusal": self.refusal}.get(self.type)

    def shown(self) -> Medium:
        """The file it names. Raises Unusable for a part of another kind, or one that lacks what its type needs."""
        addresses: dict[str, tuple[Kind, Address | str | None]] = {
            "image_url": ("image", self.image_url), "input_image": ("image", self.image_url),
            "audio_url": ("audio", self.audio_url), "video_url": ("video", self.video_url)}
        kind, address = addresses.get(self.type, (None, None))
        if kind and address is not None:
            return Medium(kind, address if isinstance(address, str) else address.url)
        if self.type == "input_audio" and self.input_audio:
            return Medium("audio", f"data:audio/{self.input_audio.format};base64,{self.input_audio.data}")
        if self.type == "file" and self.file:
            return self.file.medium()
        if self.type in ("input_file", "input_image"):
            return self.medium(kind)
        raise Unusable(f"A part of type '{self.type}' cannot be used, or lacks the field of that name; send text, "
                       "image_url, input_audio or file.", "messages")


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[Part], Field(max_length=500)] | None = None

    def pieces(self) -> tuple[str, list[Medium]]:
        """Its text and its files. Raises Unusable."""
        if not isinstance(self.content, list):
            return self.content or "", []
        texts = [part.said() for part in self.content]
        media = [part.shown() for part, text in zip(self.content, texts, strict=True) if text is None]
        return "\n".join(text for text in texts if text is not None), _called(media)


def _called(media: list[Medium]) -> list[Medium]:
    """With names for what comes without: picture, picture-2, recording."""
    made, counts = [], Counter[str]()
    for medium in media:
        if medium.kind in _STEMS and medium.reference[:5].lower() == "data:":
            stem = _STEMS[medium.kind]
            counts[stem] += 1
            medium = replace(medium, name=stem if counts[stem] == 1 else f"{stem}-{counts[stem]}")
        made.append(medium)
    return made


class Metadata(BaseModel):
    model_config = ConfigDict(extra="allow")

    thread: Thread | None = None
    """The conversation to go on with, in place of the one that the messages tell of."""


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class Common(BaseModel):
    """What requests of both routes have."""

    model: Annotated[str, Field(max_length=200)]
    stream: bool | None = None
    metadata: Metadata | None = None
    tool_choice: Any = None

    @property
    def thread(self) -> str | None:
        return self.metadata.thread if self.metadata else None

    def check(self) -> None:
        """Raises NoModel, Unusable."""
        if self.model != MODEL:
            raise NoModel(f"The model '{self.model[:80]}' does not exist here; the only one is '{MODEL}'.")
        if self.tool_choice not in (None, "none", "auto"):
            raise Unusable("Tools of the client are not called here; leave tool_choice out.", "tool_choice")


class Item(BaseModel):
    """What the input of a response holds; all but messages is left out."""

    type: Annotated[str, Field(max_length=60)] = "message"
    role: Literal["system", "developer", "user", "assistant"] = "user"
    content: str | Annotated[list[Part], Field(max_length=500)] | None = None


class Responding(Common):
    model_config = ConfigDict(json_schema_extra={"examples": [
        {"model": MODEL, "input": "Which language is this in: 'Guten Morgen'?"}]})

    input: str | Annotated[list[Item], Field(min_length=1, max_length=MAX_MESSAGES)]
    instructions: str | None = None
    previous_response_id: Annotated[str, Field(max_length=100)] | None = None
    background: bool | None = None
    conversation: Any = None
    text: dict[str, Any] | None = None

    def check(self) -> None:
        super().check()
        for name in ("background", "conversation"):
            if getattr(self, name):
                raise Unusable(f"Leave {name} out: here a conversation goes on by previous_response_id.", name)
        if ((self.text or {}).get("format") or {"type": "text"}) != {"type": "text"}:
            raise Unusable("Answers are text; leave text.format out and read the field 'compegpt' of the answer.",
                           "text")

    @property
    def messages(self) -> list[Message]:
        said = [Message(role="system", content=self.instructions)] if self.instructions else []
        if isinstance(self.input, str):
            return [*said, Message(role="user", content=self.input)]
        return [*said, *(Message(role=one.role, content=one.content) for one in self.input if one.type == "message")]


class Chat(Common):
    model_config = ConfigDict(json_schema_extra={"examples": [
        {"model": MODEL, "messages": [{"role": "user", "content": "Which language is this in: 'Guten Morgen'?"}]}]})

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream_options: StreamOptions | None = None
    n: int | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    response_format: dict[str, Any] | None = None
    function_call: Any = None

    def check(self) -> None:
        super().check()
        if self.n not in (None, 1):
            raise Unusable("There is one answer to a request; leave n out.", "n")
        if self.function_call not in (None, "none", "auto"):
            raise Unusable("Functions of the client are not called here; leave function_call out.", "function_call")
        if (self.response_format or {}).get("type", "text") != "text":
            raise Unusable("Answers are text; leave response_format out and read the field 'compegpt' of the answer.",
                           "response_format")
        if self.logprobs:
            raise Unusable("An answer has no log probabilities; leave logprobs out.", "logprobs")
        if set(self.modalities or ["text"]) - {"text"}:
            raise Unusable("Answers are text that names its files; ask for speech in the request and leave modalities "
                           "out.", "modalities")
