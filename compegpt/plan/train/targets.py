"""What the network should say of a request: from a made-up sample, from a gold plan, from another network's opinion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compegpt.plan.marking import Marked, marked
from compegpt.plan.mentions import TOKEN, Masked, masked
from compegpt.plan.shape import NUMBER_OF
from compegpt.plan.spelling import mended
from compegpt.plan.train.requests import _SHARED
from compegpt.plan.train.sample import Sample

_WORD = re.compile(r"⟦\w+?\d+⟧|\w+")


@dataclass
class Example:
    ids: list[int]
    sources: list[int]
    """Positions of files, texts and past things."""
    kinds: list[str]
    """Of each source."""
    counts: dict[int, int]
    """Task types that are called for, and how often."""
    arcs: set[tuple[int, int]] = field(default_factory=set)
    """(type, type it takes the result of)."""
    brings: set[tuple[int, int]] = field(default_factory=set)
    """(type, place of the source in `sources`)."""
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    """First and last position of a type's own words."""
    tags: dict[int, set[int]] = field(default_factory=dict)
    """Type to positions of the words that call for it."""
    taskbench: bool = False
    """Whether types outside TaskBench count as their equivalents there."""
    made_up: bool = True
    """Whether `brings`, `spans` and `tags` are known."""
    soft: Any = None
    """Another network's probabilities of the types, where no plan is known."""
    weight: float = 1.0


def read(text: str, files: Sequence[str], past: Sequence[str], tokenizer: Any) -> tuple[Masked, Marked]:
    """A request as the planner reads it."""
    found = masked(text, files)
    found = Masked(mended(found.text), found.mentions)
    return found, marked(found, tokenizer, past)


def of_sample(sample: Sample, tokenizer: Any) -> Example | None:
    """None where a file or a text of the sample is not found in the request as it is read."""
    found, ready = read(sample.text, sample.files, sample.past, tokenizer)
    numbers = [NUMBER_OF[step.task] for step in sample.steps]
    example = Example(ready.ids, [place for place, _ in ready.sources], kinds_of(found, ready, sample.past), {})
    for number in numbers:
        example.counts[number] = example.counts.get(number, 0) + 1
    for number, step in zip(numbers, sample.steps, strict=True):
        example.arcs |= {(number, numbers[producer]) for producer in step.takes}
        for value in step.brings:
            if value != _SHARED and not bring(example, number, value, found, ready):
                return None
        for past in step.past:
            place = next((at for at, (_, mention) in enumerate(ready.sources) if mention == -1 - past), None)
            if place is None:
                return None
            example.brings.add((number, place))
    _own(example, sample, numbers, found, ready)
    return example


def bring(example: Example, number: int, value: str, found: Masked, ready: Marked) -> bool:
    for place, (_, mention) in enumerate(ready.sources):
        if mention >= 0 and _same(found.mentions[mention].value, value):
            example.brings.add((number, place))
            return True
    return False


def _same(one: Any, other: str) -> bool:
    return isinstance(one, str) and one.strip(" .'\"") == other.strip(" .'\"")


def kinds_of(found: Masked, ready: Marked, past: Sequence[str]) -> list[str]:
    return [found.mentions[number].kind if number >= 0 else past[-1 - number] for _, number in ready.sources]


def _own(example: Example, sample: Sample, numbers: Sequence[int], found: Masked, ready: Marked) -> None:
    """Which pieces call for which type, and where a type's own words stand."""
    owners: list[tuple[int, int]] = []
    words: list[str] = []
    for piece in sample.line:
        for word in _WORD.findall(piece.text):
            words.append(word.lower())
            owners.append((piece.step, piece.words_of))
    at = 0
    inside: dict[int, list[int]] = {}
    for token in _WORD.finditer(found.text):
        mention = TOKEN.fullmatch(token[0])
        if mention:
            value = found.mentions[int(mention[2])].value
            parts = [word.lower() for word in _WORD.findall(", ".join(value) if isinstance(value, list) else str(value))]
            place = _after(words, parts, at)
            if place is not None:
                start = place
                at = place + len(parts)
                own = owners[start][1] if start < len(owners) else -1
                if own >= 0:
                    number = int(mention[2])
                    for where, (_, which) in enumerate(ready.sources):
                        if which == number:
                            example.brings.add((numbers[own], where))
            continue
        place = _after(words, [token[0].lower()], at, 12)
        if place is None:
            continue
        at = place + 1
        step, own = owners[place]
        pieces = [number for number, (first, last) in enumerate(ready.places) if first < token.end() and last > token.start()]
        if step >= 0 and own < 0:
            example.tags.setdefault(numbers[step], set()).update(pieces)
        if own >= 0:
            inside.setdefault(own, []).extend(pieces)
            if step >= 0:
                example.tags.setdefault(numbers[step], set()).update(pieces)
    for own, pieces in inside.items():
        if pieces:
            span = (min(pieces), max(pieces))
            example.spans[numbers[own]] = span
            for number, step in zip(numbers, sample.steps, strict=True):
                if _SHARED in step.brings:
                    example.spans[number] = span


def _after(words: Sequence[str], parts: Sequence[str], at: int, reach: int = 400) -> int | None:
    if not parts:
        return None
    for place in range(at, min(len(words), at + reach)):
        if words[place] == parts[0] and list(words[place : place + len(parts)]) == list(parts):
            return place
    return next((place for place in range(at, min(len(words), at + reach)) if words[place] == parts[0]), None)


def of_request(text: str, tokenizer: Any) -> Example:
    """A request of which no plan is known."""
    found, ready = read(text, [], [], tokenizer)
    return Example(ready.ids, [place for place, _ in ready.sources], kinds_of(found, ready, []), {}, taskbench=True,
                   made_up=False)
