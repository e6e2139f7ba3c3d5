"""Simulated competitions: experts of unknown strength answer a stream of requests, and the truth is known.

Everything about a world is drawn from its seed: how strong its experts are, how often each fails and how long it takes,
how hard requests are, how alike experts of one family err, how common a wrong answer is to all, how much an expert's
confidence says, and how well the order in which the sources list them tells who is good. Distributions stand in `world`
and were fixed before the policy was tuned.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compegpt.schema import Candidate, Expert

TASK = "table-question-answering"
"""Short answers in words, compared letter by letter."""
REQUESTS = 2_000
WRONG = 6
"""Wrong answers that a request has, beside the one it leads astray to."""


@dataclass(frozen=True)
class Posed:
    """One request, with what each expert would give for it."""

    name: str
    """Unique among those that one bench sees."""
    task: str
    args: Mapping[str, Any]
    experts: list[Expert]
    """In the sources' order."""
    candidates: Mapping[str, Candidate]
    """By expert."""
    quality: Mapping[str, float]
    """Of each expert's answer, in [0, 1]; 0 where it failed."""


@dataclass(frozen=True)
class World:
    """What one seed has drawn."""

    experts: list[Expert]
    strength: Mapping[str, float]
    """Log-odds of being right on a request of middling difficulty."""
    fails: Mapping[str, float]
    """Share of calls that fail."""
    seconds: Mapping[str, float]
    telling: Mapping[str, float]
    """How much an expert's confidence follows its chances; 0 where it says nothing."""
    difficulty: float
    kinship: float
    """Standard deviations of what a request adds to all experts, and to those of one family, in log-odds."""
    astray: float
    """How often a wrong answer is the one that the request leads everybody to."""


def world(seed: int) -> World:
    """The world of a seed: 6 to 10 experts in 4 to 8 families."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(6, 11))
    families = int(draw.integers(4, min(8, count) + 1))
    names = [f"sim:{string.ascii_lowercase[index]}" for index in range(count)]
    middle, spread = draw.uniform(0.0, 1.2), draw.uniform(0.4, 1.2)
    strength = draw.normal(middle, spread, count)
    order = np.argsort(-(draw.uniform(0.0, 0.8) * (strength - middle) / spread + draw.normal(0.0, 0.6, count)))
    member = [index if index < families else int(draw.integers(families)) for index in range(count)]
    fails = np.where(draw.random(count) < 0.1, draw.uniform(0.3, 0.9, count), draw.beta(1, 20, count))
    return World(
        [Expert(names[index], TASK, f"family {member[index]}", "sim") for index in order],
        dict(zip(names, map(float, strength), strict=True)), dict(zip(names, map(float, fails), strict=True)),
        dict(zip(names, map(float, draw.lognormal(0.0, 0.7, count)), strict=True)),
        dict(zip(names, map(float, draw.uniform(0.0, 1.5, count)), strict=True)),
        draw.uniform(0.5, 1.5), draw.uniform(0.3, 1.5), draw.uniform(0.1, 0.5))


def stream(seed: int, requests: int = REQUESTS) -> Iterator[Posed]:
    """The requests of a seed's world, always the same."""
    one, chance = world(seed), random.Random(seed)
    for number in range(requests):
        yield _posed(f"{seed}-{number}", one, chance)


def _posed(name: str, one: World, chance: random.Random) -> Posed:
    right, trap, *wrong = ("".join(chance.choices(string.ascii_lowercase, k=8)) for _ in range(2 + WRONG))
    hard = chance.gauss(0.0, one.difficulty)
    families = {expert.family for expert in one.experts}
    lucky = {family: chance.gauss(0.0, one.kinship) for family in sorted(families)}
    common = {family: chance.choice(wrong) for family in sorted(families)}
    candidates, quality = dict[str, Candidate](), dict[str, float]()
    for expert in one.experts:
        odds = one.strength[expert.id] + hard + lucky[expert.family]
        draw = chance.random()
        margin = odds + float(np.log(draw / (1 - draw)))
        # kin make the same mistake more often than not
        mistake = trap if chance.random() < one.astray else chance.choice([common[expert.family], chance.choice(wrong)])
        sure = 1 / (1 + float(np.exp(-one.telling[expert.id] * margin - chance.gauss(0.5, 0.7))))
        failed = chance.random() < one.fails[expert.id]
        candidates[expert.id] = _candidate(expert, right if margin > 0 else mistake, sure, failed,
                                           one.seconds[expert.id] * chance.uniform(0.7, 1.4))
        quality[expert.id] = float(margin > 0 and not failed)
    return Posed(name, TASK, {"question": "which?", "table": ""}, one.experts, candidates, quality)


def _candidate(expert: Expert, answer: str, sure: float, failed: bool, seconds: float) -> Candidate:
    return {"expert": expert.id, "source": expert.source, "family": expert.family,
            "status": "failed" if failed else "ok", "output": None if failed else {"text": answer},
            "confidence": None if failed else sure, "signals": {}, "score": None, "seconds": seconds,
            "error": "It failed." if failed else None, "code": "expert" if failed else None}
