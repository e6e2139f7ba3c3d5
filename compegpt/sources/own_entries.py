"""The entries of `experts.toml`: what each kind may hold, and the rows that the sources take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from compegpt.errors import UsageError
from compegpt.languages import LANGUAGES
from compegpt.settings import Secret
from compegpt.sources.hub.model import Model, Own
from compegpt.sources.local.runner import Checkpoint
from compegpt.sources.own import OwnChat
from compegpt.tasks import TASKS, canonical

PROVIDERS = ("openai", "azure_openai", "huggingface", "local")
_KEYS = frozenset({"api_key", "apikey", "key", "token", "hf_token", "api_token", "password", "secret"})
_REPOSITORY = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?")
_PATH = re.compile(r"(?:[./~\\]|[A-Za-z]:[\\/])")
Row: TypeAlias = Checkpoint | Own | OwnChat


@dataclass(frozen=True)
class Place:
    """Where the file lies, and the variables it may name."""

    folder: Path
    environ: Mapping[str, str]

    def key(self, variable: str | None) -> Secret | None:
        """The key in the variable. Raises ValueError where it is not set."""
        if variable is None:
            return None
        if not self.environ.get(variable, "").strip():
            raise ValueError(f"api_key_env names {variable}, which is not set: set it to the key")
        return Secret(self.environ[variable].strip())

    def directory(self, given: str) -> Path:
        """The absolute path of a folder, relative to the file. Raises ValueError where there is none."""
        path = (self.folder / Path(given).expanduser()).resolve()
        if not path.is_dir():
            raise ValueError(f"there is no folder '{path}'")
        return path

    def weights(self, given: str) -> str:
        """A folder as its absolute path, or `org/name` as it is. Raises ValueError where it is neither."""
        if (self.folder / given).is_dir() or _PATH.match(given):
            return str(self.directory(given))
        return _repository(given)


def _canonical(name: str) -> str:
    try:
        return canonical(name)
    except UsageError as error:
        raise ValueError(str(error).rstrip(".")) from error


def _language(code: str) -> str:
    if code.lower() not in LANGUAGES:
        raise ValueError(f"'{code[:20]}' is no ISO 639-1 code of a language, such as 'en'")
    return code.lower()


def _repository(given: str) -> str:
    if not _REPOSITORY.fullmatch(given):
        raise ValueError("it must be org/name, as on the Hub")
    return given


def _variable(given: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", given):  # not quoted: it may be the key itself
        raise ValueError("it must be the name of an environment variable in capitals, such as MY_KEY, not the key")
    return given


def _address(given: str) -> str:
    parts = urlsplit(given.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("it must begin with http:// or https:// and name a host")
    if parts.username or parts.password or parts.query:
        raise ValueError("it must hold no key: name the variable that holds it by api_key_env")
    return given.strip().rstrip("/")


Name = Annotated[str, Field(pattern=r"^[\w./:@+-]{1,80}$")]
TaskName = Annotated[str, AfterValidator(_canonical)]
Language = Annotated[str, AfterValidator(_language)]
Repository = Annotated[str, AfterValidator(_repository)]
Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(_address)]


class Entry(BaseModel):
    """What every kind may hold."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name = Field(description="How it is called; unique in the file.")
    tasks: list[TaskName] = Field(default=[], description="Task types it is for.")
    family: str | None = Field(default=None, description="Experts of one family count as one vote.")
    languages: list[Language] | None = Field(default=None, description="ISO 639-1 codes it is made for.")
    licence: str | None = None

    @property
    def spoken(self) -> frozenset[str] | None:
        return frozenset(self.languages) if self.languages else None


class LocalEntry(Entry):
    """Weights that are run on this machine."""

    kind: Literal["local"]
    path: str | None = Field(default=None, description="A folder.")
    model: Repository | None = Field(default=None, description="`org/name`, in place of a folder.")
    revision: str | None = None
    beside: dict[str, str] = Field(default={}, description="Other weights it works with.")

    def row(self, place: Place) -> Row:
        if (self.path is None) == (self.model is None):
            raise ValueError("it needs either path, a folder, or model, org/name")
        if self.path is not None and self.revision is not None:
            raise ValueError("a folder has no revision: leave it out, or give model")
        tags = [*(self.languages or ()), *([f"license:{self.licence}"] if self.licence else ()),
                *([f"base_model:{self.family}"] if self.family else ())]
        return Checkpoint(self.model or self.name, place.directory(self.path) if self.path else None, tags=tuple(tags),
                          revision=self.revision, tasks=tuple(self.tasks),
                          beside={role: place.weights(other) for role, other in self.beside.items()})


class HubEntry(Entry):
    """A model of the Hub that is run there."""

    kind: Literal["hub"]
    model: Repository
    revision: str | None = None

    def row(self, place: Place) -> Row:
        return _hosted(self, self.model, self.revision, None)


