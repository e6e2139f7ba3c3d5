"""Requests with their plans, of which a language model is shown those nearest to the request.

`prompts/plan_examples.json` is written by hand; `python -m compegpt.plan.demonstrations` embeds its requests into
`demonstrations.npz`, so that the first request of a process does not wait for it. In-context examples by embedding:
Liu et al. 2022, arXiv:2101.06804.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compegpt import prompts
from compegpt.embed import Array, Encoder, MiniLM, shared_encoder
from compegpt.plan.given import kind_named
from compegpt.plan.mentions import TOKEN, masked
from compegpt.schema import Task

SHOWN = 6
_NPZ = Path(__file__).with_name("demonstrations.npz")
_HEAD, _TAIL = 240, 80
"""Characters of a request that say what it is about: its beginning and its end."""
_NOUNS = {"image": "the image", "audio": "the recording", "video": "the video", "text": "the text",
          "table": "the table", "labels": "these labels", "file": "the file"}
_DOUBLED = re.compile(r"\b(?:the|this|my|that|an?)\s+(?:\w+\s+)?(?=the (?:image|recording|video|text|table|file)\b)",
                      re.IGNORECASE)


@dataclass(frozen=True)
class Demonstration:
    """A request, and the plan or the reply it should get."""

    request: str
    tasks: tuple[Task, ...] = ()
    reply: str | None = None
    files: tuple[str, ...] = ()
    conversation: tuple[dict[str, Any], ...] = ()

    def shown(self) -> str:
        """As it stands in the prompt, in the forms of the real request and its answer."""
        answer = {"tasks": list(self.tasks), "reply": self.reply}
        asked = told(self.request, self.files, self.conversation)
        return f"{asked}\n{json.dumps(answer, ensure_ascii=False)}"


def told(request: str, files: Sequence[str], conversation: Sequence[dict[str, Any]], draft: Sequence[Task] = ()) -> str:
    """A request with all that belongs to it, as one JSON object."""
    attached = [{"path": file, "kind": kind_named(file)} for file in files]
    return json.dumps({**({"conversation": list(conversation)} if conversation else {}),
                       **({"attachments": attached} if attached else {}), "request": request,
                       **({"draft": list(draft)} if draft else {})}, ensure_ascii=False)


class Demonstrations:
    """Those whose tasks are all among `names`, by nearness to a request; safe to share between threads."""

    def __init__(self, encoder: Encoder, names: Collection[str]) -> None:
        self._encoder = encoder
        self._places = [place for place, one in enumerate(all_of_them())
                        if all(task["task"] in names for task in one.tasks)]

    def nearest(self, request: str, files: Sequence[str], follows_up: bool, most: int = SHOWN) -> list[Demonstration]:
        """The nearest `most`, plain replies first and then the nearest last.

        One is a plain reply, and one a follow-up where this may be one.
        """
        known = all_of_them()
        vectors = self._vectors[self._places]
        near = vectors @ self._encoder.encode([_gist(request, files)])[0]
        ranked = [known[self._places[place]] for place in np.argsort(-near, kind="stable")]
        if not follows_up:
            ranked = [one for one in ranked if not one.conversation]
        musts = [next((one for one in ranked if not one.tasks), None),
                 next((one for one in ranked if one.conversation), None) if follows_up else None]
        chosen = [one for one in musts if one is not None]
        chosen += [one for one in ranked if one not in chosen][: max(most - len(chosen), 0)]
        return sorted(chosen, key=lambda one: (bool(one.tasks), -ranked.index(one)))

    @functools.cached_property
    def _vectors(self) -> Array:
        """Of all demonstrations, shape (n, dimensions)."""
        if isinstance(self._encoder, MiniLM) and (stored := _stored()) is not None:
            return stored
        return _encoded(self._encoder)


@functools.cache
def all_of_them() -> tuple[Demonstration, ...]:
    rows = json.loads(_file().read_text(encoding="utf-8"))
    return tuple(Demonstration(row["request"], tuple(row.get("tasks", ())), row.get("reply"),
                               tuple(row.get("files", ())), tuple(row.get("conversation", ()))) for row in rows)


def fingerprint() -> str:
    """Of the demonstrations, to see whether their embeddings are fresh."""
    return hashlib.sha256(_file().read_bytes()).hexdigest()


def embed(encoder: Encoder) -> None:
    """Write `demonstrations.npz`."""
    np.savez_compressed(_NPZ, vectors=_encoded(encoder).astype(np.float16), fingerprint=np.array(fingerprint()))


def _file() -> Path:
    return prompts.FOLDER / "plan_examples.json"


def _stored() -> Array | None:
    """The embeddings that ship; None where they are those of other demonstrations."""
    if not _NPZ.exists():
        return None
    with np.load(_NPZ) as stored:
        fresh = str(stored["fingerprint"]) == fingerprint()
        return np.asarray(stored["vectors"], dtype=np.float32) if fresh else None


def _encoded(encoder: Encoder) -> Array:
    return encoder.encode([_gist(one.request, one.files) for one in all_of_them()])


def _gist(request: str, files: Sequence[str]) -> str:
    """What a request asks, with plain nouns for its files and texts: which ones they are does not matter."""
    short = request if len(request) <= _HEAD + _TAIL else f"{request[:_HEAD]} {request[-_TAIL:]}"
    found = masked(short, list(files)[:4])
    implicit = [f"⟦{one.kind}{place}⟧" for place, one in enumerate(found.mentions) if one.implicit]
    return rendered(" ".join([found.text, *implicit]))


def rendered(text: str) -> str:
    """A masked text with plain nouns for what was masked."""
    return _DOUBLED.sub("", TOKEN.sub(lambda token: _NOUNS[token[1]], text))


if __name__ == "__main__":
    embed(shared_encoder())
