"""Silero VAD's model put together anew from the weights in its file, for windows of many streams in one run.

Decides the shape of the computation, nothing of what it computes: the file's own graph multiplies the four frames of
each window alone, and hears one stream; this one multiplies those of all windows together, at a third of the price
(docs/HEARING.md). What a window comes to does not depend on what else is in the run.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from server.adapters.onnx_proto import FLOAT, INT, INT32, INT64, Model

FRAMES: Final = 4
"""In a window, of twice HOP samples each."""
HOP: Final = 128
WIDTH: Final = 128
_IR_VERSION: Final = 8
_OPSET: Final = 18
_STRIDES: Final = (1, 2, 2, 1)
"""Of the encoder's convolutions."""
_KINDS: Final = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}
_INPUTS: Final = {"frames": FLOAT, "order": INT64, "lengths": INT32, "h": FLOAT, "c": FLOAT}
"""`frames`: (windows x FRAMES, 2 x HOP). `order`: (steps, streams), which window a stream hears at which step, of which
it hears `lengths`. `h`, `c`: (1, streams, WIDTH), what streams remember."""
_OUTPUTS: Final = ("probabilities", "h_after", "c_after")
"""(steps, 1, streams, 1), and what streams remember then."""

Floats = NDArray[np.float32]
_Node = tuple[str, str, str, dict[str, int]]
"""Its operation, what it takes and gives (names parted by spaces), its settings."""


def for_many(file: bytes) -> bytes:
    """The model in `file` as one that hears many streams. KeyError if it is another one."""
    made = Model(ir_version=_IR_VERSION)
    made.opset_import.add(version=_OPSET)
    graph = made.graph
    graph.name = "for many streams"
    for operation, takes, gives, settings in _nodes():
        node = graph.node.add(op_type=operation, input=takes.split(), output=gives.split())
        for setting, number in settings.items():
            node.attribute.add(name=setting, i=number, type=INT)
    for name, numbers in _constants(file).items():
        kind, raw = _KINDS[numbers.dtype], np.ascontiguousarray(numbers).tobytes()
        graph.initializer.add(name=name, dims=numbers.shape, data_type=kind, raw_data=raw)
    for name, kind in _INPUTS.items():
        graph.input.add(name=name).type.tensor.element = kind
    for name in _OUTPUTS:
        graph.output.add(name=name).type.tensor.element = FLOAT
    model: bytes = made.SerializeToString()
    return model


def _nodes() -> Iterator[_Node]:
    yield "MatMul", "frames waves", "parts", {}
    yield "Mul", "parts parts", "squares", {}
    yield "Split", "squares", "real imaginary", {"axis": 1, "num_outputs": 2}
    yield "Add", "real imaginary", "power", {}
    yield "Sqrt", "power", "loudness", {}
    yield "Reshape", "loudness window", "x0", {}
    for number in range(len(_STRIDES)):
        yield "Gemm", f"x{number} weight{number} bias{number}", f"y{number}", {}
        yield "Relu", f"y{number}", f"x{number + 1}", {}
    yield "Gather", f"x{len(_STRIDES)} order", "steps", {}
    yield "LSTM", "steps W R B lengths h c", "heard h_after c_after", {"hidden_size": WIDTH}
    yield "Relu", "heard", "voice", {}
    yield "MatMul", "voice weight", "sum", {}
    yield "Add", "sum bias", "logit", {}
    yield "Sigmoid", "logit", "probabilities", {}


def _constants(file: bytes) -> dict[str, NDArray[Any]]:
    known = {
        weights.name: np.frombuffer(weights.raw_data, np.float32).reshape(weights.dims)
        for weights in Model.FromString(file).graph.initializer
        if weights.data_type == FLOAT
    }
    found: dict[str, NDArray[Any]] = {
        "waves": known["encoder.feature_extractor.forward_basis_buffer"][:, 0].T,
        "window": np.array([-1, FRAMES * (HOP + 1)], np.int64),
        "W": known["onnx::LSTM_209"],
        "R": known["onnx::LSTM_210"],
        "B": known["onnx::LSTM_211"],
        "weight": known["decoder.conv1d.weight"][0],
        "bias": known["decoder.conv1d.bias"],
    }
    columns = FRAMES
    for number, stride in enumerate(_STRIDES):
        weight, bias = (known[f"encoder.conv_layers.{number}.{part}"] for part in ("weight", "bias"))
        found[f"weight{number}"] = _as_matrix(weight, columns, stride)
        columns = -(-columns // stride)
        found[f"bias{number}"] = np.tile(bias, columns)
    return found


def _as_matrix(weight: Floats, columns: int, stride: int) -> Floats:
    """A convolution over three of so many columns, with one of zeros at each end, as one matrix: (columns x channels
    in, columns x channels out)."""
    out, into, _ = weight.shape
    matrix = np.zeros((columns, into, -(-columns // stride), out), np.float32)
    for at in range(0, columns, stride):
        for tap in range(3):
            if 0 <= at + tap - 1 < columns:
                matrix[at + tap - 1, :, at // stride] = weight[:, :, tap].T
    return matrix.reshape(columns * into, -1)