class EndpointEntry(Entry):
    """A server of the user's own."""

    kind: Literal["endpoint"]
    url: Address
    protocol: Literal["openai", "tgi", "hf-inference"]
    model: str | None = Field(default=None, description="What the server calls it, where it serves several.")
    api_key_env: Variable | None = None
    vision: bool | None = None

    def row(self, place: Place) -> Row:
        if self.protocol == "hf-inference":
            if self.model or self.vision is not None:
                raise ValueError("model and vision are for the protocols openai and tgi only")
            return _hosted(self, self.url, None, place.key(self.api_key_env))
        if self.protocol == "openai" and not self.model:
            raise ValueError("model is missing: what the server calls the model")
        base = self.url if self.protocol == "openai" or self.url.endswith("/v1") else f"{self.url}/v1"
        return _chat(self, f"openai:{self.model or 'tgi'}", base, self.model or self.name, place)


class ChatEntry(Entry):
    """A chat model of any provider."""

    kind: Literal["chat"]
    model: str = Field(min_length=1)
    base_url: Address | None = None
    api_key_env: Variable | None = None
    vision: bool | None = None

    def row(self, place: Place) -> Row:
        known = self.model.partition(":")[0] in PROVIDERS
        return _chat(self, self.model if known else f"openai:{self.model}", self.base_url, None, place)


def _hosted(entry: Entry, model: str, revision: str | None, key: Secret | None) -> Own:
    from compegpt.sources.hub.calls import can

    if not entry.tasks:
        raise ValueError("tasks is missing: the task types it is for")
    if unable := [task for task in entry.tasks if not can(task)]:
        raise ValueError(f"no hosted model can be called for {', '.join(unable)}: leave it out")
    tag = TASKS[entry.tasks[0]].pipeline_tag or entry.tasks[0]
    row = Model(model, tag, languages=entry.spoken, licence=entry.licence, family=entry.family or "", revision=revision)
    return Own(row, frozenset(entry.tasks), key)


def _chat(entry: EndpointEntry | ChatEntry, spec: str, base_url: str | None, family: str | None,
          place: Place) -> OwnChat:
    from compegpt.sources.chat.asks import ASKS

    if unable := [task for task in entry.tasks if task not in ASKS]:
        raise ValueError(f"a chat model cannot do {', '.join(unable)}: leave it out")
    return OwnChat(entry.name, spec, base_url, place.key(entry.api_key_env), entry.vision,
                   frozenset(entry.tasks) or None, entry.family or family, entry.spoken, entry.licence)


_ANY: TypeAdapter[LocalEntry | HubEntry | EndpointEntry | ChatEntry] = TypeAdapter(
    Annotated[LocalEntry | HubEntry | EndpointEntry | ChatEntry, Field(discriminator="kind")])


def converted(entries: Sequence[Any], place: Place) -> tuple[list[Row], list[str]]:
    """The rows of the entries that are right, and what is wrong with the others, by number and name."""
    rows: list[Row] = []
    wrong: list[str] = []
    seen: set[str] = set()
    for number, given in enumerate(entries, 1):
        name = given.get("name") if isinstance(given, dict) else None
        called = f"entry {number} ('{name[:40]}')" if isinstance(name, str) else f"entry {number}"
        try:
            entry = _ANY.validate_python(given)
            if entry.name in seen:
                raise ValueError("another entry has the same name")
            seen.add(entry.name)
            rows.append(entry.row(place))
        except ValidationError as error:
            wrong.append(f"{called}: {', '.join(_said(error))}")
        except ValueError as error:
            wrong.append(f"{called}: {error}")
    return rows, wrong


def _said(error: ValidationError) -> Iterable[str]:
    """Each thing that is wrong, without the value: it may be a key."""
    for one in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in one["loc"] if part not in _KINDS)
        kind = "key" if one["type"] == "extra_forbidden" and place.lower() in _KEYS else one["type"]
        message = one["msg"].removeprefix("Value error, ")
        yield _SENTENCES[kind](place) if kind in _SENTENCES else f"{place}: {message[:1].lower()}{message[1:]}"


_KINDS = ("local", "hub", "endpoint", "chat")
_SENTENCES: dict[str, Callable[[str], str]] = {
    "key": lambda place: f"{place} must not stand in the file: put the key into an environment variable and name that "
                         "by api_key_env",
    "extra_forbidden": lambda place: f"there is no {place} for this kind",
    "missing": lambda place: f"{place} is missing",
    "union_tag_not_found": lambda place: f"kind is missing: one of {', '.join(_KINDS)}",
    "union_tag_invalid": lambda place: f"kind must be one of {', '.join(_KINDS)}",
    "model_attributes_type": lambda place: "it must be a table that begins with [[expert]]",
    "string_pattern_mismatch": lambda place: f"{place} may hold letters, digits and ./:@+- only, at most 80",
}
