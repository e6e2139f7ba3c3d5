"""What is wrong with the network's answers on a batch of examples."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from compegpt.eval.planning_data import TASKBENCH
from compegpt.plan.allowed import instead
from compegpt.plan.marking import KINDS
from compegpt.plan.shape import NUMBER_OF, TYPES
from compegpt.plan.train.net import Net, Read
from compegpt.plan.train.targets import Example


@dataclass
class Batch:
    """Examples of which each is a row, L pieces wide."""

    ids: Tensor
    """B x L."""
    mask: Tensor
    """B x L: True where there is a piece."""
    examples: Sequence[Example]


def batch(examples: Sequence[Example]) -> Batch:
    """The examples side by side, as long as the longest."""
    longest = max(len(example.ids) for example in examples)
    ids = torch.zeros(len(examples), longest, dtype=torch.long)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
    lengths = torch.tensor([len(example.ids) for example in examples])
    return Batch(ids, torch.arange(longest) < lengths.unsqueeze(-1), examples)


@functools.cache
def folding() -> Tensor:
    """T x T: 1 where the type of the row counts as the type of the column in TaskBench."""
    matrix = torch.zeros(len(TYPES), len(TYPES))
    for name in TYPES:
        if name in TASKBENCH:
            matrix[NUMBER_OF[name], NUMBER_OF[name]] = 1
        elif other := instead(name, TASKBENCH):
            matrix[NUMBER_OF[name], NUMBER_OF[other]] = 1
    return matrix


def folded(present: Tensor) -> Tensor:
    """Log-odds that a type, or one that counts as it, is called for."""
    absent = -torch.nn.functional.softplus(present)
    none = absent @ folding().to(present.device)
    return torch.log1p(-torch.exp(none).clamp(max=1 - 1e-6)) - none


def loss(net: Net, given: Batch) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and the parts that it is the weighted sum of."""
    read = net.read(given.ids, given.mask)
    examples = given.examples
    weight = torch.tensor([example.weight for example in examples])
    target = torch.zeros(len(examples), len(TYPES))
    for row, example in enumerate(examples):
        if example.soft is not None:
            target[row] = torch.as_tensor(example.soft, dtype=torch.float32)
        else:
            target[row, list(example.counts)] = 1
    bench = torch.tensor([example.taskbench for example in examples])
    present = torch.where(bench.unsqueeze(-1), folded(read.present), read.present)
    counted = torch.where(bench.unsqueeze(-1), folding().sum(0).clamp(max=1), torch.ones(len(TYPES)))
    each = binary_cross_entropy_with_logits(present, target, reduction="none") * counted
    parts = {"present": (each.sum(1) * weight).mean()}
    parts["alone"] = _alone(present, counted, examples)
    types, members = called_for(read.present.detach(), examples)
    parts["more"] = _more(read.more, types, members, examples)
    parts["arcs"] = _arcs(net, read, types, members, examples)
    parts["spans"] = _spans(net, read, types, members, given)
    parts["tags"] = _tags(read.tags, given)
    total = parts["present"] + 0.5 * parts["alone"]
    total = total + 0.3 * parts["more"] + parts["arcs"] + 0.5 * parts["spans"] + 0.3 * parts["tags"]
    return total, {name: value.item() for name, value in parts.items()}


def _alone(present: Tensor, counted: Tensor, examples: Sequence[Example]) -> Tensor:
    """Of requests with one type, or none: which it is, so that the likeliest of all stands out where none is likely."""
    rows = [row for row, example in enumerate(examples) if len(example.counts) < 2]
    if not rows:
        return present.sum() * 0
    none = torch.zeros(len(rows), 1)
    odds = torch.cat([present[rows].masked_fill(counted[rows] == 0, -1e4), none], 1)
    wanted = torch.tensor([next(iter(examples[row].counts), len(TYPES)) for row in rows])
    return cross_entropy(odds, wanted) * len(rows) / len(examples)


