"""The few messages of an ONNX file that a graph of weights needs, written out by hand.

Writing them takes these lines; the `onnx` package would take 0.3 s to import, as long as everything else here together.
Field numbers: onnx.proto3, github.com/onnx/onnx (Apache-2.0). Wire format: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Attribute = int | float
OPSET = 20
CONTRIB = "com.microsoft"
"""Operators of onnxruntime itself; every build of it has them."""
_CONTRIBUTED = frozenset({"MultiHeadAttention", "MatMulIntegerToFloat"})
_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}
_IR_VERSION = 9


class Graph:
    """A graph in the making: values go by name, operators in the order they are applied."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._values = 0

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """The name, of a tensor that is stored once."""
        if name not in self._constants:
            self._constants[name] = _field(5, _tensor(name, value))
        return name

    def apply(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Name of the operator's (first) output."""
        self._values += 1
        output = f"value{self._values}"
        domain = _field(7, CONTRIB) if operator in _CONTRIBUTED else b""
        self._nodes.append(_field(1, b"".join(_field(1, name) for name in inputs) + _field(2, output)
                                  + _field(4, operator)
                                  + b"".join(_field(5, _attribute(*item)) for item in attributes.items()) + domain))
        return output

    def model(self, given: str, wanted: str, shape: Sequence[int | str]) -> bytes:
        """The file: one float input of a shape (a str for a length that varies), one float output of any shape."""
        graph = (b"".join(self._nodes) + _field(2, "graph") + b"".join(self._constants.values())
                 + _field(11, _value(given, shape)) + _field(12, _value(wanted, None)))
        opsets = [_field(8, _field(1, domain) + _field(2, version)) for domain, version in (("", OPSET), (CONTRIB, 1))]
        return _field(1, _IR_VERSION) + _field(7, graph) + b"".join(opsets)


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers as two's complement of 64 bits
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes((*parts, number))


def _field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _tensor(name: str, value: NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<")).tobytes()
    return (b"".join(_field(1, length) for length in value.shape) + _field(2, _TYPES[value.dtype.name])
            + _field(8, name) + _field(9, little))


def _attribute(name: str, value: Attribute) -> bytes:
    kind, where = (1, 2) if isinstance(value, float) else (2, 3)
    return _field(1, name) + _field(where, value) + _field(20, kind)


def _value(name: str, shape: Sequence[int | str] | None) -> bytes:
    lengths = b"".join(_field(1, _field(1 if isinstance(length, int) else 2, length)) for length in shape or ())
    kind = _field(1, 1) + (_field(2, lengths) if shape is not None else b"")
    return _field(1, name) + _field(2, _field(1, kind))
