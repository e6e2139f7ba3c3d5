from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from compegpt.embed.graph import runner
from compegpt.embed.onnx import Graph

GIVEN = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.mark.parametrize(("operator", "constant", "attributes", "wanted"), [
    ("Add", np.array([1, 2], dtype=np.float32), {}, GIVEN + np.array([1, 2])),
    ("ReduceSum", np.array([-1], dtype=np.int64), {"keepdims": 0}, GIVEN.sum(axis=1)),
    ("Gemm", np.eye(2, dtype=np.float32), {"alpha": 0.5, "transB": 1}, GIVEN / 2),
    ("Mul", np.array(3, dtype=np.float32), {}, GIVEN * 3),
], ids=["float tensor", "negative integer tensor", "float and integer attribute", "scalar"])
def test_onnxruntime_reads_what_is_written(operator: str, constant: np.ndarray, attributes: dict[str, float],
                                           wanted: np.ndarray) -> None:
    graph = Graph()
    output = graph.apply(operator, "given", graph.constant("constant", constant), **attributes)
    assert runner(graph.model("given", output, ("rows", 2)))(GIVEN) == pytest.approx(wanted)


def test_a_negative_attribute_survives() -> None:
    graph = Graph()
    output = graph.apply("Softmax", "given", axis=-1)
    assert runner(graph.model("given", output, ("rows", 2)))(GIVEN).sum(axis=1) == pytest.approx(1)


def test_a_length_that_is_named_may_vary_and_one_that_is_fixed_may_not() -> None:
    graph = Graph()
    run = runner(graph.model("given", graph.apply("Abs", "given"), ("rows", 2)))
    assert run(np.zeros((7, 2), dtype=np.float32)).shape == (7, 2)
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument):
        run(np.zeros((7, 3), dtype=np.float32))


def test_a_constant_is_stored_once() -> None:
    value = np.zeros(1000, dtype=np.float32)
    once, twice = Graph(), Graph()
    once.constant("zeros", value)
    twice.constant("zeros", value)
    twice.constant("zeros", value)
    sizes = [len(graph.model("given", "given", (1000,))) for graph in (once, twice)]
    assert sizes[0] == sizes[1] > 4000
