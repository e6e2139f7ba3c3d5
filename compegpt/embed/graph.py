"""The encoder's layers as a graph for onnxruntime, with weights of eight bits, made from the float weights at load.

Weights are scaled per output, activations per token between their least and greatest value, so that neither the
outlying [CLS] token nor the texts beside it cost the others precision. Rounding between the extremes, not around
zero, matters: around zero all tokens round a constant channel the same way, and the mean over tokens keeps the error
(measured on attention values: four times the deviation). Method: Jacob et al. 2018, arXiv:1712.05877.

The kernels multiply unsigned by signed bytes. A processor without such an instruction (VNNI) adds two products in 16
bits, where the largest overflow: there the same graph runs on float weights, which is twice as fast as numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compegpt.embed.forward import Array, Weights, layers
from compegpt.embed.onnx import Graph

WIDTH = 384
_PROJECTIONS = ("query", "key", "value")


def loaded(weights: Weights, heads: int, *, mean: bool = True) -> Callable[[Array], Array] | None:
    """The mean over tokens of the last layer's output, shape (384,), from what enters the first, (tokens, 384).

    With `mean` off, the output of all tokens, of the shape of what enters.

    None where onnxruntime is not installed or does not have the operators.
    """
    try:
        from onnxruntime.capi import onnxruntime_pybind11_state as refusals
    except ImportError:
        return None
    try:
        return runner(model(weights, heads, eight_bits=multiplies_bytes_exactly(), mean=mean))
    except (refusals.NotImplemented, refusals.InvalidGraph, refusals.InvalidArgument, refusals.Fail,
            refusals.RuntimeException):
        return None


def runner(content: bytes) -> Callable[[Array], Array]:
    """Runs a model of one input, on one thread and with no arena: memory does not grow with the texts seen."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(hidden: Array) -> Array:
        return np.asarray(session.run(None, {name: hidden})[0], dtype=np.float32)

    return run


def multiplies_bytes_exactly() -> bool:
    """Whether this machine's product of bytes holds the largest values there are."""
    graph = Graph()
    largest = np.full((WIDTH, WIDTH), 127, dtype=np.int8)
    unit = graph.constant("unit", np.ones(16, dtype=np.float32))
    levels = graph.apply("QuantizeLinear", "given", unit, axis=0)
    product = graph.apply("MatMulIntegerToFloat", levels, graph.constant("largest", largest), _number(graph, "one", 1),
                          graph.constant("ones", np.ones(WIDTH, dtype=np.float32)))
    given = np.full((16, WIDTH), 255, dtype=np.float32)
    return bool((runner(graph.model("given", product, (16, WIDTH)))(given) == 255 * 127 * WIDTH).all())


def model(weights: Weights, heads: int, *, eight_bits: bool, mean: bool = True) -> bytes:
    """The ONNX file of all layers and, if wanted, the mean over tokens."""
    graph = Graph()
    product = _in_eight_bits if eight_bits else _in_floats
    hidden = "hidden"
    for layer in layers(weights):
        hidden = _layer(graph, hidden, weights, layer, heads, product)
    last = graph.apply("ReduceMean", hidden, _axis(graph, 0), keepdims=0) if mean else hidden
    return graph.model("hidden", last, ("tokens", WIDTH))


Product = Callable[[Graph, str, Weights, list[str]], list[str]]
"""The values of several linear maps of one value; maps by their names in the checkpoint."""


def _layer(graph: Graph, hidden: str, weights: Weights, name: str, heads: int, product: Product) -> str:
    parts = product(graph, hidden, weights, [f"{name}.attention.self.{part}" for part in _PROJECTIONS])
    batch = [graph.apply("Unsqueeze", part, _axis(graph, 0)) for part in parts]
    mixed = graph.apply("Squeeze", graph.apply("MultiHeadAttention", *batch, num_heads=heads), _axis(graph, 0))
    [attended] = product(graph, mixed, weights, [f"{name}.attention.output.dense"])
    hidden = _norm(graph, graph.apply("Add", attended, hidden), weights, f"{name}.attention.output.LayerNorm")
    [inner] = product(graph, hidden, weights, [f"{name}.intermediate.dense"])
    [outer] = product(graph, graph.apply("Gelu", inner), weights, [f"{name}.output.dense"])
    return _norm(graph, graph.apply("Add", outer, hidden), weights, f"{name}.output.LayerNorm")


def _norm(graph: Graph, value: str, weights: Weights, name: str) -> str:
    scale, bias = (graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.apply("LayerNormalization", value, scale, bias, axis=-1, epsilon=1e-12)


def _in_floats(graph: Graph, value: str, weights: Weights, names: list[str]) -> list[str]:
    return [graph.apply("Gemm", value, graph.constant(f"{name}.weight", weights[f"{name}.weight"]),
                        graph.constant(f"{name}.bias", weights[f"{name}.bias"]), transB=1) for name in names]


def _in_eight_bits(graph: Graph, value: str, weights: Weights, names: list[str]) -> list[str]:
    """x = least + step * levels per token, so x W = step * (levels W) + least * (sums of W's columns)."""
    least = graph.apply("ReduceMin", value, _axis(graph, -1), keepdims=1)
    spread = graph.apply("Sub", graph.apply("ReduceMax", value, _axis(graph, -1), keepdims=1), least)
    spread = graph.apply("Max", spread, _number(graph, "tiny", 1e-6))
    step = graph.apply("Mul", spread, _number(graph, "level", 1 / 255))
    steps = graph.apply("Reshape", step, graph.constant("flat", np.array([-1], dtype=np.int64)))
    levels = graph.apply("QuantizeLinear", graph.apply("Sub", value, least), steps, axis=0)
    ones = graph.apply("Div", step, step)
    offset = graph.apply("Concat", least, ones, axis=1)
    return [_product(graph, levels, step, offset, weights, name) for name in names]


def _product(graph: Graph, levels: str, step: str, offset: str, weights: Weights, name: str) -> str:
    quantized, scale = eight_bits_of(weights[f"{name}.weight"].T)
    sums = quantized.sum(axis=0, dtype=np.int32).astype(np.float32) * scale
    product = graph.apply("MatMulIntegerToFloat", levels, graph.constant(f"{name}.weight", quantized),
                          _number(graph, "one", 1), graph.constant(f"{name}.scale", scale))
    constants = graph.constant(f"{name}.offset", np.stack([sums, weights[f"{name}.bias"]]))
    return graph.apply("Gemm", offset, constants, graph.apply("Mul", product, step))


def eight_bits_of(matrix: Array) -> tuple[NDArray[np.int8], Array]:
    """A matrix as bytes in -127..127 and the scale of each column: matrix is about bytes * scale."""
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / 127
    return np.rint(matrix / scale).astype(np.int8), np.asarray(scale, dtype=np.float32)


def _axis(graph: Graph, axis: int) -> str:
    return graph.constant(f"axis{axis}", np.array([axis], dtype=np.int64))


def _number(graph: Graph, name: str, value: Any) -> str:
    return graph.constant(name, np.array(value, dtype=np.float32))
