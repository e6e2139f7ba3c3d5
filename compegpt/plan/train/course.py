"""The stages of a training, each kept in a folder so that a stopped run goes on."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from compegpt.embed import shared_encoder
from compegpt.plan.train import measuring, targets, weak
from compegpt.plan.train.export import written
from compegpt.plan.train.fitting import fit, fresh, opinions
from compegpt.plan.train.known import Known, example, known, unlabelled
from compegpt.plan.train.net import Net
from compegpt.plan.train.requests import made
from compegpt.plan.train.targets import Example

PARTS = 5
_UNLABELLED_WEIGHT = 0.5


@dataclass(frozen=True)
class Given:
    """What a training is made from."""

    unlabelled: Path | None
    """Requests without plans, JSON Lines."""
    gold: tuple[Path, ...]
    """Requests with plans."""
    samples: int
    """Made-up requests of the first stage."""
    seed: int


class Course:
    """One training from beginning to end."""

    def __init__(self, given: Given, work: Path | None) -> None:
        self._given, self._work = given, work
        self._began = time.perf_counter()
        self._tokenizer = shared_encoder().tokenizer
        if work is not None:
            work.mkdir(parents=True, exist_ok=True)

    def run(self, out: Path) -> None:
        """All stages; the weights go to `out`, their card beside it."""
        torch.set_num_threads(2)
        net = fresh(shared_encoder())
        self._stage("first", net, lambda: fit(net, self._made_up(self._given.samples, 0), self._tell, rate=1e-4))
        if self._given.unlabelled is not None:
            self._stage("second", net, lambda: fit(net, self._with_opinions(net), self._tell, rate=6e-5))
        rows = known(self._given.gold)
        self._tell(f"{len(rows)} requests with plans")
        outside = {}
        for part in range(PARTS if rows else 0):
            apart = [row for number, row in enumerate(rows) if number % PARTS == part]
            others = [row for number, row in enumerate(rows) if number % PARTS != part]
            mine = copy.deepcopy(net)
            self._stage(f"part {part}", mine, partial(self._finish, mine, others))
            outside.update(measuring.read(mine, apart))
            measuring.report(apart, outside, self._tell)
        card = measuring.fitted(rows, outside)
        measuring.report(rows, outside, self._tell)
        self._stage("last", net, lambda: self._finish(net, rows))
        written(net, out, card)
        minutes = (time.perf_counter() - self._began) / 60
        self._tell(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) after {minutes:.0f} min")

    def _finish(self, net: Net, rows: Sequence[Known]) -> None:
        examples = [example(row, self._tokenizer) for row in rows]
        fit(net, [[*made_up, *examples, *examples] for made_up in self._made_up(3 * 1000, 2, 3)], self._tell, rate=4e-5)

    def _made_up(self, count: int, stage: int, parts: int = 8) -> list[list[Example]]:
        rng = random.Random(self._given.seed * 1000 + stage)
        return [self._some(rng, count // parts) for _ in range(parts)]

    def _some(self, rng: random.Random, count: int) -> list[Example]:
        found: list[Example] = []
        while len(found) < count:
            if (sample := targets.of_sample(made(rng), self._tokenizer)) is not None:
                found.append(sample)
        return found

    def _with_opinions(self, net: Net) -> list[list[Example]]:
        examples = self._unlabelled(net)
        return [[*made_up, *examples] for made_up in self._made_up(self._given.samples * 2 // 3, 1, 2)]

    def _unlabelled(self, net: Net) -> list[Example]:
        assert self._given.unlabelled is not None
        lines = unlabelled(self._given.unlabelled)
        examples = [targets.of_request(line.request, self._tokenizer) for line in lines]
        found: list[Example] = []
        shapes: list[str | None] = []
        for request, line, odds in zip(examples, lines, opinions(net, examples), strict=True):
            if likely := weak.labelled(request, odds, line.type):
                found.append(replace(likely, weight=_UNLABELLED_WEIGHT))
                shapes.append(line.type)
        self._tell(f"{len(found)} of {len(lines)} requests without plans are used")
        return weak.with_arcs(net, found, shapes)

    def _stage(self, name: str, net: Net, work: Callable[[], Any]) -> None:
        kept = self._work / f"{name}.pt" if self._work is not None else None
        if kept is not None and kept.exists():
            net.load_state_dict(torch.load(kept, weights_only=True))
            net.eval()
            return
        self._tell(f"stage '{name}'")
        work()
        if kept is not None:
            torch.save(net.state_dict(), kept)

    def _tell(self, text: str) -> None:
        print(f"{(time.perf_counter() - self._began) / 60:5.1f} min  {text}", flush=True)  # noqa: T201
