"""The network in torch and the one that ships give the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from compegpt.embed import shared_encoder  # noqa: E402
from compegpt.plan.marking import KINDS  # noqa: E402
from compegpt.plan.network import Network  # noqa: E402
from compegpt.plan.train import fitting, known, losses, measuring  # noqa: E402
from compegpt.plan.train.export import written  # noqa: E402


def test_numpy_agrees_with_torch(tmp_path: Path) -> None:
    net = fitting.fresh(shared_encoder())
    with torch.no_grad():
        net.markers.normal_(std=0.05)
    net.eval()
    path = tmp_path / "weights.safetensors"
    written(net, path, {**measuring.THRESHOLDS, "confidence": {"bias": 0.0, "weights": []}})
    network = Network(path)
    row = next(each for each in known.known([]) if len(each.gold.nodes) > 1 and each.allowed)
    example = known.example(row, shared_encoder().tokenizer)
    given = losses.batch([example])
    types = sorted(example.counts)
    with torch.no_grad():
        read = net.read(given.ids, given.mask)
        arcs = net.arcs(read, torch.tensor([types]), torch.tensor([example.sources]),
                        torch.tensor([[KINDS.index(kind) for kind in example.kinds]]))
        first, _ = net.spans(read, torch.tensor([types]), given.mask)
    reading = network.read(example.ids)
    assert np.abs(read.present[0].numpy() - reading.present).max() < 0.05
    assert np.abs(arcs[0].numpy() - network.arcs(reading, types, example.sources, example.kinds)).max() < 0.05
    assert np.abs(first[0, 0].numpy() - network.spans(reading, types[0])[0]).max() < 0.2


def test_a_step_of_training_lowers_the_loss() -> None:
    rows = [known.example(row, shared_encoder().tokenizer) for row in known.known([])[:24]]
    net = fitting.fresh(shared_encoder())
    before = losses.loss(net, losses.batch(rows))[0].item()
    fitting.fit(net, [rows] * 6, lambda text: None, rate=1e-4)
    assert losses.loss(net, losses.batch(rows))[0].item() < before