def called_for(present: Tensor, examples: Sequence[Example]) -> tuple[Tensor, list[list[int]]]:
    """The network's numbers of the types that are called for, B x P, and the targets' numbers of the same."""
    members = [sorted(example.counts) for example in examples]
    wide = max(1, *(len(each) for each in members)) if members else 1
    types = torch.full((len(examples), wide), -1)
    for row, (example, each) in enumerate(zip(examples, members, strict=True)):
        for place, number in enumerate(each):
            types[row, place] = _member(present[row], number) if example.taskbench else number
    return types, members


def sources_of(examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """The positions of the sources and the numbers of their kinds, B x M; -1 where there is none."""
    wide = max(1, *(len(example.sources) for example in examples)) if examples else 1
    sources = torch.full((len(examples), wide), -1)
    kinds = torch.full((len(examples), wide), -1)
    for row, example in enumerate(examples):
        sources[row, : len(example.sources)] = torch.tensor(example.sources, dtype=torch.long)
        kinds[row, : len(example.kinds)] = torch.tensor([KINDS.index(kind) for kind in example.kinds],
                                                        dtype=torch.long)
    return sources, kinds


def _member(present: Tensor, number: int) -> int:
    """Of the types that count as this one, the one that the network thinks most of."""
    group = folding()[:, number].nonzero().flatten()
    return int(group[present[group].argmax()])


def _more(more: Tensor, types: Tensor, members: list[list[int]], examples: Sequence[Example]) -> Tensor:
    """Of how often a type is called for."""
    rows, columns, wanted = [], [], []
    for row, (example, each) in enumerate(zip(examples, members, strict=True)):
        for place, number in enumerate(each):
            rows.append(row)
            columns.append(int(types[row, place]))
            wanted.append([float(example.counts[number] >= 2), float(example.counts[number] >= 3)])
    if not rows:
        return more.sum() * 0
    return binary_cross_entropy_with_logits(more[rows, columns], torch.tensor(wanted)) * 2


def _arcs(net: Net, read: Read, types: Tensor, members: list[list[int]], examples: Sequence[Example]) -> Tensor:
    """Of what takes what."""
    sources, kinds = sources_of(examples)
    wanted = torch.zeros(len(examples), types.shape[1], types.shape[1] + sources.shape[1])
    known = torch.zeros_like(wanted)
    for row, (example, each) in enumerate(zip(examples, members, strict=True)):
        known[row, : len(each), : len(each)] = example.weight
        known[row, : len(each), types.shape[1] : types.shape[1] + len(example.sources)] = (
            1.0 if example.made_up else 0.5 * example.weight)
        for taker, giver in example.arcs:
            wanted[row, each.index(taker), each.index(giver)] = 1
        for taker, source in example.brings:
            wanted[row, each.index(taker), types.shape[1] + source] = 1
    scores = net.arcs(read, types, sources, kinds)
    wrong = binary_cross_entropy_with_logits(scores, wanted, reduction="none") * known
    return wrong.sum() / len(examples)


def _spans(net: Net, read: Read, types: Tensor, members: list[list[int]], given: Batch) -> Tensor:
    """Of where a type's own words begin and end."""
    first, last = net.spans(read, types, given.mask)
    rows, columns, starts, ends = [], [], [], []
    for row, (example, each) in enumerate(zip(given.examples, members, strict=True)):
        for place, number in enumerate(each):
            if not example.made_up and number not in example.spans:
                continue
            start, end = example.spans.get(number, (0, 0))
            rows.append(row)
            columns.append(place)
            starts.append(start)
            ends.append(end)
    if not rows:
        return first.sum() * 0
    return (cross_entropy(first[rows, columns], torch.tensor(starts))
            + cross_entropy(last[rows, columns], torch.tensor(ends)))


def _tags(tags: Tensor, given: Batch) -> Tensor:
    """Of which pieces call for which type."""
    wanted = torch.zeros_like(tags)
    known = torch.zeros(tags.shape[:2])
    for row, example in enumerate(given.examples):
        if example.made_up:
            known[row] = given.mask[row]
            for number, pieces in example.tags.items():
                wanted[row, list(pieces), number] = 1
    each = binary_cross_entropy_with_logits(tags, wanted, reduction="none").sum(-1) * known
    return each.sum() / known.sum().clamp(min=1)
