"""What was learned from competitions whose truth is known: one data file, `learned.json`, that one command makes anew.

`python main.py eval competition --fit` writes the part under "tasks" (docs/judge.md tells how); the weights under
"comparisons" are set by judgement and hold for task types that nothing was learned about.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from compegpt.tasks import TASKS

FILE = Path(__file__).with_name("learned.json")
FORM = 1
EDGE = 0.005
"""No signal is taken for surer than this: one that is 0 must not make all others meaningless."""

Curve = tuple[tuple[float, float], ...]
"""Points (given, worth), rising; linear between them."""


@dataclass(frozen=True)
class Learned:
    """What is known about judging one task type."""

    weights: Mapping[str, float]
    """How much each signal counts in the score."""
    confidence: Mapping[str, Curve] = field(default_factory=dict)
    """By family: what the engine's own confidence is worth."""
    weakest: Mapping[str, Curve] = field(default_factory=dict)
    """By family: how often an output is right whose least sure part the engine is so sure of."""
    record: Mapping[str, float] = field(default_factory=dict)
    """By expert: mean quality of its outputs."""
    precedent: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By expert and what it said (`saying`): how good it was when it said so."""
    team: tuple[str, ...] = ()
    """Experts in the order in which they joined the best team: the best one alone, then whoever adds most to it."""
    sure: Mapping[str, float] = field(default_factory=dict)
    """Coefficients of the logistic curve from `Standing.features` to the winner's being right; empty for none."""
    told: Curve = ()
    """What that logistic curve's values were worth."""

    def probability(self, winner: Standing) -> float | None:
        """How likely the winner is right, in [0, 1]; None where that was not learned."""
        if not self.sure:
            return None
        summed = sum(self.sure[name] * value for name, value in winner.features().items())
        chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, summed))))
        return worth(chance, self.told) if self.told else chance


@dataclass(frozen=True)
class Standing:
    """How a winner stands: what tells whether it is right."""

    score: float
    agreement: float | None
    """None where it stands alone, or with its kin only."""
    nothing: bool
    """Whether it found nothing."""
    families: int
    """That were compared, its own too."""

    def features(self) -> dict[str, float]:
        alone = self.agreement is None
        return {"score": 0.0 if alone else odds(self.score), "score alone": odds(self.score) if alone else 0.0,
                "agreement": self.agreement or 0.0, "alone": float(alone), "nothing": float(self.nothing and not alone),
                "nothing alone": float(self.nothing and alone), "families": math.log(self.families), "bias": 1.0}


def odds(share: float) -> float:
    """Log odds of a share that is taken for at least EDGE and at most 1 - EDGE."""
    bounded = min(max(share, EDGE), 1 - EDGE)
    return math.log(bounded / (1 - bounded))


def saying(output: Mapping[str, Any]) -> str | None:
    """What an output of few possible ones says: its first label, or its score to a fifth; None for any other output."""
    if output.get("labels"):
        return str(output["labels"][0]["label"]).strip().casefold()
    scores = output.get("scores")
    return f"{round(5 * float(scores[0])) / 5:.1f}" if scores and len(scores) == 1 else None


def worth(value: float, curve: Curve) -> float:
    """What a value is worth by a curve; flat beyond its ends."""
    bounded = min(max(value, curve[0][0]), curve[-1][0])
    for (low, worth_low), (high, worth_high) in pairwise(curve):
        if bounded <= high:
            return worth_low + (worth_high - worth_low) * (bounded - low) / max(high - low, 1e-12)
    return curve[-1][1]


def learned(task: str) -> Learned:
    """What is known about judging a task type; weights by its comparison alone where nothing was learned."""
    tasks, _ = _read(FILE)
    return tasks.get(task) or Learned(by_judgement(task))


def by_judgement(task: str) -> Mapping[str, float]:
    """Weights by how a task type's outputs are compared, set by hand."""
    return _read(FILE)[1][TASKS[task].compare]


def read_file(path: Path) -> dict[str, Any]:
    """The data file: its form, weights by comparison, and what was learned by task type."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


@functools.cache
def _read(path: Path) -> tuple[dict[str, Learned], dict[str, dict[str, float]]]:
    data = read_file(path)
    if data["form"] != FORM:
        raise ValueError(f"{path} is of form {data['form']}, this version reads form {FORM}")
    return {task: _learned(told) for task, told in data["tasks"].items()}, data["comparisons"]


def _learned(told: Mapping[str, Any]) -> Learned:
    curves = {name: {family: tuple((float(x), float(y)) for x, y in points) for family, points in told[name].items()}
              for name in ("confidence", "weakest")}
    worth_of_sure = tuple((float(x), float(y)) for x, y in told["told"])
    return Learned(told["weights"], curves["confidence"], curves["weakest"], told["record"],
                   told["precedent"], tuple(told["team"]), told["sure"], worth_of_sure)
