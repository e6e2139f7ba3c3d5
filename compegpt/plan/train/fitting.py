"""Trains the network on examples, and asks it for its opinion of requests whose plans are not known."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from compegpt.embed import MiniLM
from compegpt.embed.forward import Array
from compegpt.plan.train.losses import Batch, batch, folded, loss
from compegpt.plan.train.net import MARKED, Net
from compegpt.plan.train.targets import Example

Tell = Callable[[str], None]
_HEADS_FASTER = 12
"""How much faster the heads learn than the encoder, which knows English already."""


def fresh(encoder: MiniLM) -> Net:
    """A network over the text encoder's own weights, with new heads; word vectors stay as they are."""
    from transformers import BertModel

    torch.manual_seed(0)
    bert = BertModel.from_pretrained(str(encoder.folder), add_pooling_layer=False, attn_implementation="eager",
                                     hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    for parameter in bert.embeddings.parameters():
        parameter.requires_grad_(False)
    return Net(bert)


def batches(examples: Sequence[Example], pieces: int, rng: random.Random) -> list[list[Example]]:
    """Batches of up to so many pieces, of requests of like length, in random order."""
    ordered = sorted(examples, key=lambda example: len(example.ids) + rng.random() * 8)
    made: list[list[Example]] = [[]]
    for example in ordered:
        if made[-1] and (len(made[-1]) + 1) * len(example.ids) > pieces:
            made.append([])
        made[-1].append(example)
    rng.shuffle(made)
    return made


def fit(net: Net, epochs: Sequence[Sequence[Example]], tell: Tell, *, rate: float = 6e-5, seed: int = 1,
        pieces: int = 1536) -> None:
    """Train on each list of examples in turn; the rate rises for a twentieth of the steps, then falls to nought."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    work = [batches(examples, pieces, rng) for examples in epochs]
    steps = sum(map(len, work))
    slow = [parameter for parameter in net.encoder.parameters() if parameter.requires_grad]
    fast = [parameter for name, parameter in net.named_parameters() if not name.startswith("encoder.")]
    optimizer = torch.optim.AdamW([{"params": slow, "lr": rate}, {"params": fast, "lr": rate * _HEADS_FASTER}],
                                  weight_decay=0.01)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * step / steps)))
    net.train()
    began, sums = time.perf_counter(), dict[str, list[float]]()
    for done, examples in enumerate((each for part in work for each in part), 1):
        total, parts = loss(net, blanked(batch(examples)))
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        for name, value in parts.items():
            sums.setdefault(name, []).append(value)
        if done % 200 == 0 or done == steps:
            means = ", ".join(f"{name} {np.mean(values[-200:]):.3f}" for name, values in sums.items())
            tell(f"step {done} of {steps}, {time.perf_counter() - began:.0f} s: {means}")
    net.eval()


def blanked(given: Batch) -> Batch:
    """The batch with every eighth word piece of half the requests replaced by [MASK]: no word may be indispensable."""
    some = (torch.rand(len(given.ids), 1) < 0.5) & (torch.rand(given.ids.shape) < 0.12)
    words = (given.ids >= MARKED) & (given.ids != 101) & (given.ids != 102)
    return replace(given, ids=torch.where(some & words, 103, given.ids))


@torch.no_grad()
def opinions(net: Net, examples: Sequence[Example]) -> list[Array]:
    """The probability of each type for each example, as `losses.folded` counts them."""
    net.eval()
    found: list[Array] = [np.zeros(0, dtype=np.float32)] * len(examples)
    order = sorted(range(len(examples)), key=lambda place: len(examples[place].ids))
    for start in range(0, len(order), 48):
        places = order[start : start + 48]
        given = batch([examples[place] for place in places])
        read = net.read(given.ids, given.mask)
        for place, odds in zip(places, torch.sigmoid(folded(read.present.float())), strict=True):
            found[place] = odds.numpy()
    return found
