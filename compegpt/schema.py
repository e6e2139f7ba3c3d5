"""The vocabulary: what the stages hand to each other.

What lives in graph state is plain data (TypedDict); what lives only in the process is a frozen dataclass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

Kind = Literal["text", "image", "audio", "video"]
"""What travels between tasks."""

Status = Literal["ok", "empty", "abstained", "failed", "timeout", "cancelled"]
"""What became of a candidate. `empty`: it looked and found nothing. `abstained`: it cannot tell."""


REFERENCE = re.compile(r"<(?:resource|generated)>-(\d{1,9})", re.IGNORECASE)
"""How an argument refers to the output of an earlier task; the group is its id."""


class Label(TypedDict):
    label: str
    score: float


class Box(TypedDict):
    label: str
    score: float
    box: list[float]
    """x0, y0, x1, y1 in pixels of the input picture, origin top left."""


class Output(TypedDict, total=False):
    """What one expert gave for one task; the keys that apply to its task type (`tasks.TaskType.output`)."""

    text: str
    image: str
    """Absolute path, like `audio` and `video`."""
    audio: str
    video: str
    labels: list[Label]
    """Best first. Languages as ISO 639-1 codes, sentiment as positive/neutral/negative."""
    boxes: list[Box]
    scores: list[float]
    data: Any
    """Spans [{text or label, start, end, score}] (characters or seconds), masks [{label, score, image}], or vectors."""


class Request(TypedDict):
    text: str
    files: list[str]
    """Absolute paths or addresses of attachments, in the order given."""
    thread: str
    confined: NotRequired[bool]
    """Whether only files attached to or made in this thread may be read: whoever asks is not this machine's user."""
    plan: NotRequired[list[Task]]
    """What to run, where it is not for a planner to say."""
    before: NotRequired[list[Turn]]
    """Earlier turns that the thread does not hold: what a client without threads says was said before."""


class Task(TypedDict):
    """One step of a plan, in HuggingGPT's form."""

    task: str
    id: int
    dep: list[int]
    """Ids of the tasks whose outputs it needs; [-1] for none."""
    args: dict[str, Any]
    """Values, or references `<resource>-ID` anywhere in a string."""


class Candidate(TypedDict):
    """What one expert did with one task."""

    expert: str
    source: str
    family: str
    status: Status
    output: Output | None
    confidence: float | None
    """The engine's own, in [0, 1]; comparable only inside one family."""
    signals: dict[str, float]
    score: float | None
    seconds: float
    error: str | None
    code: NotRequired[str | None]
    """`errors.CompeGPTError.code` of the error."""
    started: NotRequired[float]
    """Seconds since the epoch."""
    note: NotRequired[str | None]
    """What a reader should know of this output (what it is made of, what was cut)."""
    why: NotRequired[str]
    """Why it was chosen to compete ("2nd by likes: 1,204"); empty where nothing but its source's order says so."""
    tokens: NotRequired[int]
    """Tokens a chat expert used."""
    weakest: NotRequired[float]
    """How sure the engine is of the part of its output that it is least sure of, in [0, 1]."""


class LLMCall(TypedDict):
    """One call of the language model on behalf of a turn; what chat experts do is recorded as candidates instead."""

    purpose: Literal["plan", "repair", "judge", "write", "expert"]
    model: str
    """`provider:model`."""
    seconds: float
    tokens: int
    """Prompt and completion together, as the server counts them; 0 where it does not say."""
    error: str | None
    code: str | None
    """`errors.CompeGPTError.code` of the error."""
    started: NotRequired[float]
    """Seconds since the epoch."""
    requests: NotRequired[int]
    """HTTP requests made for it, with tries and refused ones; 1 where it does not say."""


class Verdict(TypedDict):
    winner: str | None
    agreement: float | None
    """How far the other families' outputs agree with the winner's, in [0, 1]; None where nobody else stands."""
    confidence: float | None
    """How likely the winner is right, calibrated on measured inputs, in [0, 1]; None where none were measured."""
    unsure: bool
    """Whether the judge says not to rely on the winner: it is more likely wrong than right."""
    similarity: list[list[float]]
    """n x n over the candidates that were compared, in candidate order."""
    reason: str


class Result(TypedDict):
    """What became of one task."""

    id: int
    task: str
    status: Literal["ok", "failed", "skipped"]
    error: str | None
    code: str | None
    args: dict[str, Any]
    winner: str | None
    output: Output | None
    agreement: float | None
    confidence: NotRequired[float | None]
    """The verdict's, like `unsure`; absent from results that were written before verdicts had it."""
    unsure: NotRequired[bool]
    reason: str
    similarity: list[list[float]]
    candidates: list[Candidate]
    started: float | None
    """Seconds since the epoch when its first expert started, and when the judge had all it waited for."""
    settled: float | None


class Turn(TypedDict):
    """One finished request of a thread, as later turns see it."""

    request: Request
    plan: list[Task]
    results: list[Result]
    answer: str


@dataclass(frozen=True)
class Finding:
    """What an engine returns: its output, and what it thinks of it."""

    output: Output
    confidence: float | None = None
    empty: bool = False
    """It looked and there is nothing (no face, no text, no speech)."""
    note: str | None = None
    tokens: int = 0
    """Tokens of a language model it used."""
    weakest: float | None = None
    """How sure it is of the part it is least sure of (a letter, a word), in [0, 1]; None where it does not say."""


@dataclass(frozen=True)
class Expert:
    """One model or engine that can do one task type."""

    id: str
    """`source:name`, for example `embedded:rapidocr`."""
    task: str
    family: str
    """Experts of one family share weights or algorithm and count as one vote."""
    source: str = "embedded"
    downloads: int = 0
    likes: int = 0
    trending: float = 0.0
    licence: str | None = None
    languages: frozenset[str] | None = None
    """ISO 639-1 codes it is made for; None where it does not depend on the language."""
    cost: float = 0.0
    about: str = ""
    """One line for `experts` and the tool description."""
    why: str = ""
    """Why its source puts it where it stands ("2nd by likes: 1,204")."""


@dataclass(frozen=True)
class Proposal:
    """What a planner returns: tasks, how sure it is, and a plain reply for an empty plan."""

    tasks: list[Task]
    confidence: float | None
    """In [0, 1]; None where the planner has no measure of it."""
    planner: str
    """`embedded` or `llm`."""
    reply: str | None = None
    calls: tuple[LLMCall, ...] = ()
    note: str | None = None
    """What the user should know of how this plan was made ("the language model could not be reached")."""


@dataclass(frozen=True)
class Written:
    """What a writer returns."""

    text: str
    calls: tuple[LLMCall, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Ruling:
    """What an arbiter says of a close call."""

    index: int | None
    """Of the candidate it picks; None where it does not decide (it failed, or named none of them)."""
    reason: str
    call: LLMCall
