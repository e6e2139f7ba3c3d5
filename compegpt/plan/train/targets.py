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
from compegpt.plan.train.sample import SHARED, Sample

_WORD = re.compile(r"⟦\w+?\d+⟧|\w+")


@dataclass
class Example:
    """A request in pieces, and what is known of its plan."""

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
            if value != SHARED and not bring(example, number, value, found, ready):
                return None
        for past in step.past:
            place = next((at for at, (_, mention) in enumerate(ready.sources) if mention == -1 - past), None)
            if place is None:
                return None
            example.brings.add((number, place))
    _own(example, sample, numbers, found, ready)
    return example


def bring(example: Example, number: int, value: str, found: Masked, ready: Marked) -> bool:
    """Let a type take a file or text; False where the request has none such."""
    for place, (_, mention) in enumerate(ready.sources):
        if mention >= 0 and _same(found.mentions[mention].value, value):
            example.brings.add((number, place))
            return True
    return False


def _same(one: Any, other: str) -> bool:
    return isinstance(one, str) and one.strip(" .'\"") == other.strip(" .'\"")


def kinds_of(found: Masked, ready: Marked, past: Sequence[str]) -> list[str]:
    """The kind of each source."""
    return [found.mentions[number].kind if number >= 0 else past[-1 - number] for _, number in ready.sources]


def _own(example: Example, sample: Sample, numbers: Sequence[int], found: Masked, ready: Marked) -> None:
    """Which pieces call for which type, and where a type's own words stand: the request as it is read is followed
    along the words of the sample."""
    words, callers, owners = _words(sample)
    at = 0
    inside: dict[int, list[int]] = {}
    for token in _WORD.finditer(found.text):
        if mention := TOKEN.fullmatch(token[0]):
            said = found.mentions[int(mention[2])].value
            parts = [word.lower() for word in _WORD.findall(", ".join(said) if isinstance(said, list) else str(said))]
            if (place := _after(words, parts, at)) is not None:
                at = place + len(parts)
                if owners[place] >= 0:
                    example.brings |= {(numbers[owners[place]], source) for source, (_, number)
                                       in enumerate(ready.sources) if number == int(mention[2])}
            continue
        if (place := _after(words, [token[0].lower()], at, 12)) is None:
            continue
        at = place + 1
        caller, owner = callers[place], owners[place]
        pieces = [number for number, (first, last) in enumerate(ready.places)
                  if first < token.end() and last > token.start()]
        if caller >= 0:
            example.tags.setdefault(numbers[caller], set()).update(pieces)
        if owner >= 0:
            inside.setdefault(owner, []).extend(pieces)
    sharing = [number for number, step in zip(numbers, sample.steps, strict=True) if SHARED in step.brings]
    for owner, pieces in inside.items():
        if pieces:
            example.spans |= dict.fromkeys([numbers[owner], *sharing], (min(pieces), max(pieces)))


def _words(sample: Sample) -> tuple[list[str], list[int], list[int]]:
    """The words of a sample, and for each the step that it calls for and the step whose own word it is."""
    said = [(word.lower(), piece) for piece in sample.line for word in _WORD.findall(piece.text)]
    return [word for word, _ in said], [piece.step for _, piece in said], [piece.words_of for _, piece in said]


def _after(words: Sequence[str], parts: Sequence[str], at: int, reach: int = 400) -> int | None:
    """Where `parts` begin in `words`, at most `reach` after `at`; at least the first of them where not all do."""
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
