"""The MM-Vet benchmark as it is published (Yu et al. 2023, arXiv:2308.02490).

`mm-vet.json` is one object: by id `imagename`, `question`, `answer` (with `<AND>` and `<OR>`), `capability` (a list)
and perhaps `imagesource`; the pictures lie in `images/` beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compegpt.errors import InputError
from compegpt.eval.answering import Question
from compegpt.eval.planning_data import read, told

Capability = Literal["rec", "ocr", "know", "gen", "spat", "math"]
CAPABILITIES: dict[str, str] = {"rec": "recognition", "ocr": "reading", "know": "knowledge",
                                "gen": "language generation", "spat": "spatial awareness", "math": "mathematics"}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    imagename: Annotated[str, Field(pattern=r"^[^/\\]+$")]
    question: Annotated[str, Field(min_length=1)]
    answer: Annotated[str, Field(min_length=1)]
    capability: Annotated[list[Capability], Field(min_length=1)]
    imagesource: Any = None


@dataclass(frozen=True)
class Asked:
    """One question with its answer."""

    question: Question
    truth: str
    capabilities: tuple[str, ...]
    """In the order of the table."""


def benchmark(path: Path, images: Path | None = None, most: int | None = None) -> list[Asked]:
    """The first `most` questions of a file, with their pictures in `images`, by default beside it.

    Raises InputError naming the file and the id for an entry that has unknown or missing keys, values of a wrong type
    or an id that was there before, and the line for what is no JSON.
    """
    folder = (images or path.parent / "images").absolute()
    entries = _entries(path)
    if not folder.is_dir():
        raise InputError(f"There is no folder '{folder}' with the pictures; name it by --images.")
    return [_asked(path, name, entry, folder) for name, entry in entries[:most]]


def _entries(path: Path) -> list[tuple[str, Any]]:
    try:
        whole = json.loads(read(path).decode("utf-8-sig"), object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise InputError(f"'{path}' line {error.lineno} is no JSON ({error.msg}).") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"'{path}' is no JSON file: it holds bytes or brackets that no such file has.") from error
    if not isinstance(whole, _Pairs):
        raise InputError(f"'{path}' holds no JSON object; it must hold one with an entry for each question.")
    if not whole:
        raise InputError(f"'{path}' holds no questions.")
    seen: set[str] = set()
    for name, _ in whole:
        if name in seen:
            raise InputError(f"'{path}': there are two entries '{name[:60]}'; give each question an id of its own.")
        seen.add(name)
    return whole


class _Pairs(list[tuple[str, Any]]):
    """A JSON object whose keys may be doubled."""


def _asked(path: Path, name: str, entry: Any, folder: Path) -> Asked:
    try:
        found = _Entry.model_validate(dict(entry) if isinstance(entry, _Pairs) else entry)
    except ValidationError as error:
        raise InputError(f"'{path}' entry '{name[:60]}': {told(error)}.") from error
    return Asked(Question(name, folder / found.imagename, found.question), found.answer,
                 tuple(one for one in CAPABILITIES if one in found.capability))
