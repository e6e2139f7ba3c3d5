from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compegpt.embed import graph, shared_encoder
from compegpt.embed.forward import Array, embedded, layers, pooled
from compegpt.embed.graph import WIDTH, eight_bits_of, loaded, model, multiplies_bytes_exactly, runner

HEADS = 12
RANDOM = np.random.default_rng(4)
Weights = dict[str, Array]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return dict(shared_encoder()._weights)


def cosine(one: Array, other: Array) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("tokens", [2, 65, 130, 256])
def test_a_graph_of_floats_equals_the_forward_pass(weights: Weights, tokens: int) -> None:
    hidden = embedded(RANDOM.integers(1000, 30000, tokens).tolist(), weights)
    run = runner(model(weights, HEADS, eight_bits=False))
    assert np.abs(run(hidden) - pooled(hidden, weights, HEADS)).max() < 2e-5


@pytest.mark.parametrize("tokens", [65, 130, 256])
def test_a_graph_of_bytes_is_near_the_forward_pass(weights: Weights, tokens: int) -> None:
    if not multiplies_bytes_exactly():
        pytest.skip("this machine runs the graph of floats")
    hidden = embedded(RANDOM.integers(1000, 30000, tokens).tolist(), weights)
    run = runner(model(weights, HEADS, eight_bits=True))
    assert cosine(run(hidden), pooled(hidden, weights, HEADS)) > 0.995


@pytest.mark.parametrize("exactly", [True, False])
def test_bytes_are_used_where_their_products_are_exact(monkeypatch: pytest.MonkeyPatch, weights: Weights,
                                                       exactly: bool) -> None:
    asked: list[bool] = []

    def remembered(weights: Weights, heads: int, *, eight_bits: bool, mean: bool) -> bytes:
        asked.append(eight_bits)
        return model(weights, heads, eight_bits=eight_bits, mean=mean)

    monkeypatch.setattr(graph, "multiplies_bytes_exactly", lambda: exactly)
    monkeypatch.setattr(graph, "model", remembered)
    assert loaded(weights, HEADS) is not None
    assert asked == [exactly]


def test_a_graph_that_onnxruntime_refuses_is_none(monkeypatch: pytest.MonkeyPatch, weights: Weights) -> None:
    def foreign(*_: object, **__: object) -> bytes:
        made = graph.Graph()
        return made.model("hidden", made.apply("NoSuchOperator", "hidden"), ("tokens", WIDTH))

    monkeypatch.setattr(graph, "model", foreign)
    assert loaded(weights, HEADS) is None


def test_overflowing_products_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def saturating(content: bytes) -> Callable[[Array], Array]:
        return lambda given: np.full((len(given), WIDTH), 32767.0 * WIDTH / 2, dtype=np.float32)

    monkeypatch.setattr(graph, "runner", saturating)
    assert not multiplies_bytes_exactly()


def test_bytes_hold_each_column_to_half_a_step() -> None:
    matrix = (RANDOM.normal(size=(64, 8)) * 10.0 ** np.arange(-4, 4)).astype(np.float32)
    matrix[:, 3] = 0
    quantized, scale = eight_bits_of(matrix)
    assert quantized.dtype == np.int8
    assert (np.abs(quantized * scale - matrix) <= 0.5001 * scale).all()


def test_all_layers_of_the_checkpoint_are_in_order(weights: Weights) -> None:
    assert layers(weights) == [f"encoder.layer.{number}" for number in range(6)]


def test_memory_does_not_grow_with_the_texts_seen(weights: Weights) -> None:
    import psutil

    run = runner(model(weights, HEADS, eight_bits=multiplies_bytes_exactly()))
    hidden = [RANDOM.normal(size=(tokens, WIDTH)).astype(np.float32) for tokens in (65, 256, 128, 200)]
    for one in hidden * 3:
        run(one)
    before = psutil.Process().memory_info().rss
    for one in hidden * 15:
        run(one)
    assert psutil.Process().memory_info().rss - before < 8e6
