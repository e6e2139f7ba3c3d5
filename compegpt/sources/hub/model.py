"""A model of the Hub as the catalogue knows it, and where a call of it goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from compegpt.settings import Secret

ROUTER = "https://router.huggingface.co"
"""Where Inference Providers are reached; COMPEGPT_INFERENCE_URL takes its place."""


@dataclass(frozen=True)
class Provider:
    """One provider that serves a model, as the listing tells."""

    name: str
    """`hf-inference`, `together`, ..."""
    model: str
    """The model's id at that provider."""
    task: str
    """The task it serves the model for, in the client's words (`conversational`, `text-to-image`, ...)."""
    status: str = "live"


@dataclass(frozen=True)
class Model:
    id: str
    """`org/name`; or a whole URL for an endpoint of the user's own."""
    tag: str
    """Its pipeline tag."""
    downloads: int = 0
    likes: int = 0
    trending: float = 0.0
    tags: tuple[str, ...] = ()
    languages: frozenset[str] | None = None
    """ISO 639-1; None where the card names none."""
    licence: str | None = None
    family: str = ""
    """Its base model where the card names one, else its own id."""
    gated: bool = False
    providers: tuple[Provider, ...] | None = ()
    """Live ones, best first; None where the listing does not say, which a private server need not."""
    revision: str | None = None


@dataclass(frozen=True)
class Own:
    """A model or endpoint the user named, and the task types it is for."""

    model: Model
    tasks: frozenset[str]
    key: Secret | None = field(default=None, repr=False)
    """What an endpoint is sent in place of the Hub's token; None for the token, which goes to the Hub's own hosts
    only."""


@dataclass(frozen=True)
class Reach:
    """How calls get out."""

    token: str | None = field(repr=False)
    base: str = ROUTER
    """Base address of inference, without a slash at the end."""
    seconds: float = 60.0
    """The most one call may take; the caller's own deadline is usually shorter."""
