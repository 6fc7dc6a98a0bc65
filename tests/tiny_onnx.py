"""A tiny ONNX file, written by hand: the mean of `input_features`, through a sigmoid. No package writes it.

The numbers are the field numbers of onnx.proto3.
"""

from pathlib import Path

FLOAT = 1


def turn_model(path: Path, frames: int = 800, name: str = "input_features") -> Path:
    """A model of the signature of Smart Turn v3: louder is more complete."""
    mean = _part(1, name) + _part(2, "mean") + _part(4, "ReduceMean")
    axes = _part(1, "axes") + b"".join(_number(8, axis) for axis in (1, 2)) + _number(20, 7)
    keep = _part(1, "keepdims") + _number(3, 0) + _number(20, 2)
    mean += _part(5, axes) + _part(5, keep)
    sigmoid = _part(1, "mean") + _part(2, "logits") + _part(4, "Sigmoid")
    graph = _part(1, mean) + _part(1, sigmoid) + _part(2, "turn")
    graph += _part(11, _tensor(name, 1, 80, frames)) + _part(12, _tensor("logits", 1))
    path.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, _number(2, 13)))
    return path


def _tensor(name: str, *shape: int) -> bytes:
    dimensions = b"".join(_part(1, _number(1, size)) for size in shape)
    return _part(1, name) + _part(2, _part(1, _number(1, FLOAT) + _part(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
