"""The planner's network: its card, its checksum, what it gives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from compegpt.errors import InternalError
from compegpt.plan.network import WEIGHTS, Network, shared_network
from compegpt.tasks import TASKS

IDS = [101, 4009, 2033, 1037, 8351, 102]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(WEIGHTS.with_suffix(suffix), tmp_path / f"weights{suffix}")
    return tmp_path / "weights.safetensors"


def test_the_weights_that_ship_are_for_the_task_types_there_are() -> None:
    assert set(shared_network().types) == set(TASKS), "run python -m compegpt.plan.train"
    assert WEIGHTS.stat().st_size < 25e6


def test_damaged_weights_are_refused(copied: Path) -> None:
    content = bytearray(copied.read_bytes())
    content[-1] ^= 1
    copied.write_bytes(bytes(content))
    with pytest.raises(InternalError, match="checksum"):
        Network(copied).read(IDS)


def test_weights_of_another_format_are_refused(copied: Path) -> None:
    card = copied.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), "format": 99}))
    with pytest.raises(InternalError, match="format 99"):
        Network(copied).read(IDS)


def test_shapes_and_the_same_answer_twice() -> None:
    network = shared_network()
    reading, again = network.read(IDS), network.read(IDS)
    count = len(network.types)
    assert (reading.pieces.shape, reading.tags.shape) == ((len(IDS), 384), (len(IDS), count))
    assert (reading.present.shape, reading.more.shape, reading.places.shape) == ((count,), (count, 2), (count,))
    assert network.arcs(reading, [1, 2, 3], [4], ["image"]).shape == (3, 4)
    assert np.array_equal(reading.present, again.present)


def test_no_torch_is_loaded() -> None:
    import subprocess
    import sys

    code = ("import sys; from compegpt.plan.embedded import EmbeddedPlanner; "
            "EmbeddedPlanner().planned({'text': 'draw a cow', 'files': [], 'thread': ''}, []); "
            "sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
