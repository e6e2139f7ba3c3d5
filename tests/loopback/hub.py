"""The Hub's own protocol for the loopback server: model listings and single models, with the real field names.

    hub = Hub([model("org/a", "summarization", downloads=900), model("org/b", "summarization", likes=7, gated="auto")])
    with Server(hub) as server:
        HfApi(endpoint=server.url, token="hf_x").list_models(pipeline_tag="summarization")

Faults: put a handler that answers first in front (`Server(lambda asked: Answer(fault="hang"), hub)`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from tests.loopback.server import Answer, Asked

PAGE = 1_000
"""Models on one page where the request names no limit."""
_CHAT_TAGS = ("text-generation", "image-text-to-text")
_PLAIN = ("_id", "id")
_DEFAULT = (*_PLAIN, "likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name")


@dataclass(frozen=True)
class HubModel:
    """One model as the Hub's API tells it; `fields` is the whole JSON object."""

    id: str
    fields: Mapping[str, Any]


def model(name: str, tag: str = "text-classification", *, downloads: int = 0, likes: int = 0, trending: int = 0,
          tags: Sequence[str] = (), languages: Sequence[str] = (), licence: str | None = None, base: str | None = None,
          relation: str | None = "finetune", gated: Literal["auto", "manual", False] = False,
          providers: Mapping[str, str] | None = None, task: str | None = None, listed: bool = True) -> HubModel:
    """A model of the Hub.

    `providers` maps names to a status (`live`, `error`, `staging`), {"hf-inference": "live"} where not given; `task` is
    what they serve it for (`conversational` for tags that are chatted with, else the tag). `listed=False` leaves the
    mapping out of its JSON, as a private hub does. Languages, licence and base model become tags, as on the Hub.
    """
    served = {"hf-inference": "live"} if providers is None else providers
    role = task or ("conversational" if tag in _CHAT_TAGS else tag)
    mapping = [{"provider": provider, "providerId": name, "status": status, "task": role, "type": "single-model"}
               for provider, status in served.items()]
    card = {"language": list(languages), "license": licence, "base_model": base, "pipeline_tag": tag}
    all_tags = ["transformers", "safetensors", tag, *tags, *languages, *([f"license:{licence}"] if licence else []),
                *([f"base_model:{base}"] if base else []),
                *([f"base_model:{relation}:{base}"] if base and relation else []), "region:us"]
    fields: dict[str, Any] = {
        "_id": f"{abs(hash(name)):024x}"[:24], "id": name, "modelId": name, "private": False, "gated": gated,
        "downloads": downloads, "likes": likes, "trendingScore": trending, "tags": all_tags, "pipeline_tag": tag,
        "library_name": "transformers", "createdAt": "2024-03-02T23:29:04.000Z", "sha": "0" * 40,
        "cardData": {key: value for key, value in card.items() if value}, "config": {}}
    return HubModel(name, {**fields, "inferenceProviderMapping": mapping} if listed else fields)


@dataclass
class Hub:
    """Answers `/api/models` and `/api/models/{id}`; anything else is not for it."""

    models: Sequence[HubModel]
    delay: float = 0.0
    """Seconds before each answer."""
    filters_providers: bool = True
    """Whether `inference_provider` is honoured; a private hub may not know it."""
    token: str | None = None
    """The only token it lets in; None lets everybody in."""
    seen: list[dict[str, list[str]]] = field(default_factory=list)
    """The query of each listing, in order."""

    def __call__(self, asked: Asked) -> Answer | None:
        if asked.method != "GET" or not asked.path.startswith("/api/models"):
            return None
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer({"error": "Invalid username or password."}, 401, delay=self.delay)
        name = asked.path.removeprefix("/api/models").strip("/")
        return self._one(name, asked) if name else self._listing(asked)

    def _one(self, name: str, asked: Asked) -> Answer:
        """The model itself: the provider mapping is an object by provider here, a list in listings."""
        name = name.partition("/revision/")[0]
        found = next((one for one in self.models if one.id == name), None)
        if found is None:
            return Answer({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"}, self.delay)
        shown = _shown(found, asked.query.get("expand"))
        if isinstance(mapping := shown.get("inferenceProviderMapping"), list):
            shown["inferenceProviderMapping"] = {
                entry["provider"]: {key: entry[key] for key in ("providerId", "status", "task", "type")}
                for entry in mapping}
        return Answer(shown, delay=self.delay)

    def _listing(self, asked: Asked) -> Answer:
        query = asked.query
        self.seen.append(query)
        found = [one for one in self.models if self._matches(one, query)]
        if sort := query.get("sort"):
            found.sort(key=lambda one: -(one.fields.get(sort[0]) or 0))
        start, size = int(query.get("cursor", ["0"])[0]), min(int(query.get("limit", [str(PAGE)])[0]), PAGE)
        headers = {}
        if start + size < len(found):
            rest = urlencode({**query, "cursor": [str(start + size)]}, doseq=True)
            headers["Link"] = f'<http://{asked.headers["host"]}/api/models?{rest}>; rel="next"'
        return Answer([_shown(one, query.get("expand")) for one in found[start : start + size]], headers=headers,
                      delay=self.delay)

    def _matches(self, one: HubModel, query: Mapping[str, list[str]]) -> bool:
        fields, wanted = one.fields, query.get("filter", [])
        if "pipeline_tag" in query and fields["pipeline_tag"] != query["pipeline_tag"][0]:
            return False
        if not all(tag in fields["tags"] for tag in wanted):
            return False
        if not all(word.lower() in one.id.lower() for word in query.get("search", [])):
            return False
        return not (self.filters_providers and "inference_provider" in query) or _served(
            fields, query["inference_provider"][0])


def _served(fields: Mapping[str, Any], provider: str) -> bool:
    names = {entry["provider"] for entry in fields.get("inferenceProviderMapping", [])}
    return bool(names if provider == "all" else names & set(provider.split(",")))


def _shown(one: HubModel, expand: Sequence[str] | None) -> dict[str, Any]:
    keys = _DEFAULT if expand is None else (*_PLAIN, *expand)
    return {key: one.fields[key] for key in keys if key in one.fields}
