"""What bodies look like: models of requests and answers, with examples, for checks and for the OpenAPI page."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from compegpt.options import MAX_PROMPT
from compegpt.plan.validate import MAX_TASKS
from compegpt.schema import Task
from compegpt.web.desk import MAX_FILES
from compegpt.web.files import File
from compegpt.web.runs import Run

Plain = dict[str, Any]
Thread = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\]*[^./\\][^/\\]*$", examples=["farm"])]
"""A name that can stand in an address: not of dots alone."""
_FILE = "0" * 68


class Step(BaseModel):
    """One task of a plan, in HuggingGPT's form."""

    task: Annotated[str, Field(max_length=100)]
    id: Annotated[int, Field(ge=0, le=10**6)]
    dep: Annotated[list[Annotated[int, Field(ge=-1, le=10**6)]], Field(max_length=MAX_TASKS)] = [-1]
    args: dict[str, Any] = {}

    def as_task(self) -> Task:
        return {"task": self.task, "id": self.id, "dep": self.dep, "args": self.args}


class Asked(BaseModel):
    """A request: a text with files, or a plan of one's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"text": "Which language is this text in: 'Guten Morgen'?"},
        {"text": "Read it aloud.", "thread": "farm"},
        {"plan": [{"task": "language-identification", "id": 0, "dep": [-1], "args": {"text": "Guten Morgen"}}]}]})

    text: Annotated[str, Field(max_length=MAX_PROMPT)] = ""
    files: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=MAX_FILES)] = []
    """Ids of uploads, or addresses of files that were made."""
    thread: Thread | None = None
    """The conversation to go on with; a new one where it is left out."""
    plan: Annotated[list[Step], Field(max_length=MAX_TASKS)] | None = None
    resume: bool = False
    """Finish the interrupted turn of the thread."""

    @property
    def tasks(self) -> list[Task] | None:
        """The plan; None where there is none."""
        return None if self.plan is None else [step.as_task() for step in self.plan]


class Started(BaseModel):
    id: str
    thread: str
    status: str
    events: str
    """Where its events are."""

    @classmethod
    def of(cls, run: Run) -> Started:
        return cls(id=run.id, thread=run.request["thread"].partition("/")[2], status=run.status,
                   events=f"/runs/{run.id}/events")


class Report(BaseModel):
    """A run as it stands; the fields of `python main.py --json`."""

    model_config = ConfigDict(extra="allow")

    id: str
    status: str
    thread: str | None
    answer: str | None = None
    planner: str | None
    plan_confidence: float | None
    plan: list[Plain]
    results: list[Plain]
    artifacts: list[Plain]
    usage: Plain
    error: Plain | None = None


class Conversation(BaseModel):
    thread: str
    turns: list[Plain]


class Filed(BaseModel):
    id: str
    address: str
    type: str
    """By its bytes."""
    size: int

    @classmethod
    def of(cls, file: File) -> Filed:
        return cls(id=file.id, address=file.address, type=file.type, size=file.path.stat().st_size)


class Planned(BaseModel):
    plan: list[Plain]
    planner: str
    confidence: float | None


class Row(BaseModel):
    model_config = ConfigDict(extra="allow")

    task: str
    expert: str | None


class Fault(BaseModel):
    code: str
    message: str
    retryable: bool


class Error(BaseModel):
    error: Fault


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error, "description": text} for status, text in {
        400: "The request or one of its files cannot be used.", 401: "No key, or an unknown one.",
        403: "The server does not answer under this name.", 404: "There is no such thing, or it is another's.",
        405: "The route does not know this method.", 408: "The body did not come.",
        409: "It does not go together with what runs.", 413: "The body is too large.",
        422: "The body or a parameter is not of the form asked for.", 429: "Too many requests; see Retry-After.",
        500: "A defect of the server, or a setting of it.", 501: "No expert that is present can do it.",
        502: "A model failed.", 503: "Try again.", 504: "The deadline passed.", 507: "Nothing can be written."}.items()}
"""Every route's errors, in the form of the command line."""


class TheirFault(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class TheirError(BaseModel):
    """An error as OpenAI's clients read it."""

    error: TheirFault


THEIR_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {**row, "model": TheirError} for status, row in ERRORS.items() if status != 422}
"""The errors of the routes that OpenAI's clients use."""
